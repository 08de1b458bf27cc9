import * as assert from 'uvu/assert'
import { waitForProposal } from '../../../src/node/propose-wait.js'
import { handTimers } from '../../support/hand-timers.js'
import { suite } from '../../support/suite.js'

const test = suite('waiting for a proposal')

/** When a wait of 800 ms ends for a proposer who is gone from a moment on, and comes back at another. */
function endOf(gone: number, back = Number.POSITIVE_INFINITY): number | null {
  const { timers, pass } = handTimers()
  let [time, ended] = [0, null as number | null]
  waitForProposal(
    timers,
    800,
    () => time >= gone && time < back,
    () => {
      assert.is(ended, null, 'it ends once')
      ended = time
    }
  )
  while (time < 2_000) {
    time += 50
    pass(50)
  }
  return ended
}

test('it is waited to the end for who can be reached', () => {
  assert.is(endOf(Number.POSITIVE_INFINITY), 800)
})

test('it ends soon when the proposer is gone, from the beginning or later', () => {
  assert.is(endOf(0), 100)
  assert.is(endOf(250), 300)
})

test('who is back before anybody looks has not been away', () => {
  assert.is(endOf(110, 190), 800)
})

test.run()
