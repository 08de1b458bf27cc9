import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { effectProblem, effectsOf, stateAfter, takeBackWrites } from '../../../src/ledger/record-effects.js'
import { writePeriod } from '../../../src/ledger/rfc3339.js'
import type { RuleInput } from '../../../src/ledger/rules.js'
import { activePartner, judgedRecords, modelOfFile, problemsOfFile } from '../../support/judged-records.js'
import { suite } from '../../support/suite.js'

const test = suite('how many records, or how much, in each period')

/** `trip` has a key, `visit` has none. */
const FILE = `
format: 1
title: Trips
roles:
  driver: { append: [trip, visit], govern: true }
objects:
  trip:
    key: [car]
    fields:
      type: object
      additionalProperties: false
      required: [car]
      properties:
        car: { type: string, maxLength: 9 }
        driver: { type: [string, "null"], maxLength: 9 }
        day: { type: string, format: date }
        km: { type: integer, minimum: 0 }
        fuel: { type: decimal, scale: 2, minimum: 0 }
        note: { type: string }
        change: { type: integer }
    rules:
      - { id: short, expr: '!has(record.km) || record.km < 900', message: no }
    limits:
      - { id: two-a-day, per: [driver], at: day, period: day, count: 2 }
      - { id: fuel-a-month, at: day, period: month, sum: fuel, max: "10.00" }
      - id: km-a-year
        per: [car, driver]
        at: day
        period: year
        sum: km
        max: 1000
        message: "{record.km} km are too many for {record.car}"
  visit:
    key: []
    fields:
      type: object
      properties:
        at: { type: string, format: date-time }
    limits:
      - { id: one-a-day, at: at, period: day, count: 1 }
      - { id: three-by-the-block, period: day, count: 3 }
`

const NO_LIMITS = FILE.replace(/ {4}limits:\n(?: {6}.*\n)+/g, '')
const P1 = activePartner('p1', 'driver')
const DAY_MS = 86_400_000

function recordsOf(file = FILE) {
  const run = judgedRecords(modelOfFile(file))
  const say = (object: string, data: JsonObject, time?: number): string => {
    const { verdict } = run.judge(P1, object, data, time === undefined ? {} : { time })
    return verdict === null ? 'accepted' : (verdict.rule ?? verdict.code)
  }
  return {
    ...run,
    trip: (data: JsonObject) => say('trip', { car: 'a', ...data }),
    visit: (data: JsonObject, time: number) => say('visit', data, time)
  }
}

test('so many records in a period, counted apart by the values of per', () => {
  const run = recordsOf()
  const on = (driver: string, day: string) => run.trip({ driver, day })
  assert.equal([on('x', '2025-03-01'), on('x', '2025-03-01')], ['accepted', 'accepted'])
  const { verdict, lines } = run.judge(P1, 'trip', { car: 'b', driver: 'x', day: '2025-03-01' })
  assert.equal(verdict, {
    code: 'RULE_BROKEN',
    message: 'at most 2 trip per day for driver "x": 2 are used in 2025-03-01',
    rule: 'two-a-day',
    expected: 'at most 2 per day; 2 are used',
    details: { per: { driver: 'x' }, period: '2025-03-01', used: 2, max: 2 }
  })
  assert.equal(lines, [])
  assert.equal([on('y', '2025-03-01'), on('x', '2025-03-02'), on('x', '2025-02-28')], Array(3).fill('accepted'))
})

test('a sum of decimals is exact, and goes up to the most that is allowed', () => {
  const run = recordsOf()
  const on = (day: string, fuel: string) => run.trip({ day, fuel })
  assert.equal([on('2025-03-01', '9.99'), on('2025-03-31', '0.01')], ['accepted', 'accepted'])
  const { verdict } = run.judge(P1, 'trip', { car: 'a', day: '2025-03-15', fuel: '0.01' })
  assert.is(verdict?.message, 'at most 10.00 fuel per month: 10.00 is used in 2025-03, and this adds 0.01')
  assert.is(verdict?.expected, 'at most 10.00 fuel per month; 10.00 is used')
  assert.equal(verdict?.details, { per: {}, period: '2025-03', used: '10.00', adds: '0.01', max: '10.00' })
  assert.equal([on('2025-04-01', '10.00'), on('2025-03-15', '0.00')], ['accepted', 'accepted'])
})

