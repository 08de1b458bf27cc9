import type { Outcome, Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { NetworkDefinition } from './network-definition.js'
import type { RuleInput, RuleValue } from './rules.js'

/** Where a record points to, by the name of its reference. */
export interface CompiledReference {
  readonly name: string
  /** The object pointed to. */
  readonly object: string
  /** Whether execution refuses the record with REFERENCE_MISSING when the target does not exist. */
  readonly required: boolean
  /**
   * Key text, as {@link CompiledObject.keyOf} writes it, of what the record points to: one; a list where a key field is
   * a list; or null when an optional key field is absent.
   */
  keysOf(data: JsonObject): string | readonly string[] | null
}

/** One object of the model, ready to judge records. All of it is pure and gives the same answer on every machine. */
export interface CompiledObject {
  readonly name: string
  readonly keyFields: readonly string[]
  readonly references: readonly CompiledReference[]
  readonly hasRules: boolean
  /** Whether any rule reads `previous`. */
  readonly usesPrevious: boolean
  /** Whether any rule reads `block`: then a refusal at intake is not final. */
  readonly usesBlock: boolean
  mayAppend(role: string): boolean
  /** The author's side, before the record is written: decimals get their fraction digits. Refusal SCHEMA with path. */
  normalise(data: JsonObject): Outcome<JsonObject>
  /** Checks data exactly as it stands in a record. Refusal SCHEMA with path; null when good. */
  checkSchema(data: JsonObject): Refusal | null
  /** Canonical JSON array of the key fields' values, such as `["VH-001"]`; `[]` for an object without key. */
  keyOf(data: JsonObject): string
  /** Data as rules see it. */
  toRuleValue(data: JsonObject): RuleValue
  /** Runs the rules in their order. Refusal RULE_BROKEN or RULE_ERROR of the first that fails; null when all pass. */
  checkRules(input: RuleInput): Refusal | null
}

/** A network definition compiled: what execution and intake judge records with. */
export interface Model {
  /** 64 hex digits, docs/formats.md "Genesis". */
  readonly hash: string
  readonly network: NetworkDefinition
  readonly objects: ReadonlyMap<string, CompiledObject>
}

/** What of the genesis' limits the model depends on. */
export interface ModelLimits {
  readonly ruleCostMax: number
}
