import * as assert from 'uvu/assert'
import type { CheckedRecord } from '../../../src/ledger/record.js'
import type { AppendOutcome } from '../../../src/node/ledger-node.js'
import { createOutcomeQueue } from '../../../src/node/outcome-queue.js'
import type { OwnBatch } from '../../../src/node/own-batches.js'
import type { Timers } from '../../../src/node/timers.js'
import { suite } from '../../support/suite.js'

const test = suite('outcomes of a pipe')

function undecided(sequence: number): OwnBatch {
  return { sequence, durable: Promise.resolve(), decided: new Promise(() => {}), decision: null }
}

const RECORD = { text: 'a record' } as CheckedRecord

function notWanted(): never {
  throw new Error('nothing was written before')
}

test('a record that execution found written before gets the outcome of that one, whatever else is refused its own', async () => {
  const written = { code: 'DUPLICATE', message: 'used before', details: { unique: 7, record: 'p1/0/4' } } as const
  const known = { code: 'DUPLICATE', message: 'this is known' } as const
  const broken = { code: 'RULE_BROKEN', message: 'lower', details: { record: { number: 7 } } } as const
  const decision = { height: 9, verdicts: [null, written, known, broken] }
  const batch: OwnBatch = { ...undecided(3), decided: Promise.resolve(decision), decision }
  const timers = { set: notWanted, clear: notWanted } as unknown as Timers
  const original = (line: number, record: CheckedRecord, first: string): AppendOutcome => {
    assert.is(record, RECORD)
    return { line, status: 'accepted', id: first, height: 2 }
  }
  const queue = createOutcomeQueue({ author: 'p1', timeoutMs: 5, timers, flush: notWanted, original })
  for (const index of [0, 1, 2, 3]) queue.push({ kind: 'waiting', line: index + 1, record: RECORD, batch, index })
  queue.end()
  const told: AppendOutcome[] = []
  for await (const outcome of queue.outcomes()) told.push(outcome)
  assert.equal(told, [
    { line: 1, status: 'accepted', id: 'p1/3/0', height: 9 },
    { line: 2, status: 'accepted', id: 'p1/0/4', height: 2 },
    { line: 3, status: 'refused', id: 'p1/3/2', height: 9, ...known },
    { line: 4, status: 'refused', id: 'p1/3/3', height: 9, ...broken }
  ])
})

test('the given timers say when no progress is too long, and only they', async () => {
  const set: { ms: number; work: () => void }[] = []
  const timers: Timers = {
    set(ms, work) {
      const timer = { ms, work }
      set.push(timer)
      return { timer }
    },
    clear: ({ timer }) => void set.splice(set.indexOf(timer as (typeof set)[number]), 1)
  }
  let flushed = 0
  const flush = (): void => void flushed++
  const queue = createOutcomeQueue({ author: 'p1', timeoutMs: 5, timers, flush, original: notWanted })
  queue.push({ kind: 'waiting', line: 1, record: RECORD, batch: undecided(3), index: 2 })
  queue.end()
  const outcomes = queue.outcomes()
  const first = outcomes.next()
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, 100, 'late'))
  assert.is(await Promise.race([first, late]), 'late')
  assert.equal(
    set.map(({ ms }) => ms),
    [5]
  )
  set[0]?.work()
  assert.equal((await first).value, { line: 1, status: 'pending', id: 'p1/3/2', code: 'NO_QUORUM' })
  assert.equal([set.length, flushed, queue.exhausted], [0, 1, true])
  assert.ok((await outcomes.next()).done)
})

test.run()
