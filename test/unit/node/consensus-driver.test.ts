import * as assert from 'uvu/assert'
import type { Message } from '../../../src/consensus/types.js'
import type { Chain } from '../../../src/node/chain.js'
import { createConsensusDriver } from '../../../src/node/consensus-driver.js'
import type { ConsensusDriverDependencies } from '../../../src/node/consensus-driver-types.js'
import { EVERYTHING } from '../../../src/node/disputes.js'
import { createMempool } from '../../../src/node/mempool.js'
import type { LogStretch } from '../../../src/node/store/write-ahead-log.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('what of a height under way is served')

const SELF = 'p1'
const small = smallChain([SELF, 'p2', 'p3', 'p4'])

/** As much of a chain as a height without a block looks at. */
const chain = {
  scope: small.scope,
  limits: small.genesis.genesis.limits,
  rulebook: small.rulebook(),
  versionMax: 3,
  tip: small.tip,
  store: { state: small.state, readBatch: () => undefined, hasBatch: () => false }
} as unknown as Chain

/** A disk of which each write ends when the test says so. */
function pendingDisk() {
  const waiting: (() => void)[] = []
  return {
    write: () => new Promise<void>((resolve) => waiting.push(resolve)),
    writes: () => waiting.length,
    /** Ends the oldest write, and lets whatever waited for it go on. */
    async done(): Promise<void> {
      const end = waiting.shift()
      assert.ok(end !== undefined, 'a write is under way')
      end()
      await settled()
    }
  }
}

/** Whatever is about to happen without the disk has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A driver that takes part, with its log and its sign guard on such a disk. */
function driverOnPendingDisk() {
  const log = pendingDisk()
  const guard = pendingDisk()
  const sent: Message[] = []
  const guarded: LogStretch[] = []
  const timers: { readonly ms: number; readonly work: () => void }[] = []
  let owes = false
  let reach = 0
  const wal = {
    append: () => void reach++,
    async sync(): Promise<LogStretch> {
      const to = reach
      await log.write()
      return { from: 0, to }
    },
    get stretch() {
      return { from: 0, to: reach }
    },
    committed: async () => {},
    close: async () => {}
  }
  const driver = createConsensusDriver({ self: SELF }, {
    chain,
    mempool: createMempool(),
    wal,
    signer: {
      maySign: () => true,
      remembers: () => true,
      firstRound: () => 0,
      sign() {
        owes = true
        return 'ab'.repeat(64)
      },
      guardAgain() {},
      owes: () => owes,
      async sync(stretch: LogStretch) {
        owes = false
        guarded.push(stretch)
        await guard.write()
      }
    },
    disputes: { offers: () => [EVERYTHING], admits: () => true },
    now: () => small.tip.time + 1_000,
    proposeIn: () => 0,
    isGone: () => false,
    timers: { set: (ms, work) => ({ timer: timers.push({ ms, work }) }), clear() {} },
    publish: (message) => sent.push(message),
    fetch() {},
    onTimed() {},
    onEvidence() {},
    onCommitted() {},
    fail(error) {
      throw error
    }
  } satisfies ConsensusDriverDependencies)
  const served = (): readonly Message[] => driver.messages()
  return { driver, log, guard, sent, guarded, served, timers, reach: () => reach }
}

test('an own vote, only once log and sign guard have it on the disk', async () => {
  const { driver, log, guard, sent, guarded, served, timers, reach } = driverOnPendingDisk()
  driver.start([])
  driver.feed({ type: 'work-available', height: 1 })
  await settled()
  timers.find(({ ms }) => ms === 50)?.work()
  await settled()
  await log.done()
  await guard.done()
  assert.is(driver.state.step, 'propose', 'what it stands on is durable')
  driver.feed({ type: 'timeout', kind: 'propose', height: 1, round: 0 })
  await settled()
  const isSigned = (): boolean => [...driver.state.rounds.values()].some(({ prevotes }) => prevotes.votes.has(SELF))
  assert.ok(isSigned(), 'the vote is signed')
  assert.equal([sent, served()], [[], []], 'while the log is being synced')
  const appended = reach()
  await log.done()
  assert.equal([sent, served()], [[], []], 'while the sign guard is being synced')
  assert.equal(guarded.at(-1), { from: 0, to: appended }, 'the guard hears how far the log reaches')
  await guard.done()
  assert.is(sent.length, 1)
  assert.equal(served(), sent)
  await driver.stop()
})

test('what leads to nothing is made durable a little later, for partners who ask', async () => {
  const { driver, log, guard, guarded, timers, reach } = driverOnPendingDisk()
  driver.start([])
  driver.feed({ type: 'work-available', height: 1 })
  await settled()
  const due = timers.filter(({ ms }) => ms === 50)
  assert.is(due.length, 1)
  assert.is(log.writes(), 0)
  due[0]?.work()
  await settled()
  assert.is(log.writes(), 1)
  const appended = reach()
  await log.done()
  await guard.done()
  assert.equal(guarded, [{ from: 0, to: appended }])
  await driver.stop()
})

test.run()
