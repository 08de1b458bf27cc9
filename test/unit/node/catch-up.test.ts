import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { type CatchUpDependencies, createCatchUp } from '../../../src/node/catch-up.js'
import type { PullResponse } from '../../../src/node/peers.js'
import { suite } from '../../support/suite.js'

const test = suite('catch-up')

type Answer = (signal: AbortSignal | undefined) => Promise<PullResponse>

/** A node without a block, whose partners answer a request for blocks as given. */
function nodeAmong(partners: Readonly<Record<string, Answer>>) {
  const asked: string[] = []
  const failures: unknown[] = []
  const clock = { nowMs: 0 }
  const tip = { height: 0 }
  const timers: { readonly ms: number; readonly work: () => void }[] = []
  const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet }
  const catchUp = createCatchUp({
    chain: { tip, rulebook: { version: 2 }, versionMax: 2 },
    mempool: {},
    timers: { set: (ms: number, work: () => void) => ({ timer: timers.push({ ms, work }) }), clear() {} },
    driver: { pause() {}, resume() {}, adopt: async () => {} },
    peers: {
      connected: () => Object.keys(partners),
      request(partner: string, _: unknown, { signal }: { readonly signal?: AbortSignal }) {
        asked.push(partner)
        return partners[partner]!(signal)
      }
    },
    now: () => clock.nowMs,
    log: quiet,
    onCertificate() {},
    onBatch() {},
    onChange() {},
    onForeignEpoch: async () => false,
    halted: false,
    fail: (error: unknown) => failures.push(error)
  } as unknown as CatchUpDependencies)
  return { catchUp, asked, failures, clock, tip, timers }
}

/** Says nothing until the asker gives up. */
const silent: Answer = (signal) =>
  new Promise((_, fail) => signal?.addEventListener('abort', () => fail(signal.reason as Error)))

const empty: Answer = async () => ({ type: 'blocks', blocks: [] })

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

for (const code of ['INVARIANT', 'STORE_DAMAGED', 'DISK_FULL', 'VERIFICATION_FAILED', 'LOG_DAMAGED'] as const) {
  test(`a partner that answers with ${code} stops nobody but itself`, async () => {
    const { catchUp, asked, failures } = nodeAmong({ liar: () => Promise.reject(new LedgerError(code, 'so it says')) })
    catchUp.heard('liar', 5)
    await turn()
    assert.equal(asked, ['liar'])
    assert.equal(failures, [])
    await catchUp.stop()
  })
}

test('a single block is fetched only when it was not decided here for a while, several at once', async () => {
  const { catchUp, asked, tip, timers } = nodeAmong({ p2: silent, p3: silent })
  catchUp.heard('p2', 1)
  catchUp.heard('p3', 1)
  await turn()
  assert.equal([asked, catchUp.behind], [[], true], 'it is behind, and may decide the block by itself')
  tip.height = 1
  timers.shift()?.work()
  assert.equal([asked, catchUp.behind], [[], false], 'it has')
  catchUp.heard('p2', 2)
  await turn()
  assert.equal(asked, [])
  assert.is(timers.length, 1, 'each height is awaited once')
  timers.shift()?.work()
  await turn()
  assert.equal(asked, ['p2'], 'it has not')
  await catchUp.stop()
  const far = nodeAmong({ p2: silent })
  far.catchUp.heard('p2', 2)
  await turn()
  assert.equal(far.asked, ['p2'])
  await far.catchUp.stop()
})

test('who claims to be ahead and says nothing does not hold up those who would answer', async () => {
  const { catchUp, asked, failures, clock } = nodeAmong({ boaster: silent, honest: empty })
  catchUp.heard('boaster', 100)
  await turn()
  catchUp.heard('honest', 3)
  await turn()
  assert.equal(asked, ['boaster'], 'it has a while to answer')
  clock.nowMs = 5_000
  catchUp.heard('honest', 3)
  await turn()
  assert.equal(asked, ['boaster', 'honest'])
  assert.equal(failures, [])
  await catchUp.stop()
})

test('nobody else could answer: the one who is ahead is waited for', async () => {
  const { catchUp, asked, clock } = nodeAmong({ slow: silent, other: empty })
  catchUp.heard('slow', 100)
  await turn()
  clock.nowMs = 60_000
  catchUp.heard('other', 0)
  catchUp.heard('slow', 100)
  await turn()
  assert.equal(asked, ['slow'])
  await catchUp.stop()
})

test('more is asked for while blocks are taken, and given up when they are wrong', async () => {
  const signals: (AbortSignal | undefined)[] = []
  const liar: Answer = async (signal) => {
    signals.push(signal)
    if (signals.length > 1) return await silent(signal)
    return { type: 'blocks', blocks: [{ header: 'no header', certificate: '', batches: [] }] }
  }
  const { catchUp, asked, failures } = nodeAmong({ liar, honest: empty })
  catchUp.heard('liar', 100)
  await turn()
  assert.equal(asked, ['liar', 'liar'])
  assert.is(signals[1]?.aborted, true)
  catchUp.heard('honest', 3)
  await turn()
  assert.equal(asked, ['liar', 'liar', 'honest'])
  assert.equal(failures, [])
  await catchUp.stop()
})

test.run()
