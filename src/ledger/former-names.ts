import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { jsonPointer } from '../base/json-scan.js'
import { cut, type FindingPath, type Findings, pathText, quote } from './finding.js'
import { didYouMean } from './nearest.js'
import type { ObjectDefinition } from './network-definition.js'
import { isObject } from './network-members.js'
import { FIELD_NAME_CHARS_MAX } from './schema-read.js'
import type { ObjectSchema } from './schema-type.js'

/**
 * Names that fields had and have no more: `aliases` and `removed` of an object (docs/network-file.md). What stands on the chain
 * stays as it was written; here is how it is read by a younger definition.
 */
export interface FormerNames {
  /** Former names of fields, and what they are called now. */
  readonly aliases: ReadonlyMap<string, string>
  /** Names of fields that are gone for good. */
  readonly removed: ReadonlySet<string>
  /** Data that may be older than the definition, under the names of today and without what was removed. Changes nothing. */
  readonly present: (data: JsonObject) => JsonObject
}

/** Former names of one object, and removed ones; of a network's objects too. */
export const FORMER_NAMES_MAX = 1_000

/** Reads `aliases`; mistakes are reported. */
export function readAliases(
  json: Json | undefined,
  path: FindingPath,
  findings: Findings
): Pick<ObjectDefinition, 'aliases'> {
  if (json === undefined) return {}
  if (!isObject(json) || Object.values(json).some((name) => typeof name !== 'string')) {
    findings.value(path, 'aliases say what older records call a field', 'write { FORMER_NAME: FIELD }')
    return {}
  }
  const entries = Object.entries(json) as [string, string][]
  if (entries.length > FORMER_NAMES_MAX)
    findings.name(path, `there are more than ${FORMER_NAMES_MAX} aliases`, 'list the oldest under removed')
  // Absent rather than empty: definitions are hashed as they stand, and older ones know nothing of it.
  return entries.length === 0 ? {} : { aliases: Object.fromEntries(entries) }
}

/** Reads `removed`, of an object or of the network; mistakes are reported. Sorted, and absent when empty. */
export function readRemoved(json: Json | undefined, path: FindingPath, findings: Findings): { removed?: string[] } {
  if (json === undefined) return {}
  if (!Array.isArray(json) || json.some((name) => typeof name !== 'string' || name === '')) {
    findings.value(path, `${quote(json)} is not a list of names`, 'write [NAME, NAME]')
    return {}
  }
  const names = new Set<string>()
  for (const [index, name] of (json as string[]).entries()) {
    if (names.has(name)) findings.value([...path, index], `${shown(name)} is listed twice`, 'remove one of them')
    names.add(name)
  }
  if (names.size > FORMER_NAMES_MAX)
    findings.name(path, `there are more than ${FORMER_NAMES_MAX} removed names`, 'keep some of them')
  return names.size === 0 ? {} : { removed: [...names].sort() }
}

/** Checks that no name is at once one of today and one of before, and that each alias leads to a field. */
export function checkFormerNames(
  { aliases = {}, removed = [] }: ObjectDefinition,
  schema: ObjectSchema,
  path: FindingPath,
  findings: Findings
): void {
  const fields = [...schema.properties.keys()]
  for (const [former, now] of Object.entries(aliases)) {
    const at = [...path, 'aliases', former]
    checkFormer(former, schema, at, findings)
    if (schema.properties.has(now)) continue
    const next = Object.hasOwn(aliases, now) ? aliases[now] : undefined
    const remedy =
      next === undefined || !schema.properties.has(next)
        ? `${didYouMean(now, fields, 'fields')} (fields within fields have no aliases)`
        : `${shown(now)} is called ${shown(next)} now: write ${shown(former)}: ${shown(next)}`
    findings.value(at, `there is no field ${quote(now)}`, remedy)
  }
  for (const name of removed) {
    const at = [...path, 'removed']
    checkFormer(name, schema, at, findings)
    if (Object.hasOwn(aliases, name))
      findings.value(at, `${shown(name)} is an alias too`, 'leave it in one of aliases and removed')
  }
}

function checkFormer(name: string, schema: ObjectSchema, path: FindingPath, findings: Findings): void {
  if (name === '' || name.length > FIELD_NAME_CHARS_MAX || name === '__proto__') {
    findings.name(path, `${quote(name)} cannot be the name of a field`, `write 1 to ${FIELD_NAME_CHARS_MAX} characters`)
  } else if (schema.properties.has(name)) {
    findings.name(path, `${shown(name)} is a field of today`, 'a former name cannot be used again: choose another one')
  } else if (schema.required.has(name)) {
    findings.name(path, `${shown(name)} is required, and no record can have it`, 'take it out of required')
  }
}

/** How data of an object is read that may be older than its definition. */
export function formerNames({ aliases = {}, removed = [] }: ObjectDefinition): FormerNames {
  // By name, since members of JSON have no order: where a record has two former names of one field, the first one counts.
  const renamed = Object.entries(aliases).sort(([a], [b]) => (a < b ? -1 : 1))
  const names = { aliases: new Map(renamed), removed: new Set(removed) }
  const former = [...names.aliases.keys(), ...removed]
  if (former.length === 0) return { ...names, present: asWritten }
  return {
    ...names,
    present: (data) => (former.some((name) => Object.hasOwn(data, name)) ? presentData(data, names) : data)
  }
}

function asWritten(data: JsonObject): JsonObject {
  return data
}

function presentData(data: JsonObject, { aliases, removed }: Omit<FormerNames, 'present'>): JsonObject {
  const present = new Map(Object.entries(data).filter(([name]) => !aliases.has(name) && !removed.has(name)))
  for (const [former, now] of aliases) {
    // Only where additional fields are allowed can a record have both; then the younger name is the field.
    if (Object.hasOwn(data, former) && !present.has(now)) present.set(now, data[former]!)
  }
  return Object.fromEntries([...present].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Refusal SCHEMA of a new record that uses a name of before; null when it has none. Open objects refuse them too. */
export function formerNameRefusal(object: string, { aliases, removed }: FormerNames, data: JsonObject): Refusal | null {
  for (const [former, now] of aliases) {
    if (!Object.hasOwn(data, former)) continue
    return refusal(former, `${shown(former)} is called ${shown(now)} now: a new ${object} must write ${shown(now)}`)
  }
  for (const name of removed) {
    if (Object.hasOwn(data, name)) return refusal(name, `${shown(name)} was removed: a new ${object} cannot have it`)
  }
  return null
}

function refusal(name: string, message: string): Refusal {
  return { code: 'SCHEMA', message, path: jsonPointer([name]) }
}

function shown(name: string): string {
  return pathText([cut(name, 60)])
}