test('a sum of integers, with the words of the file', () => {
  const run = recordsOf()
  const on = (day: string, km: number) => run.trip({ driver: 'x', day, km })
  assert.equal([on('2025-01-01', 800), on('2025-06-01', 200)], ['accepted', 'accepted'])
  const { verdict } = run.judge(P1, 'trip', { car: 'a', driver: 'x', day: '2025-12-31', km: 1 })
  assert.equal([verdict?.rule, verdict?.message], ['km-a-year', '1 km are too many for a'])
  assert.equal(verdict?.details, { per: { car: 'a', driver: 'x' }, period: '2025', used: 1000, adds: 1, max: 1000 })
  assert.is(on('2026-01-01', 800), 'accepted')
})

test('who lacks a field does not take part', () => {
  const run = recordsOf()
  for (const data of [{ day: '2025-03-01' }, { driver: null, day: '2025-03-01' }, { driver: 'x' }])
    for (let i = 0; i < 4; i++) assert.is(run.trip(data), 'accepted')
})

test('what is refused is not counted', () => {
  const run = recordsOf()
  const day = '2025-03-01'
  assert.is(run.trip({ driver: 'x', day, km: 900 }), 'short')
  assert.is(run.trip({ driver: 'x', day, fuel: '10.01' }), 'fuel-a-month')
  assert.equal([run.trip({ driver: 'x', day }), run.trip({ driver: 'x', day })], ['accepted', 'accepted'])
})

test('a period is one of the calendar in UTC, whatever the offset is', () => {
  const run = recordsOf()
  const at = (text: string, day: number): string => run.visit({ at: text }, day * DAY_MS)
  assert.is(at('2025-03-01T23:30:00Z', 1), 'accepted')
  assert.is(at('2025-03-02T00:30:00+01:00', 1), 'one-a-day')
  assert.is(at('2025-03-01T23:30:00-01:00', 1), 'accepted')
  assert.is(at('2025-03-02T12:00:00Z', 1), 'one-a-day')
})

test('without a field it is the time of the block, and refusals at intake are not final', () => {
  const model = modelOfFile(FILE)
  assert.equal(
    ['trip', 'visit'].map((name) => model.objects.get(name)?.usesBlock),
    [false, true]
  )
  const run = recordsOf()
  const at = (time: number): string => run.visit({}, time)
  assert.equal([at(DAY_MS), at(DAY_MS + 1), at(2 * DAY_MS - 1)], ['accepted', 'accepted', 'accepted'])
  assert.equal([at(2 * DAY_MS - 1), at(2 * DAY_MS)], ['three-by-the-block', 'accepted'])
})

test('lines of the result hash', () => {
  const run = recordsOf()
  const { lines } = run.judge(P1, 'trip', { car: 'a', driver: 'x', day: '2025-03-01', fuel: '1.50' })
  assert.equal(lines, [
    'r:trip["a"] p1/0/0\n',
    'C:trip/[["driver"],"day","day",null]/["x"]/2025-03-01 1 1\n',
    'C:trip/[[],"day","month","fuel"]/[]/2025-03 150 1\n'
  ])
  const again = run.judge(P1, 'trip', { car: 'a', driver: 'x', day: '2025-03-01' })
  assert.equal(again.lines, ['r:trip["a"] p1/1/0\n', 'C:trip/[["driver"],"day","day",null]/["x"]/2025-03-01 2 1\n'])
})

test('what is on the chain already is not counted; taken away and put back, the state decides', () => {
  const day = '2025-03-01'
  const run = recordsOf(NO_LIMITS)
  for (let i = 0; i < 3; i++) assert.is(run.trip({ driver: 'x', day }), 'accepted')
  run.setModel(modelOfFile(FILE))
  assert.is(run.trip({ driver: 'x', day }), 'accepted')
  run.setModel(modelOfFile(NO_LIMITS))
  for (let i = 0; i < 3; i++) assert.is(run.trip({ driver: 'x', day }), 'accepted')
  run.setModel(modelOfFile(FILE.replace('two-a-day', 'renamed')))
  assert.equal([run.trip({ driver: 'x', day }), run.trip({ driver: 'x', day })], ['accepted', 'renamed'])
  run.setModel(modelOfFile(FILE.replace('period: day, count: 2', 'period: month, count: 2')))
  assert.is(run.trip({ driver: 'x', day }), 'accepted', 'what counts something else begins anew')
})

test('a lower limit refuses what comes, also beyond what it had allowed', () => {
  const run = recordsOf()
  const day = '2025-03-01'
  assert.is(run.trip({ day, fuel: '9.00' }), 'accepted')
  run.setModel(modelOfFile(FILE.replace('max: "10.00"', 'max: 5')))
  assert.equal([run.trip({ day, fuel: '0.01' }), run.trip({ day, fuel: '0.00' })], ['fuel-a-month', 'accepted'])
})

