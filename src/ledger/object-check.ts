import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import type { FieldSource } from './field-sources.js'
import type { FieldWriters } from './field-writers.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { checkFormerNames, readAliases, readRemoved } from './former-names.js'
import { checkOrder, readKeeping } from './keeping-check.js'
import { checkKey, keySchemaOf } from './key-check.js'
import { checkLimits } from './limit-check.js'
import type { CompiledLimit } from './limit-count.js'
import { readLimits } from './limit-read.js'
import { didYouMean } from './nearest.js'
import type { ObjectDefinition, ReferenceDefinition, RuleDefinition, RuleMessage } from './network-definition.js'
import { checkMembers, checkName, isObject, REFERENCE_NAME, ROLE_NAME, readFlag, readText } from './network-members.js'
import { type CheckedReference, checkReference } from './reference-check.js'
import { checkExamples, type ExampleCount } from './rule-examples.js'
import { EXPRESSION_CHARS_MAX } from './rule-parse.js'
import { ruleScope } from './rule-scope.js'
import { languagesOf, readMessage } from './rule-translations.js'
import { type CompiledRules, compileRules, type RuleInput } from './rules.js'
import { readFields } from './schema-read.js'
import type { ObjectSchema } from './schema-type.js'
import { checkSources } from './source-check.js'
import { checkUnique, readUnique } from './unique-check.js'
import type { CompiledUnique } from './unique-claim.js'
import { readWriters } from './writers-check.js'

const REFERENCES_MAX = 20
const RULES_MAX = 50
const RULE_MEMBERS = ['id', 'expr', 'message']
const OBJECT_MEMBERS = [
  'title',
  'key',
  'order',
  'amend',
  'fields',
  'references',
  'rules',
  'unique',
  'limits',
  'writers',
  'aliases',
  'removed'
]

/** An object that was checked, with what was compiled on the way. */
export interface CheckedObject {
  readonly name: string
  readonly path: FindingPath
  readonly schema: ObjectSchema
  readonly uniques: readonly CompiledUnique[]
  /** Filled in once all objects are known. */
  references: readonly CheckedReference[]
  rules: CompiledRules | null
  sources: readonly FieldSource[]
  limits: readonly CompiledLimit[]
  writers: readonly FieldWriters[]
}

/** Reads the shape of an object's definition and fills in the defaults; null when it has none. */
export function readObject(
  json: Json,
  path: FindingPath,
  source: 'file' | 'definition',
  findings: Findings
): ObjectDefinition | null {
  if (!isObject(json)) {
    findings.value(path, 'an object describes a kind of record', 'write key and fields below it')
    return null
  }
  checkMembers(json, OBJECT_MEMBERS, ['key', 'fields'], path, 'an object', findings)
  const name = String(path.at(-1))
  const rules = readRules(
    json.rules,
    [...path, 'rules'],
    source === 'file' ? [...RULE_MEMBERS, 'examples'] : RULE_MEMBERS,
    findings
  )
  const ids = rules.map(({ id }) => id)
  return {
    title: json.title === undefined ? name : readText(json.title, [...path, 'title'], 1, 200, findings),
    key: readNames(
      json.key ?? [],
      [...path, 'key'],
      'write [FIELD], or [] when each record stands for itself',
      findings
    ),
    ...readKeeping(json, path, findings),
    fields: (json.fields ?? {}) as JsonObject,
    references: readReferences(json.references, [...path, 'references'], findings),
    rules,
    // Absent rather than empty, as whatever is younger than the first definitions: these keep their hash.
    ...readUnique(json.unique, [...path, 'unique'], findings),
    ...readLimits(json.limits, [...path, 'limits'], ids, findings),
    ...readWriters(json.writers, [...path, 'writers'], findings),
    ...readAliases(json.aliases, [...path, 'aliases'], findings),
    ...readRemoved(json.removed, [...path, 'removed'], findings)
  }
}

/** Checks what an object says about itself: fields and key. */
export function checkObject(
  name: string,
  definition: ObjectDefinition,
  path: FindingPath,
  findings: Findings
): CheckedObject | null {
  const read = readFields(definition.fields, [...path, 'fields'], findings)
  if (read === null) return null
  checkKey(definition.key, read, path, findings)
  checkFormerNames(definition, read, path, findings)
  checkOrder(definition, read, path, findings)
  const schema = keySchemaOf(definition.key, read)
  const uniques = checkUnique(name, definition, schema, path, findings)
  return { name, path, schema, uniques, references: [], rules: null, sources: [], limits: [], writers: [] }
}

