import * as assert from 'uvu/assert'
import { BENCHMARKS, describeBenchmarks } from '../../../scripts/bench/catalogue.js'
import { readCommandLine } from '../../../scripts/bench/command-line.js'
import { figure } from '../../../scripts/bench/figure.js'
import { GOALS } from '../../../scripts/bench/goals.js'
import { lineChart, ticksUpTo } from '../../../scripts/bench/line-chart.js'
import { figureLines, figureTable } from '../../../scripts/bench/print-figures.js'
import { readSources } from '../../support/source.js'
import { suite } from '../../support/suite.js'

const test = suite('what benchmarks are asked and print')

const result = {
  figures: [
    figure('streaming: rate', 'records/s', [2, 1, 4], { goal: { must: 3 }, bare: [8] }),
    figure('a: b', 'ms', [5])
  ],
  conditions: 'fsync on',
  verified: '4 of 4'
}
const machine = { node: 'v20', load: [1, 2] }

test('a line of JSON for each figure, with the machine', () => {
  const lines = figureLines('streaming', result, machine).trimEnd().split('\n')
  assert.equal(
    lines.map((line) => JSON.parse(line)),
    result.figures.map((one) => ({
      ...one,
      benchmark: 'streaming',
      machine,
      conditions: 'fsync on',
      verified: '4 of 4'
    }))
  )
})

test('what was left out is told in JSON too', () => {
  const text = figureLines('beside', { figures: [], conditions: '', skipped: 'not there' }, machine)
  assert.equal(JSON.parse(text), { benchmark: 'beside', skipped: 'not there', machine })
})

test('a table with the ratio to the bare limit, and whether the goal is reached', () => {
  const [title, , rate, other, ...below] = figureTable('streaming', result, machine).trimEnd().split('\n')
  assert.is(title, 'streaming')
  assert.match(rate!, /^ {2}streaming: rate {2}records\/s +2 +1 +4 +3 +3 +8 +0\.25 +MISSED$/)
  assert.match(other!, /^ {2}a: b +ms +5 +5 +5 +1$/)
  assert.equal(below, ['  conditions: fsync on', '  copies: 4 of 4', '  machine: node v20, load 1/2'])
})

test('the command line: names, arguments, numbers', () => {
  assert.equal(readCommandLine([]), { name: null, args: [], options: { install: false }, json: false, list: false })
  assert.equal(readCommandLine(['streaming', '--records', '1000', '--runs', '2', '--json', '--charts', 'docs']), {
    name: 'streaming',
    args: [],
    options: { records: 1000, runs: 2, install: false, charts: 'docs' },
    json: true,
    list: false
  })
  assert.equal(readCommandLine(['one-partner', '1000', '10']).args, ['1000', '10'])
  assert.ok(readCommandLine(['list']).list && readCommandLine(['--help']).list)
  for (const wrong of ['0', '-1', '1.5', 'x', '1e3']) {
    assert.throws(() => readCommandLine([`--records=${wrong}`]), /whole number/)
  }
  assert.throws(() => readCommandLine(['--unknown']), /unknown/i)
})

test('the list names every benchmark and its options', () => {
  const text = describeBenchmarks()
  for (const [name, { about, options }] of Object.entries(BENCHMARKS)) {
    for (const part of [` ${name} `, about, options]) assert.ok(text.includes(part), part)
  }
})

test('whatever is asked of a figure, some benchmark gives it', () => {
  const sources = readSources('scripts/bench', ['.ts']).filter(({ path }) => !path.endsWith('/goals.ts'))
  const unknown = Object.keys(GOALS).filter((name) => !sources.some(({ text }) => text.includes(`'${name}'`)))
  assert.equal(unknown, [])
})

const ticks: [largest: number, ticks: number[]][] = [
  [0, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [6, [0, 1, 2, 3, 4, 5, 6]],
  [37_000, [0, 10_000, 20_000, 30_000, 40_000]],
  [0.03, [0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03]]
]

for (const [largest, expected] of ticks) {
  test(`ticks up to ${largest}`, () => assert.equal(ticksUpTo(largest), expected))
}

test('a chart is SVG with each point within its frame and words escaped', () => {
  const points = [
    [0, 0],
    [50, 120],
    [100, 37]
  ] as const
  const svg = lineChart({ title: 'a < b & c', xLabel: 'x', yLabel: 'y', series: [{ name: 'one', points }] })
  assert.match(svg, /^<svg [^>]*viewBox="0 0 720 400"/)
  assert.ok(svg.includes('a &lt; b &amp; c') && !svg.includes('NaN'))
  const path = /<polyline points="([^"]*)"/.exec(svg)![1]!
  const places = path.split(' ').map((place) => place.split(',').map(Number) as [number, number])
  assert.is(places.length, points.length)
  for (const [x, y] of places) assert.ok(x >= 80 && x <= 700 && y >= 70 && y <= 340, `${x},${y}`)
  assert.equal(places[0], [80, 340])
})

test('a chart needs a point, and has a colour for each line', () => {
  const chart = { title: '', xLabel: '', yLabel: '' }
  const series = { name: 'a', points: [[1, 1]] as const }
  assert.throws(() => lineChart({ ...chart, series: [] }), /a point/)
  assert.throws(() => lineChart({ ...chart, series: [series, series, series, series, series] }), /4 lines/)
})

test.run()