test('effects that are taken back are not counted any more, unless they never were', () => {
  const run = recordsOf(NO_LIMITS)
  const data = { car: 'a', driver: 'x', day: '2025-03-01', fuel: '4.00' }
  const old = run.judge(P1, 'trip', data)
  run.setModel(modelOfFile(FILE))
  const counted = run.judge(P1, 'trip', data)
  run.trip(data)
  const effects = effectsOf(modelOfFile(FILE).objects.get('trip')!, '["a"]', data, null)
  const input: RuleInput = { record: data, previous: null, refs: {}, author: P1, block: { height: 9, time: 9 } }
  assert.is(effectProblem(run.state, effects, input)?.rule, 'two-a-day')
  assert.equal(takeBackWrites(run.state, effects, { id: old.id, height: 1 }), [])
  const writes = takeBackWrites(run.state, effects, { id: counted.id, height: 2 })
  assert.equal(
    writes.map(({ entry }) => entry.text),
    ['1 2', '400 2']
  )
  assert.is(effectProblem(stateAfter(run.state, writes), effects, input), null)
})

test('periods at the ends of the calendar have names of their own', () => {
  assert.equal(
    [-719_529, -719_528, 2_932_896, 2_932_897].map((day) => writePeriod(day, 'year')),
    ['00-1', '0000', '9999', '10000']
  )
  assert.equal(
    ['day', 'month'].map((period) => writePeriod(11_016, period as 'day')),
    ['2000-02-29', '2000-02']
  )
})

const LIMIT = '{ id: two-a-day, per: [driver], at: day, period: day, count: 2 }'
const MISTAKES: readonly (readonly [limit: string, problem: string])[] = [
  ['3', '[0] a limit has id, period and count'],
  ['{ period: day, count: 1 }', '[0] a limit needs id'],
  ['{ id: a, count: 1 }', '[0] a limit needs period'],
  ['{ id: A, period: day, count: 1 }', '[0].id "A" cannot be the id of a limit'],
  ['{ id: short, period: day, count: 1 }', '[0].id another rule or limit of this object is called short'],
  ['{ id: a, period: week, count: 1 }', '[0].period "week" is not a period'],
  ['{ id: a, period: day }', '[0] a limit has either count, or sum and max'],
  ['{ id: a, period: day, sum: km }', '[0] a limit has either count, or sum and max'],
  ['{ id: a, period: day, count: 1, sum: km, max: 3 }', '[0] a limit has either count, or sum and max'],
  ['{ id: a, period: day, count: 0 }', '[0].count 0 is not a whole number from 1 to 1000000000'],
  ['{ id: a, period: day, count: 1, per: driver }', '[0].per "driver" is not a list of fields'],
  ['{ id: a, period: day, count: 1, per: [drive] }', '[0].per[0] per names drive, which is not among the fields'],
  ['{ id: a, period: day, count: 1, per: [car, car] }', '[0].per[1] car stands there twice'],
  ['{ id: a, period: day, count: 1, at: driver }', '[0].at driver is a string, not a date or a time'],
  ['{ id: a, period: day, count: 1, at: dey }', '[0].at there is no field "dey"'],
  ['{ id: a, period: day, sum: note, max: 3 }', '[0].sum note is a string and cannot be added up'],
  ['{ id: a, period: day, sum: change, max: 3 }', '[0].sum change may be negative, and would give back what is used'],
  ['{ id: a, period: day, sum: km, max: 3.5 }', '[0].max 3.5 is not a whole number above 0'],
  [
    '{ id: a, period: day, sum: fuel, max: 3.555 }',
    '[0].max 3.555 is not a decimal with at most 2 digits after the point above 0'
  ],
  ['{ id: a, period: day, count: 1, message: "{record.kn}" }', '[0].message there is no field kn'],
  [`${LIMIT}\n      - { id: b, per: [driver], at: day, period: day, count: 3 }`, '[1] another limit counts the same']
]

for (const [limit, problem] of MISTAKES) {
  test(`is no limit: ${limit}`, () => {
    const problems = problemsOfFile(FILE.replace(LIMIT, limit))
    assert.is(problems[0], `objects.trip.limits${problem}`, problems.join('\n'))
  })
}

test('a text that is counted apart needs a bound, and a limit has what its definition says', () => {
  const unbound = FILE.replace(LIMIT, '{ id: a, per: [note], period: day, count: 1 }')
  assert.match(problemsOfFile(unbound)[0] ?? '', /note stands in per and has at most 256 characters/)
  const { limits } = modelOfFile(FILE).network.objects.visit!
  assert.equal(limits, [
    { id: 'one-a-day', per: [], at: 'at', period: 'day', count: 1 },
    { id: 'three-by-the-block', per: [], period: 'day', count: 3 }
  ])
})

test.run()
