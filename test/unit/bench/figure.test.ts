import * as assert from 'uvu/assert'
import { paceAfter } from '../../../scripts/bench/commit-gaps.js'
import { figure, medianOf, percentileOf, reachesGoal, significant } from '../../../scripts/bench/figure.js'
import { growthOf } from '../../../scripts/bench/memory-samples.js'
import { suite } from '../../support/suite.js'

const test = suite('figures of benchmarks')

const medians: [name: string, values: number[], median: number][] = [
  ['one', [3], 3],
  ['an odd number, in any order', [9, 1, 5], 5],
  ['an even number', [4, 1, 3, 2], 2.5],
  ['none', [], Number.NaN]
]

for (const [name, values, median] of medians) {
  test(`median of ${name}`, () => assert.equal(medianOf(values), median))
}

const percentiles: [name: string, values: number[], share: number, value: number][] = [
  ['the 99th of a hundred', Array.from({ length: 100 }, (_, i) => 100 - i), 0.99, 99],
  ['the 50th of two', [8, 2], 0.5, 2],
  ['the lowest', [8, 2], 0, 2],
  ['the highest', [8, 2], 1, 8],
  ['of one value any', [7], 0.99, 7]
]

for (const [name, values, share, value] of percentiles) {
  test(`percentile: ${name}`, () => assert.is(percentileOf(values, share), value))
}

test('a figure has median, range, count, what is asked for and the bare limit', () => {
  const goal = { must: 20, aim: 10 }
  assert.equal(figure('a', 'us', [12.34567, 10, 30], { goal, bare: [2, 4] }), {
    name: 'a',
    unit: 'us',
    median: 12.35,
    min: 10,
    max: 30,
    runs: 3,
    must: 20,
    aim: 10,
    bare: 3
  })
  assert.equal(figure('b', 's', [1]), { name: 'b', unit: 's', median: 1, min: 1, max: 1, runs: 1 })
  assert.throws(() => figure('c', 's', []), /c: no run/)
})

test('digits that say nothing are left out, whole numbers stay', () => {
  assert.equal([123_456.7, 1000.4, 12.3456, 0.012345, 0].map(significant), [123_457, 1000, 12.35, 0.01235, 0])
})

test('more is better of rates and ratios, less of all else', () => {
  const reaches = (unit: string, value: number) => reachesGoal(figure('a', unit, [value], { goal: { must: 10 } }))
  assert.equal([reaches('records/s', 9), reaches('records/s', 10), reaches('ratio', 9)], [false, true, false])
  assert.equal([reaches('ms', 9), reaches('ms', 10), reaches('MiB', 11)], [true, true, false])
  assert.is(reachesGoal(figure('a', 'ms', [1])), null)
})

test('memory that is flat does not grow, also when it rose at first', () => {
  const rising = Array.from({ length: 40 }, (_, i) => 100 + i)
  const flat = Array.from({ length: 40 }, (_, i) => (i < 10 ? 100 + i : 120))
  assert.is(growthOf(flat), 0)
  assert.is(growthOf(rising), 20)
  assert.is(growthOf([1, 2, 3]), 0)
})

test('the pace after an incident counts from the end of the longest gap', () => {
  const steady = Array.from({ length: 11 }, (_, i) => ({ seconds: i / 10, records: i * 100 }))
  const later = Array.from({ length: 11 }, (_, i) => ({ seconds: 4 + i / 10, records: 1100 + i * 50 }))
  const pace = paceAfter([...steady, ...later], 1.05)
  assert.equal(
    Object.values(pace).map((value) => Number(value.toFixed(3))),
    [1000, 500, 3, 0.1]
  )
})

test('the pace after an incident: a gap at the very end is told too', () => {
  const seconds = [0, 1, 2, 3, 4, 9]
  const pace = paceAfter(
    seconds.map((at) => ({ seconds: at, records: at * 10 })),
    1.5
  )
  assert.is(pace.longestGap, 5)
  assert.is(pace.nextGap, 1)
})

test('the pace after an incident cannot be told of too few commits', () => {
  assert.throws(() => paceAfter([{ seconds: 0, records: 0 }], 0), /too few/)
})

test.run()