/** Checks what an object says about others: references and rules. */
export function checkObjectLinks(
  object: CheckedObject,
  definition: ObjectDefinition,
  objects: ReadonlyMap<string, CheckedObject>,
  definitions: ReadonlyMap<string, ObjectDefinition>,
  ruleCostMax: number,
  findings: Findings
): void {
  const references: CheckedReference[] = []
  let complete = true
  for (const [name, reference] of Object.entries(definition.references)) {
    const path = [...object.path, 'references', name]
    const target = objects.get(reference.object)
    const targetDefinition = definitions.get(reference.object)
    if (targetDefinition === undefined && reference.object !== '') {
      findings.value(
        [...path, 'object'],
        `there is no object ${quote(reference.object)}`,
        didYouMean(reference.object, [...definitions.keys()], 'objects')
      )
    }
    const checked =
      target === undefined || targetDefinition === undefined
        ? null
        : checkReference(
            name,
            reference,
            object.schema,
            { name: reference.object, schema: target.schema, key: targetDefinition.key },
            path,
            findings
          )
    if (checked === null) complete = false
    else references.push(checked)
  }
  object.references = references
  object.sources = checkSources(object.schema, object.path, objects, definitions, findings)
  // Rules are checked once all references are good: a mistake there would show again in every rule that uses it.
  if (!complete) return
  const scope = ruleScope(
    object.schema,
    references.map((reference) => reference.scope),
    definition.key.length > 0,
    definition.order !== undefined || definition.amend !== undefined
  )
  object.rules = compileRules(definition.rules, scope, ruleCostMax, [...object.path, 'rules'], findings)
  object.limits = checkLimits(definition.limits ?? [], { ...object, object: object.name, scope }, findings)
}

/**
 * Checks the examples that stand beside the rules of an object in a network file.
 * @param json of the object
 * @param role of an author that an example does not name
 */
export function checkObjectExamples(
  json: JsonObject,
  { name, path, schema, references, rules }: CheckedObject,
  role: string,
  findings: Findings
): ExampleCount[] {
  const list = Array.isArray(json.rules) ? (json.rules as JsonObject[]) : []
  const ground = { object: name, schema, references: references.map(({ scope }) => scope), role }
  return list.flatMap(({ id, examples, message }, index) => {
    if (examples === undefined || rules === null) return []
    const check = (input: RuleInput): Refusal | null => rules.checkOne(index, input)
    const rule = { check, languages: languagesOf(message as RuleMessage) }
    const count = checkExamples(examples, rule, ground, [...path, 'rules', index, 'examples'], findings)
    return [{ object: name, rule: String(id), ...count }]
  })
}

function readReferences(
  json: Json | undefined,
  path: FindingPath,
  findings: Findings
): Record<string, ReferenceDefinition> {
  const references: Record<string, ReferenceDefinition> = {}
  if (json === undefined) return references
  if (!isObject(json)) {
    findings.value(path, 'references are listed by name', 'write NAME: { object: OBJECT, key: [FIELD] }')
    return references
  }
  const entries = Object.entries(json)
  if (entries.length > REFERENCES_MAX)
    findings.name(path, `there are more than ${REFERENCES_MAX} references`, 'remove some')
  for (const [name, reference] of entries.slice(0, REFERENCES_MAX)) {
    const referencePath = [...path, name]
    checkName(name, REFERENCE_NAME, referencePath, findings)
    if (!isObject(reference)) {
      findings.value(referencePath, 'a reference points to an object', 'write { object: OBJECT, key: [FIELD] }')
      continue
    }
    checkMembers(reference, ['object', 'key', 'required'], ['object', 'key'], referencePath, 'a reference', findings)
    references[name] = {
      object: readText(reference.object, [...referencePath, 'object'], 1, 64, findings),
      key: readNames(
        reference.key ?? [],
        [...referencePath, 'key'],
        'write the fields that hold the key: [FIELD]',
        findings
      ),
      required: readFlag(reference.required, [...referencePath, 'required'], false, findings)
    }
  }
  return references
}

function readRules(
  json: Json | undefined,
  path: FindingPath,
  members: readonly string[],
  findings: Findings
): RuleDefinition[] {
  if (json === undefined) return []
  if (!Array.isArray(json)) {
    findings.value(path, 'rules must be a list', 'begin each rule with - id: NAME')
    return []
  }
  if (json.length > RULES_MAX) findings.name(path, `there are more than ${RULES_MAX} rules`, 'join some of them')
  const ids = new Set<string>()
  return json.slice(0, RULES_MAX).map((rule, index) => readRule(rule, [...path, index], members, ids, findings))
}

function readRule(
  json: Json,
  path: FindingPath,
  members: readonly string[],
  ids: Set<string>,
  findings: Findings
): RuleDefinition {
  if (!isObject(json)) {
    findings.value(path, 'a rule has id, expr and message', 'write - id: NAME, and expr and message below it')
    return { id: '', expr: 'true', message: '' }
  }
  checkMembers(json, members, RULE_MEMBERS, path, 'a rule', findings)
  const id = readText(json.id, [...path, 'id'], 1, 64, findings)
  if (id !== '' && !ROLE_NAME.pattern.test(id))
    findings.value([...path, 'id'], `${quote(id)} cannot be the id of a rule`, ROLE_NAME.text)
  if (id !== '' && ids.has(id))
    findings.value([...path, 'id'], `another rule of this object is called ${id}`, 'give each rule its own id')
  ids.add(id)
  const expr = readText(json.expr, [...path, 'expr'], 1, EXPRESSION_CHARS_MAX, findings)
  const message = readMessage(json.message, [...path, 'message'], findings)
  return { id, expr: expr === '' ? 'true' : expr, message }
}

/** A list of field names; mistakes are reported. */
function readNames(json: Json, path: FindingPath, remedy: string, findings: Findings): string[] {
  if (Array.isArray(json) && json.every((name) => typeof name === 'string')) return json as string[]
  findings.value(path, `${quote(json)} is not a list of fields`, remedy)
  return []
}
