import * as assert from 'uvu/assert'
import type { Json, JsonObject } from '../../src/base/json.js'
import { type CompiledObject, compileModel } from '../../src/ledger/model.js'
import { type Problem, type ReadNetwork, readNetworkFile } from '../../src/ledger/network-file.js'
import { RULE_COST_MAX } from '../../src/ledger/rule-cost.js'
import type { RuleInput } from '../../src/ledger/rules.js'

/** Parts of a network with one object `thing`, for tests of one schema or rule. */
export interface ThingSource {
  readonly properties?: JsonObject
  /** @default all properties */
  readonly required?: readonly string[]
  readonly additional?: boolean | JsonObject
  /** @default none */
  readonly key?: readonly string[]
  readonly references?: JsonObject
  /** @default by arrival */
  readonly order?: string
  readonly expr?: string
  readonly message?: Json
  readonly more?: JsonObject
  /** Other objects. */
  readonly objects?: JsonObject
}

/** The text of a network file, as JSON. */
export function thingText(source: ThingSource): string {
  const { properties = {}, additional = false, key = [], references = {}, expr, message = 'no', more = {} } = source
  const order = source.order === undefined ? {} : { order: source.order }
  const required = source.required ?? Object.keys(properties)
  const fields = { type: 'object', additionalProperties: additional, required, properties, ...more }
  const rules = expr === undefined ? [] : [{ id: 'rule', expr, message }]
  const thing = { key, ...order, fields, references, rules }
  const roles = { writer: { append: ['thing'], govern: true } }
  return JSON.stringify({ format: 1, title: 'Test', roles, objects: { thing, ...source.objects } }, null, 1)
}

export function readThing(source: ThingSource, costMax = RULE_COST_MAX): ReadNetwork {
  return readNetworkFile(thingText(source), 'test.json', costMax)
}

/** The compiled object `thing`; fails when it has mistakes. */
export function compileThing(source: ThingSource): CompiledObject {
  const read = readThing(source)
  if (!read.ok) assert.unreachable(read.problems.map(({ problem, remedy }) => `${problem} -> ${remedy}`).join('\n'))
  const thing = compileModel((read as ReadNetwork & { ok: true }).network, { ruleCostMax: RULE_COST_MAX }).objects.get(
    'thing'
  )
  assert.ok(thing)
  return thing as CompiledObject
}

/** The mistakes of a source; fails when there are none. */
export function problemsOf(source: ThingSource, costMax = RULE_COST_MAX): Problem[] {
  const read = readThing(source, costMax)
  assert.not.ok(read.ok, 'there must be mistakes')
  return (read as ReadNetwork & { ok: false }).problems
}

/** Input of rules with what does not matter filled in. */
export function ruleInput(input: Partial<RuleInput>): RuleInput {
  const author = { id: 'p1', role: 'writer' }
  return { record: {}, previous: null, refs: {}, author, block: { height: 1, time: 1_760_000_000_000 }, ...input }
}

/** `pass`, `no`, or `error: MESSAGE` for one rule on one record. */
export function verdictOf(source: ThingSource, input: Partial<RuleInput>): string {
  const refusal = compileThing(source).checkRules(ruleInput(input))
  if (refusal === null) return 'pass'
  return refusal.code === 'RULE_BROKEN' ? 'no' : `error: ${refusal.message}`
}
