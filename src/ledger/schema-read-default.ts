import type { Json, JsonObject } from '../base/json.js'
import { normaliseDecimal } from './decimal.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { compileSchema } from './schema.js'
import type { FieldSchema, ObjectSchema } from './schema-type.js'

/** A default that was read: checked once all of an object's schema is. */
export interface ReadDefault {
  readonly path: FindingPath
  readonly schema: FieldSchema
  readonly value: Json
}

/** The schema with its default as it stands in a record, where the file gives one. */
export function withDefault(
  schema: FieldSchema,
  value: Json | undefined,
  path: FindingPath,
  defaults: ReadDefault[],
  findings: Findings
): FieldSchema {
  if (value === undefined) return schema
  const written = writtenDefault(schema, value, path, findings)
  if (written === undefined) return schema
  defaults.push({ path, schema, value: written })
  return { ...schema, default: written } as FieldSchema
}

/** A decimal may be written either way; undefined when it has more digits than its scale. */
function writtenDefault(schema: FieldSchema, value: Json, path: FindingPath, findings: Findings): Json | undefined {
  if (schema.kind !== 'decimal' || (typeof value !== 'number' && typeof value !== 'string')) return value
  const result = normaliseDecimal(value, schema.scale)
  if ('text' in result) return result.text
  const problem = `the default ${quote(value)} is not a decimal with at most ${schema.scale} digits after the point`
  findings.value(path, problem, 'write it such as "12.50"')
  return undefined
}

/** Whether a schema has a default; where it does not belong to a field with a name, it could never be filled in. */
export function reportDefault(schema: FieldSchema | null, path: FindingPath, findings: Findings): void {
  if (schema === null || defaultOf(schema) === undefined) return
  findings.value(path, 'a default belongs to a field that has a name', 'remove it here')
}

export function defaultOf(schema: FieldSchema): Json | undefined {
  return 'default' in schema ? schema.default : undefined
}

/** Reports defaults that their own schema does not take. */
export function checkDefaults(defaults: readonly ReadDefault[], findings: Findings): void {
  if (defaults.length === 0 || takesAll(defaults)) return
  for (const { path, schema, value } of defaults) {
    const refusal = compileSchema('default', objectOf([['default', schema]]))({ default: value })
    if (refusal !== null) findings.value(path, refusal.message, 'write a value that the field takes')
  }
}

/** All at once, since to compile a validator takes time and most defaults are good. */
function takesAll(defaults: readonly ReadDefault[]): boolean {
  const schema = objectOf(defaults.map(({ schema: field }, index) => [`d${index}`, field]))
  const data: JsonObject = Object.fromEntries(defaults.map(({ value }, index) => [`d${index}`, value]))
  return compileSchema('default', schema)(data) === null
}

function objectOf(fields: readonly (readonly [string, FieldSchema])[]): ObjectSchema {
  const properties = new Map(fields)
  const bounds = { propertiesMin: 0, propertiesMax: null }
  return { kind: 'object', nullable: false, properties, required: new Set(), additional: null, ...bounds }
}
