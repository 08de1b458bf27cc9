import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { readNetworkFile } from '../../../src/ledger/network-file.js'
import {
  compileThing,
  problemsOf,
  readThing,
  ruleInput,
  type ThingSource,
  thingText
} from '../../support/network-source.js'
import { suite } from '../../support/suite.js'

const test = suite('rule cost')

const ids = (maxItems?: number): JsonObject => ({
  type: 'array',
  items: { type: 'string', maxLength: 20 },
  ...(maxItems === undefined ? {} : { maxItems })
})

const PROPERTIES: JsonObject = {
  i: { type: 'integer' },
  small: ids(10),
  thousand: ids(1000),
  endless: ids(),
  numbers: { type: 'array', items: { type: 'integer' } },
  short: { type: 'string', maxLength: 100 },
  long: { type: 'string' },
  long2: { type: 'string' },
  grid: { type: 'array', maxItems: 1000, items: { type: 'array', maxItems: 1000, items: { type: 'integer' } } }
}
const SOURCE: ThingSource = { properties: PROPERTIES, key: ['i'] }

/** The least allowance with which the rule is accepted: its cost. */
function costOf(expr: string): number {
  let low = 0
  let high = 10_000_000
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (readThing({ ...SOURCE, expr }, middle).ok) high = middle
    else low = middle + 1
  }
  return low
}

test('the odometer rule costs a few units', () => {
  assert.is(costOf('previous == null || record.i >= previous.i'), 9)
})

const unbounded: [expr: string, problem: RegExp, remedy: RegExp][] = [
  ['record.endless.all(x, x != "a")', /record\.endless has no bound on its items/, /give record\.endless maxItems/],
  ['record.endless.exists(x, x != "a")', /no bound on its items/, /maxItems/],
  ['record.endless.filter(x, x != "a").size() > 0', /no bound on its items/, /maxItems/],
  ['record.endless.map(x, x).size() > 0', /no bound on its items/, /maxItems/],
  ['"a" in record.endless', /no bound on its items/, /maxItems/],
  ['record.numbers.sum() > 0', /no bound on its items/, /maxItems/],
  ['record.endless == record.endless', /neither record\.endless nor record\.endless has a bound/, /maxItems/],
  ['size(record.long) > 5', /record\.long has no bound on its length/, /give record\.long a maxLength/],
  ['record.long.contains("x")', /no bound on its length/, /maxLength/],
  ['record.short.contains(record.long)', /record\.long has no bound/, /maxLength/],
  ['record.long.matches("x")', /no bound on its length/, /maxLength/],
  ['record.long.lowerAscii() == "x"', /no bound on its length/, /maxLength/],
  ['record.long + "x" == "y"', /no bound on its length/, /maxLength/],
  ['"x".startsWith(record.long)', /record\.long has no bound/, /maxLength/]
]
for (const [expr, problem, remedy] of unbounded) {
  test(`refuses what has no bound: ${expr}`, () => {
    const [first] = problemsOf({ ...SOURCE, expr })
    assert.match(first!.problem, problem)
    assert.match(first!.remedy, remedy)
  })
}

const bounded = [
  'size(record.endless) > 0',
  'record.long == "x"',
  'record.long != record.long2',
  'record.long < record.long2',
  'record.small.all(x, x != record.long)',
  'record.long in ["a", "b"]',
  'record.endless[0] == "a"'
]
for (const expr of bounded) test(`accepts ${expr}`, () => assert.ok(readThing({ ...SOURCE, expr }).ok))

test('a rule within a rule multiplies the cost', () => {
  const one = costOf('record.small.all(x, x != "a")')
  const two = costOf('record.small.all(x, record.small.all(y, x != y))')
  const three = costOf('record.small.all(x, record.small.all(y, record.small.all(z, x != z)))')
  assert.ok(two > 9 * one && two < 20 * one)
  assert.ok(three > 9 * two && three < 20 * two)
})

