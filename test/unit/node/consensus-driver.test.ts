import * as assert from 'uvu/assert'
import type { Message } from '../../../src/consensus/types.js'
import { SELF, settled, smallDriver } from '../../support/small-driver.js'
import { suite } from '../../support/suite.js'

const test = suite('what of a height under way is served')

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

/** A driver that takes part, with its log and its sign guard on such a disk. */
function driverOnPendingDisk() {
  const log = pendingDisk()
  const guard = pendingDisk()
  const { driver, sent, guarded, logged, timers } = smallDriver({ writeLog: log.write, writeGuard: guard.write })
  const served = (): readonly Message[] => driver.messages()
  return { driver, log, guard, sent, guarded, served, timers, reach: () => logged.length }
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
