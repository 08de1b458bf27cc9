import type { JsonObject } from '../base/json.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { didYouMean } from './nearest.js'
import type { ReferenceDefinition } from './network-definition.js'
import type { ScopeReference } from './rule-scope.js'
import { type FieldSchema, kindText, type ObjectSchema, UNREADABLE } from './schema-type.js'

/** Records one record may point to by one reference: each is read for every record. */
export const REFERENCE_ITEMS_MAX = 256

/** A reference that was checked. */
export interface CheckedReference {
  readonly scope: ScopeReference
  /** Keys of what a record points to, see CompiledReference in model.ts. */
  keysOf(data: JsonObject): string | readonly string[] | null
}

interface Target {
  readonly name: string
  readonly schema: ObjectSchema
  readonly key: readonly string[]
}

/** Checks a reference; null when it has mistakes, which were reported. */
export function checkReference(
  name: string,
  reference: ReferenceDefinition,
  schema: ObjectSchema,
  target: Target,
  path: FindingPath,
  findings: Findings
): CheckedReference | null {
  const keyPath = [...path, 'key']
  if (target.key.length === 0) {
    findings.value(
      [...path, 'object'],
      `${target.name} has no key, so nothing can point to it`,
      `give ${target.name} a key`
    )
    return null
  }
  if (reference.key.length !== target.key.length) {
    const problem = `the reference has ${reference.key.length} fields, the key of ${target.name} has ${target.key.length}`
    findings.value(keyPath, problem, `name a field for each of: ${target.key.join(', ')}`)
    return null
  }
  const fields = reference.key.map((field, index) => {
    const targetField = target.schema.properties.get(target.key[index]!)
    return targetField === undefined ? null : checkField(field, schema, targetField, target, index, keyPath, findings)
  })
  if (fields.includes(null)) return null
  const good = fields as KeyField[]
  const lists = good.filter((field) => field.itemsMax !== null)
  if (lists.length > 1) {
    findings.value(keyPath, 'only one field of a reference can be a list', 'use an object of its own for each pair')
    return null
  }
  const itemsMax = lists[0]?.itemsMax ?? null
  const optional = good.some((field) => field.optional)
  const scope = { name, object: target.name, schema: target.schema, required: reference.required, optional, itemsMax }
  return { scope, keysOf: (data) => keysOf(good, data) }
}

interface KeyField {
  readonly name: string
  readonly optional: boolean
  /** Null when it holds one value. */
  readonly itemsMax: number | null
}

function checkField(
  name: string,
  schema: ObjectSchema,
  targetField: FieldSchema,
  target: Target,
  index: number,
  path: FindingPath,
  findings: Findings
): KeyField | null {
  const field = schema.properties.get(name)
  const fieldPath = [...path, index]
  if (field === undefined) {
    findings.value(
      fieldPath,
      `there is no field ${quote(name)}`,
      didYouMean(name, [...schema.properties.keys()], 'fields')
    )
    return null
  }
  const single = field.kind === 'list' ? field.items : field
  if (single === UNREADABLE || targetField === UNREADABLE) return null
  const optional = !schema.required.has(name) || field.nullable
  const targetName = `${target.name}.${target.key[index]}`
  if (single.kind !== targetField.kind || scaleOf(single) !== scaleOf(targetField)) {
    findings.value(
      fieldPath,
      `${name} is ${kindText(single)}, but ${targetName} is ${kindText(targetField)}`,
      'give both the same type'
    )
    return null
  }
  if (field.kind !== 'list') return { name, optional, itemsMax: null }
  if (field.items.nullable) {
    findings.value(fieldPath, `${name} may hold null, which points nowhere`, 'do not allow null in its items')
    return null
  }
  if (field.itemsMax === null || field.itemsMax > REFERENCE_ITEMS_MAX) {
    findings.value(
      fieldPath,
      `${name} is a list of references and may hold at most ${REFERENCE_ITEMS_MAX}`,
      `give ${name} maxItems: ${REFERENCE_ITEMS_MAX} or less`
    )
    return null
  }
  return { name, optional, itemsMax: field.itemsMax }
}

function scaleOf(field: FieldSchema): number {
  return field.kind === 'decimal' ? field.scale : 0
}

/** JSON.stringify writes strings, safe integers and booleans as canonical JSON does. */
function keysOf(fields: readonly KeyField[], data: JsonObject): string | readonly string[] | null {
  const values: unknown[] = []
  let listAt = -1
  for (let i = 0; i < fields.length; i++) {
    const { name } = fields[i]!
    const value = Object.hasOwn(data, name) ? data[name] : undefined
    if (value === undefined || value === null) return null
    if (Array.isArray(value)) listAt = i
    values.push(value)
  }
  if (listAt === -1) return JSON.stringify(values)
  return (values[listAt] as unknown[]).map((item) => JSON.stringify(values.with(listAt, item)))
}
