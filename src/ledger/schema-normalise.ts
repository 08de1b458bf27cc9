import { accept, type Outcome, type Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { jsonPointer } from '../base/json-scan.js'
import { normaliseDecimal, WHOLE_DIGITS_MAX } from './decimal.js'
import { pathText, quote } from './finding.js'
import { defaultOf } from './schema-read-default.js'
import type { DecimalSchema, FieldSchema, ListSchema, ObjectSchema } from './schema-type.js'

/**
 * Compiles the author's side: a field that is left out gets its default, and of decimals 12.5, 12 or "12.5" become "12.50"
 * where the scale is 2. Everything else is left as it is, also what the schema will refuse. The input is not changed; without
 * defaults and decimals it is returned as it came.
 */
export function compileNormalise(schema: ObjectSchema): (data: JsonObject) => Outcome<JsonObject> {
  if (!isFilled(schema)) return accept
  return (data) => {
    const outcome = normaliseObject(schema, data, [])
    return 'refused' in outcome ? { ok: false, refusal: outcome.refused } : accept(outcome.value as JsonObject)
  }
}

type Normalised = { value: Json } | { refused: Refusal }

function normaliseValue(schema: FieldSchema, value: Json, path: readonly (string | number)[]): Normalised {
  if (value === null) return { value }
  if (schema.kind === 'decimal') return normaliseAmount(schema, value, path)
  if (schema.kind === 'list' && Array.isArray(value)) return normaliseList(schema, value, path)
  if (schema.kind === 'object' && typeof value === 'object' && !Array.isArray(value)) {
    return normaliseObject(schema, value, path)
  }
  return { value }
}

function normaliseAmount(schema: DecimalSchema, value: Json, path: readonly (string | number)[]): Normalised {
  if (typeof value !== 'string' && typeof value !== 'number') return { value }
  const result = normaliseDecimal(value, schema.scale)
  if ('text' in result) return { value: result.text }
  // Not a number at all: the schema check says so in its own words.
  if (result.problem === 'not-a-decimal') return { value }
  const reason =
    result.problem === 'too-large'
      ? `has more than ${WHOLE_DIGITS_MAX} digits before the point`
      : `has more than ${schema.scale} digits after the point`
  const message = `${pathText(path)} ${reason}: ${quote(value)}`
  return { refused: { code: 'SCHEMA', message, path: jsonPointer(path) } }
}

function normaliseList(schema: ListSchema, list: Json[], path: readonly (string | number)[]): Normalised {
  if (!isFilled(schema.items)) return { value: list }
  const copy: Json[] = []
  for (let i = 0; i < list.length; i++) {
    const item = normaliseValue(schema.items, list[i]!, [...path, i])
    if ('refused' in item) return item
    copy.push(item.value)
  }
  return { value: copy }
}

function normaliseObject(schema: ObjectSchema, object: JsonObject, path: readonly (string | number)[]): Normalised {
  const copy: JsonObject = {}
  for (const name of Object.keys(object)) {
    const field = schema.properties.get(name) ?? schema.additional
    const member = object[name]!
    const result = field === null ? { value: member } : normaliseValue(field, member, [...path, name])
    if ('refused' in result) return result
    copy[name] = result.value
  }
  for (const [name, field] of schema.properties) {
    const standard = defaultOf(field)
    if (standard !== undefined && !Object.hasOwn(copy, name)) copy[name] = standard
  }
  return { value: copy }
}

/** Whether there is a decimal or a default in it. */
function isFilled(schema: FieldSchema): boolean {
  if (schema.kind === 'decimal' || defaultOf(schema) !== undefined) return true
  if (schema.kind === 'list') return isFilled(schema.items)
  if (schema.kind !== 'object') return false
  if (schema.additional !== null && isFilled(schema.additional)) return true
  return [...schema.properties.values()].some(isFilled)
}