test('a nested loop over a thousand by a thousand is refused with its cost', () => {
  for (const expr of [
    'record.thousand.all(x, record.thousand.all(y, x != y))',
    'record.grid.all(row, row.all(cell, cell > 0))',
    'record.thousand.map(x, record.thousand).all(list, list.all(y, y != "a"))',
    'record.thousand.exists(x, x in record.thousand)'
  ]) {
    const [first] = problemsOf({ ...SOURCE, expr })
    assert.match(first!.problem, /^the rule can cost [0-9]+ units for one record; at most 10000 are allowed$/)
    assert.match(first!.remedy, /maxItems/)
  }
})

test('the cost does not depend on how a thing is written, only on what it does', () => {
  assert.is(costOf('record.i > 5'), costOf('record["i"]   > (5)'))
})

test('the rules of an object share its allowance', () => {
  const expr = 'record.thousand.all(x, x != "a")'
  const network = JSON.parse(thingText({ ...SOURCE, expr }))
  const { rules } = network.objects.thing
  const cost = costOf(expr)
  rules.push({ ...rules[0], id: 'second' })
  const read = (costMax: number) => readNetworkFile(JSON.stringify(network), 'test.json', costMax)
  assert.ok(read(2 * cost).ok)
  const refused = read(2 * cost - 1)
  assert.ok(!refused.ok)
  const { problem, path } = refused.problems[0]!
  assert.is(
    problem,
    `the rules can cost ${2 * cost} units together for one record (rule ${cost}, second ${cost}); at most ${2 * cost - 1} are allowed`
  )
  assert.is(path, 'objects.thing.rules')
})

test('no rule that is accepted takes longer than its cost allows for', () => {
  const properties: JsonObject = {
    list: { type: 'array', maxItems: 30, items: { type: 'integer' } },
    words: { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 200 } },
    text: { type: 'string', maxLength: 2000 },
    days: { type: 'array', maxItems: 300, items: { type: 'string', format: 'date-time' } },
    amounts: { type: 'array', maxItems: 400, items: { type: 'decimal', scale: 15 } }
  }
  const record: JsonObject = {
    list: Array.from({ length: 30 }, (_, index) => index),
    words: Array.from({ length: 20 }, (_, index) => `${'a'.repeat(190)}${index}`),
    text: 'a'.repeat(2000),
    days: Array.from({ length: 300 }, () => '2024-02-29T23:30:00.123456789-02:00'),
    amounts: Array.from({ length: 400 }, () => '999999999999999999.999999999999999')
  }
  const rules = [
    'record.list.all(x, record.list.all(y, x + y >= 0))',
    'record.words.all(x, record.words.all(y, x + "b" != y))',
    'record.words.all(x, x.lowerAscii().size() > 5)',
    'record.words.all(x, !x.contains("aaaaaaaaab"))',
    'record.text.matches("^(a|b)*a$")',
    'size(record.text) == 2000',
    'record.days.all(day, day > "2024-01-01T00:00:00Z")',
    'record.amounts.map(amount, amount * 1.5).sum() > 0'
  ]
  for (const expr of rules) {
    const cost = costIn({ properties, expr })
    const { checkRules } = compileThing({ properties, expr })
    const input = ruleInput({ record })
    for (let i = 0; i < 50; i++) assert.is(checkRules(input), null, expr)
    let microsPerRun = Number.POSITIVE_INFINITY
    for (let i = 0; i < 50; i++) {
      const started = performance.now()
      checkRules(input)
      microsPerRun = Math.min(microsPerRun, (performance.now() - started) * 1000)
    }
    // A unit is meant to be 0.1 us; other test files run at the same time, so the best run counts.
    assert.ok(microsPerRun < cost * 0.1 * 5, `${expr}: ${microsPerRun} us for ${cost} units`)
  }
})

function costIn(source: ThingSource): number {
  const [problem] = problemsOf(source, 1)
  return Number(/cost ([0-9]+) units/.exec(problem!.problem)?.[1])
}

test.run()
