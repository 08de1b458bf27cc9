import { canonicalText } from '../base/canonical.js'
import { LedgerError, type Outcome, type Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { jsonPointer } from '../base/json-scan.js'
import { KEY_CHARS_MAX } from '../base/limits.js'
import { genesisHash } from '../base/tagged.js'
import type { FieldSource } from './field-sources.js'
import type { FieldWriters } from './field-writers.js'
import { collectFindings, type Finding, pathText } from './finding.js'
import { type FormerNames, formerNameRefusal, formerNames } from './former-names.js'
import { keyCharsMax } from './key-check.js'
import type { CompiledLimit } from './limit-count.js'
import { checkNetwork } from './network-check.js'
import type { AmendDefinition, NetworkDefinition, ObjectDefinition } from './network-definition.js'
import type { CheckedObject } from './object-check.js'
import type { CheckedReference } from './reference-check.js'
import type { RuleInput, Side } from './rules.js'
import { compileSchema, type SchemaCheck } from './schema.js'
import { compileNormalise } from './schema-normalise.js'
import type { ObjectSchema } from './schema-type.js'
import type { CompiledUnique } from './unique-claim.js'

/** Where a record points to, by the name of its reference. */
export interface CompiledReference {
  readonly name: string
  /** The object pointed to. */
  readonly object: string
  /** Whether execution refuses the record with REFERENCE_MISSING when the target does not exist. */
  readonly required: boolean
  /** How data of what the record points to is read, see {@link FormerNames}. */
  readonly present: FormerNames['present']
  /**
   * Key text, as {@link CompiledObject.keyOf} writes it, of what the record points to: one; a list where a key field is
   * a list; or null when an optional key field is absent.
   */
  keysOf(data: JsonObject): string | readonly string[] | null
}

/** One object of the model, ready to judge records. All of it is pure and gives the same answer on every machine. */
export interface CompiledObject extends FormerNames {
  readonly name: string
  readonly keyFields: readonly string[]
  /** As it was read from `fields`. */
  readonly schema: ObjectSchema
  readonly references: readonly CompiledReference[]
  /** Fields whose values are keys of other records. */
  readonly sources: readonly FieldSource[]
  /** Lists of fields whose values no two things may share. */
  readonly uniques: readonly CompiledUnique[]
  readonly limits: readonly CompiledLimit[]
  /** Fields that not every role may set. */
  readonly writers: readonly FieldWriters[]
  readonly hasRules: boolean
  /** Whether any rule reads `previous`, or `next`. */
  readonly usesPrevious: boolean
  readonly usesNext: boolean
  /** How its records are ordered and amended; null where they follow one another as they came, for good. */
  readonly keeping: Keeping | null
  /** Whether any rule reads `block`, or a limit the time of the block: then a refusal at intake is not final. */
  readonly usesBlock: boolean
  mayAppend(role: string): boolean
  /** The author's side, before the record is written: decimals get their fraction digits. Refusal SCHEMA with path. */
  normalise(data: JsonObject): Outcome<JsonObject>
  /** Checks data exactly as it stands in a record. Refusal SCHEMA with path; null when good. */
  checkSchema(data: JsonObject): Refusal | null
  /**
   * Canonical JSON array of the key fields' values, such as `["VH-001"]`; `[]` for an object without key. The data must
   * have passed {@link checkSchema}.
   */
  keyOf(data: JsonObject): string
  /** Runs the rules in their order. Refusal RULE_BROKEN or RULE_ERROR of the first that fails; null when all pass. */
  checkRules(input: RuleInput): Refusal | null
  /** Runs the rules of a record that gets another neighbour (CompiledRules). */
  checkNeighbour(side: Side, before: RuleInput, after: RuleInput): Refusal | null
}

/** What an object says of the order of its records and of their amendment. */
export interface Keeping {
  /** Field of a date; null where records are in the order in which they came. */
  readonly order: string | null
  /** Null where they are not amended. */
  readonly amend: AmendDefinition | null
}

/** A network definition compiled: what execution and intake judge records with. */
export interface Model {
  /** 64 hex digits, docs/formats.md "Genesis". */
  readonly hash: string
  readonly network: NetworkDefinition
  readonly objects: ReadonlyMap<string, CompiledObject>
  /** Those it was compiled under, and every later model of the network is. */
  readonly limits: ModelLimits
}

/** What of the genesis' limits the model depends on. */
export interface ModelLimits {
  /** Units the rules of one object may cost together (docs/rules.md, "Cost"). */
  readonly ruleCostMax: number
}

/**
 * Compiles the network definition of a genesis. The same definition and limits give the same model everywhere.
 * @throws LedgerError NETWORK_FILE when the definition has mistakes, or is not written as {@link readNetworkFile} writes it
 */
export function compileModel(network: NetworkDefinition, limits: ModelLimits): Model {
  const findings = collectFindings()
  const checked = checkNetwork(network as unknown as Json, limits.ruleCostMax, findings)
  if (checked === null) throw definitionError(findings.list)
  const text = canonicalText(checked.network as unknown as Json)
  if (text !== canonicalText(network as unknown as Json)) {
    throw new LedgerError('NETWORK_FILE', 'the network definition leaves out defaults; it must be written in full')
  }
  const objects = new Map<string, CompiledObject>()
  const former = new Map(Object.entries(checked.network.objects).map(([name, object]) => [name, formerNames(object)]))
  for (const object of checked.objects.values()) {
    objects.set(object.name, compileObject(object, checked.network, former))
  }
  return {
    hash: genesisHash('model', text),
    network: checked.network,
    objects,
    limits: { ruleCostMax: limits.ruleCostMax }
  }
}

function definitionError(findings: readonly Finding[]): LedgerError {
  const problems = findings.map(({ path, problem, remedy }) => ({ path: pathText(path), problem, remedy }))
  const [first] = problems
  const place = first === undefined || first.path === '' ? '' : `${first.path}: `
  const message = `the network definition has mistakes: ${place}${first?.problem} (${first?.remedy})`
  return new LedgerError('NETWORK_FILE', message, { problems })
}

function compileObject(
  object: CheckedObject,
  network: NetworkDefinition,
  formerOf: ReadonlyMap<string, FormerNames>
): CompiledObject {
  const { name, schema, rules, references, sources, uniques, limits, writers } = object
  const definition = network.objects[name]!
  const { key } = definition
  const former = formerOf.get(name)!
  const roles = Object.entries(network.roles)
  const authors = new Set(roles.filter(([, role]) => role.append.includes(name)).map(([id]) => id))
  const keyOf = keyWriter(key)
  const check = schemaCheck(name, schema, former)
  const isLong = keyCharsMax(key, schema) > KEY_CHARS_MAX
  return {
    ...former,
    name,
    keyFields: key,
    schema,
    references: references.map((reference) => compiledReference(reference, formerOf)),
    sources,
    uniques,
    limits,
    writers,
    hasRules: rules !== null && rules.count > 0,
    usesPrevious: rules?.usesPrevious ?? false,
    usesNext: rules?.usesNext ?? false,
    keeping: keepingOf(definition),
    usesBlock: rules?.usesBlock === true || limits.some(({ at }) => at === null),
    mayAppend: (role) => authors.has(role),
    normalise: compileNormalise(schema),
    checkSchema: isLong ? (data) => check(data) ?? longKey(key, keyOf(data)) : check,
    keyOf,
    checkRules: (input) => rules?.check(input) ?? null,
    checkNeighbour: (side, before, after) => rules?.checkNeighbour(side, before, after) ?? null
  }
}

/** Former names first: whoever writes one is to hear what it is called now, and not that something else is missing. */
function schemaCheck(object: string, schema: ObjectSchema, former: FormerNames): SchemaCheck {
  const check = compileSchema(object, schema)
  if (former.aliases.size + former.removed.size === 0) return check
  return (data) => formerNameRefusal(object, former, data) ?? check(data)
}

function keepingOf({ amend, order }: ObjectDefinition): Keeping | null {
  return amend === undefined && order === undefined ? null : { amend: amend ?? null, order: order ?? null }
}

function compiledReference(
  { scope, keysOf }: CheckedReference,
  formerOf: ReadonlyMap<string, FormerNames>
): CompiledReference {
  const { name, object, required } = scope
  return { name, object, required, present: formerOf.get(object)!.present, keysOf }
}

/** JSON.stringify writes strings, safe integers and booleans as canonical JSON does. */
function keyWriter(key: readonly string[]): (data: JsonObject) => string {
  const [first] = key
  if (first !== undefined && key.length === 1) return (data) => `[${JSON.stringify(data[first])}]`
  return (data) => JSON.stringify(key.map((field) => data[field]))
}

/** Only texts of many control characters come this far. */
function longKey(key: readonly string[], text: string): Refusal | null {
  if (text.length <= KEY_CHARS_MAX) return null
  const message = `the key is longer than ${KEY_CHARS_MAX} characters when written as JSON`
  return { code: 'SCHEMA', message, path: jsonPointer(key.slice(0, 1)) }
}
