import * as assert from 'uvu/assert'
import type { CheckedBatch } from '../../../src/ledger/execution.js'
import { checkRecord } from '../../../src/ledger/record.js'
import {
  createOwnBatches,
  type Decision,
  type OwnBatchesDependencies,
  type OwnBatchesOptions
} from '../../../src/node/own-batches.js'
import { handTimers } from '../../support/hand-timers.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('own batches')

/** Own batches of a node whose disk is at once done; `sizes` tells how many records each has that was announced. */
function subject() {
  const time = handTimers()
  const sizes: number[] = []
  const { scope, genesis, rulebook, record } = smallChain(['p1', 'p2'])
  const own = createOwnBatches(
    { scope, limits: genesis.genesis.limits, author: 'p1', incarnation: () => 0, nextSequence: 0 },
    {
      store: { putBatches: async () => {}, readBatch: () => undefined },
      guard: () => ({ guardBatch: () => '', sync: async () => {} }),
      timers: time.timers,
      sign: () => 'ab'.repeat(64),
      announce: (batch) => sizes.push(batch.header.count),
      fail: (error) => {
        throw error
      }
    }
  )
  let written = 0
  const add = (count: number): void => {
    for (let left = count; left > 0; left--)
      own.add(checkRecord(rulebook().model, record('note', { text: `note ${written++}` }), 1024))
  }
  /** Milliseconds pass, and whatever was sealed is written. */
  const pass = async (ms: number): Promise<void> => {
    time.pass(ms)
    for (let step = 0; step < 3; step++) await new Promise((resolve) => setImmediate(resolve))
  }
  const decide = (sequence: number, height: number): void => {
    const decision: Decision = { height, verdicts: [] }
    assert.ok(own.decided(sequence, decision))
  }
  return { own, add, pass, decide, sizes, waiting: time.waiting }
}

test('a record alone is sealed at the end of the turn; what comes while it is in flight goes together', async () => {
  const { add, pass, decide, sizes } = subject()
  add(1)
  await pass(0)
  assert.equal(sizes, [1])
  add(2)
  await pass(0)
  add(1)
  await pass(1_000)
  assert.equal(sizes, [1], 'nothing is sealed while one is in flight')
  decide(0, 1)
  await pass(0)
  assert.equal(sizes, [1, 3])
})

test('as many as were answered together are waited for a moment, and sealed at once when they are there', async () => {
  const { add, pass, decide, sizes } = subject()
  add(4)
  await pass(0)
  decide(0, 1)
  add(1)
  await pass(0)
  await pass(10)
  assert.equal(sizes, [4], 'the others may come')
  add(3)
  await pass(0)
  assert.equal(sizes, [4, 4])
  decide(1, 2)
  add(2)
  await pass(0)
  await pass(19)
  assert.is(sizes.length, 2)
  await pass(1)
  assert.equal(sizes, [4, 4, 2], 'not longer than 20 ms')
})

test('a node that was idle waits for nobody', async () => {
  const { add, pass, decide, sizes, waiting } = subject()
  add(4)
  await pass(0)
  decide(0, 1)
  await pass(50)
  add(1)
  await pass(0)
  assert.equal(sizes, [4, 1])
  assert.is(waiting(), 0)
})

test('of several batches of one block all records are expected again, of two blocks those of the newer one', async () => {
  const { own, add, pass, decide, sizes } = subject()
  for (const count of [2, 3]) {
    add(count)
    own.flush()
  }
  await pass(0)
  decide(0, 1)
  decide(1, 1)
  add(4)
  await pass(0)
  assert.equal(sizes, [2, 3], 'a fifth is expected')
  add(1)
  await pass(0)
  assert.equal(sizes, [2, 3, 5])
  decide(2, 2)
  add(5)
  await pass(0)
  assert.equal(sizes, [2, 3, 5, 5])
})

test('nothing is left to run when the node stops', async () => {
  const { own, add, pass, decide, waiting } = subject()
  add(2)
  await pass(0)
  decide(0, 1)
  add(1)
  await pass(0)
  try {
    own.stop(new Error('stopping'))
  } catch {}
  assert.is(waiting(), 0)
})

/** Batches of a former run, over a guard whose syncs end when they are told to. */
function restoring() {
  const announced: string[] = []
  const failed: unknown[] = []
  let end = (): void => {}
  const own = createOwnBatches(
    { author: 'self', incarnation: () => 0, nextSequence: 1 } as unknown as OwnBatchesOptions,
    {
      store: { readBatch: (hash: string) => `text of ${hash}` },
      guard: () => ({
        sync: () =>
          new Promise<void>((done) => {
            end = done
          })
      }),
      announce: (_: CheckedBatch, text: string) => announced.push(text),
      fail: (error: unknown) => failed.push(error)
    } as unknown as OwnBatchesDependencies
  )
  const batch = { header: { author: 'self', sequence: 0 }, hash: 'b0', records: [] } as unknown as CheckedBatch
  return { own, batch, announced, failed, endSync: () => end() }
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

test('a batch that is signed again leaves once the guard is synced', async () => {
  const { own, batch, announced, endSync } = restoring()
  own.restore(batch, true)
  await turn()
  assert.equal(announced, [])
  endSync()
  await turn()
  assert.equal(announced, ['text of b0'])
})

test('one that has become void meanwhile does not leave', async () => {
  const { own, batch, announced, failed, endSync } = restoring()
  own.restore(batch, true).decided.catch(() => {})
  await turn()
  const quiet = own.abandon(new Error('void'))
  endSync()
  await quiet
  assert.equal([announced, failed], [[], []])
})

test('one that the guard knew is not announced again', async () => {
  const { own, batch, announced } = restoring()
  await own.restore(batch, false).durable
  await turn()
  assert.equal(announced, [])
})

test.run()
