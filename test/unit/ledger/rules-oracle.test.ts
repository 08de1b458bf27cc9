import { Environment } from '@marcbachmann/cel-js'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { compileThing, ruleInput } from '../../support/network-source.js'
import { suite } from '../../support/suite.js'

/** Where this project's evaluator and that of cel-js know the same things, they must say the same. */
const test = suite('rules against cel-js')

const oracle = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })

const text = { type: 'string', maxLength: 10 }
const PROPERTIES: JsonObject = {
  a: { type: 'integer' },
  b: { type: 'integer' },
  s: text,
  t: text,
  p: { type: 'boolean' },
  l: { type: 'array', maxItems: 4, items: { type: 'integer' } },
  w: { type: 'array', maxItems: 4, items: text }
}

/** Variables of macros may not be named alike within one another. */
let variables = 0
function macro(call: (variable: string) => string): string {
  variables++
  return call(`v${variables}`)
}

const { bool } = fc.letrec<{ int: string; string: string; bool: string }>((tie) => ({
  int: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('record.a', 'record.b', '0', '1', '-7', '9223372036854775807', 'record.l[0]', 'record.l[1]'),
    fc.tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int')).map(([x, op, y]) => `(${x} ${op} ${y})`),
    tie('string').map((x) => `size(${x})`),
    fc.constantFrom('size(record.l)', 'record.l.filter(x, x > record.a).size()', 'record.w.size()'),
    fc.tuple(tie('bool'), tie('int'), tie('int')).map(([c, x, y]) => `(${c} ? ${x} : ${y})`)
  ),
  string: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('record.s', 'record.t', "'a'", '"ß"', "''", 'r"\\n"', "'\\x41'", 'record.w[0]'),
    fc.tuple(tie('string'), tie('string')).map(([x, y]) => `(${x} + ${y})`),
    fc.tuple(tie('bool'), tie('string'), tie('string')).map(([c, x, y]) => `(${c} ? ${x} : ${y})`)
  ),
  bool: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('record.p', 'true', 'false', 'has(record.a)', '("s" in record)'),
    fc
      .tuple(tie('bool'), fc.constantFrom('&&', '||', '==', '!='), tie('bool'))
      .map(([x, op, y]) => `(${x} ${op} ${y})`),
    tie('bool').map((x) => `!${x}`),
    fc
      .tuple(tie('int'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('int'))
      .map(([x, op, y]) => `(${x} ${op} ${y})`),
    fc
      .tuple(tie('string'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('string'))
      .map(([x, op, y]) => `(${x} ${op} ${y})`),
    fc
      .tuple(tie('string'), fc.constantFrom('contains', 'startsWith', 'endsWith'), tie('string'))
      .map(([x, op, y]) => `${x}.${op}(${y})`),
    fc.tuple(tie('int'), tie('int'), tie('int')).map(([x, y, z]) => `(${x} in [${y}, ${z}])`),
    tie('int').map((x) => `(${x} in record.l)`),
    fc
      .tuple(fc.constantFrom('all', 'exists', 'exists_one'), tie('int'))
      .map(([m, x]) => macro((v) => `record.l.${m}(${v}, ${v} / ${x} > record.b)`)),
    fc
      .tuple(fc.constantFrom('all', 'exists'), tie('string'))
      .map(([m, x]) => macro((v) => `record.w.${m}(${v}, ${v} != ${x})`))
  )
}))
const records = fc.record({
  a: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.maxSafeInteger()),
  b: fc.integer({ min: -5, max: 5 }),
  s: fc.constantFrom('', 'a', 'ab', 'ß', 'Ab'),
  t: fc.constantFrom('', 'a', 'b', 'ßa'),
  p: fc.boolean(),
  l: fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 4 }),
  w: fc.array(fc.constantFrom('a', 'b', ''), { maxLength: 4 })
})

/** As cel-js wants it: integers as bigint. */
function celRecord(record: JsonObject): Record<string, unknown> {
  const value = (json: unknown): unknown => {
    if (typeof json === 'number') return BigInt(json)
    return Array.isArray(json) ? json.map(value) : json
  }
  return Object.fromEntries(Object.entries(record).map(([name, json]) => [name, value(json)]))
}

test('random expressions give the same verdict', () => {
  let faults = 0
  let answers = 0
  fc.assert(
    fc.property(bool, fc.array(records, { minLength: 4, maxLength: 4 }), (expr, inputs) => {
      fc.pre(expr.length < 1500 && expr.split('.w.').length + expr.split('.l.').length < 8)
      const thing = compileThing({ properties: PROPERTIES, expr })
      for (const record of inputs) {
        const refusal = thing.checkRules(ruleInput({ record }))
        const mine = refusal === null ? 'true' : refusal.code === 'RULE_BROKEN' ? 'false' : 'fault'
        let theirs: string
        try {
          theirs = String(oracle.evaluate(expr, { record: celRecord(record) }))
        } catch {
          theirs = 'fault'
        }
        assert.is(mine, theirs, `${expr} on ${JSON.stringify(record)}: ${refusal?.message}`)
        if (mine === 'fault') faults++
        else answers++
      }
    }),
    { numRuns: 400 }
  )
  assert.ok(faults > 50 && answers > 500, `${faults} faults, ${answers} answers`)
})

test.run()
