import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { jsonPointer } from '../base/json-scan.js'
import { attachmentProblem } from './attachment.js'
import { DECIMAL_CHARS_MAX, writeDecimal } from './decimal.js'
import { cut, pathText, quote } from './finding.js'
import { nearest } from './nearest.js'
import { type FieldSchema, kindText, type ObjectSchema } from './schema-type.js'

/** What the validator said, as a refusal that people understand and programs can place. */
export function schemaRefusal(object: string, root: ObjectSchema, data: JsonObject, error: ErrorObject): Refusal {
  const steps = pointerSteps(error.instancePath)
  const { value, schema, names } = walk(root, data, steps)
  const refusal = (message: string, pointer = error.instancePath): Refusal => ({
    code: 'SCHEMA',
    message,
    path: pointer
  })
  if (error.keyword === 'required') {
    const name = String(error.params.missingProperty)
    return refusal(`${pathText([...names, name])} is missing`, `${error.instancePath}${jsonPointer([name])}`)
  }
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params.additionalProperty)
    const pointer = name.length > 200 ? error.instancePath : `${error.instancePath}${jsonPointer([name])}`
    return refusal(unknownField(object, names, schema, name), pointer)
  }
  if (error.keyword === 'attachment' && schema.kind === 'attachment') {
    const found = attachmentProblem(schema, value as JsonObject)
    const member = found?.member == null ? [] : [found.member]
    const pointer = `${error.instancePath}${jsonPointer(member)}`
    return refusal(`${pathText([...names, ...member])} ${found?.problem}`, pointer)
  }
  return refusal(`${names.length === 0 ? 'the data' : pathText(names)} ${complaint(error, schema, value)}`)
}

/** The words after the field's name. */
function complaint(error: ErrorObject, schema: FieldSchema, value: Json | undefined): string {
  const { limit } = error.params
  switch (error.keyword) {
    case 'type':
      return `must be ${kindText(schema)}, not ${typeText(value)}`
    case 'enum':
      return `must be ${oneOf(schema)}, not ${quote(value)}`
    case 'minLength':
    case 'maxLength':
      return `has ${codePoints(value)} characters; ${error.keyword === 'minLength' ? 'at least' : 'at most'} ${limit} are allowed`
    case 'minItems':
    case 'maxItems':
      return `has ${sizeOf(value)} items; ${error.keyword === 'minItems' ? 'at least' : 'at most'} ${limit} are allowed`
    case 'minProperties':
    case 'maxProperties':
      return `has ${sizeOf(value)} fields; ${error.keyword === 'minProperties' ? 'at least' : 'at most'} ${limit} are allowed`
    case 'uniqueItems':
      return `lists the same value twice, at positions ${twice(error.params.i, error.params.j)}`
    case 'pattern':
      return `does not match the pattern ${cut(String(error.params.pattern), 100)}: ${quote(value)}`
    case 'format':
      return `must be ${kindText(schema)}, not ${quote(value)}`
    case 'decimal':
      return decimalComplaint(schema, value)
    case 'multipleOf':
      return `must be a multiple of ${error.params.multipleOf}, not ${quote(value)}`
    default:
      return `must be ${comparison(String(error.params.comparison))} ${limit}, not ${quote(value)}`
  }
}

function twice(i: unknown, j: unknown): string {
  const [first, second] = [Number(i) + 1, Number(j) + 1]
  return `${Math.min(first, second)} and ${Math.max(first, second)}`
}

function comparison(sign: string): string {
  if (sign === '>=') return 'at least'
  if (sign === '<=') return 'at most'
  return sign === '>' ? 'more than' : 'less than'
}

function decimalComplaint(schema: FieldSchema, value: Json | undefined): string {
  if (schema.kind !== 'decimal' || typeof value !== 'string') return 'must be a decimal'
  const { minimum, maximum, scale } = schema
  const form = `${kindText(schema)} such as ${JSON.stringify(writeDecimal(1250n, scale))}`
  if (value.length > DECIMAL_CHARS_MAX || !/^-?[0-9.]+$/.test(value)) return `must be ${form}, not ${quote(value)}`
  if (minimum !== null && maximum !== null) {
    return `must be ${form}, from ${writeDecimal(minimum, scale)} to ${writeDecimal(maximum, scale)}, not ${quote(value)}`
  }
  const low = minimum === null ? '' : ` and at least ${writeDecimal(minimum, scale)}`
  const high = maximum === null ? '' : ` and at most ${writeDecimal(maximum, scale)}`
  return `must be ${form}${low}${high}, not ${quote(value)}`
}

function unknownField(object: string, names: (string | number)[], schema: FieldSchema, name: string): string {
  const known = schema.kind === 'object' ? schema.properties.keys() : []
  const near = nearest(name, known)
  const where = names.length === 0 ? object : pathText(names)
  const field = pathText([cut(name, 60)])
  return `${field} is not a field of ${where}${near === null ? '' : `; did you mean ${near}?`}`
}

function oneOf(schema: FieldSchema): string {
  const values = 'values' in schema && schema.values !== null ? schema.values : []
  const shown = values.slice(0, 10).map((value) => cut(String(value), 40))
  const more = values.length > 10 ? ` or one of ${values.length - 10} others` : ''
  return values.length === 1 ? `${shown[0]}` : `one of ${shown.join(', ')}${more}`
}

function typeText(value: Json | undefined): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : `the number ${value}`
  if (typeof value === 'boolean') return `${value}`
  return typeof value === 'string' ? `the text ${quote(value)}` : 'an object'
}

function codePoints(value: Json | undefined): number {
  let count = 0
  for (const _ of String(value)) count++
  return count
}

function sizeOf(value: Json | undefined): number {
  if (Array.isArray(value)) return value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

/** Follows a pointer through data and schema together. */
function walk(
  root: ObjectSchema,
  data: JsonObject,
  steps: readonly string[]
): { value: Json | undefined; schema: FieldSchema; names: (string | number)[] } {
  let value: Json | undefined = data
  let schema: FieldSchema = root
  const names: (string | number)[] = []
  for (const step of steps) {
    if (Array.isArray(value)) {
      value = value[Number(step)]
      names.push(Number(step))
      if (schema.kind === 'list') schema = schema.items
    } else {
      value = typeof value === 'object' && value !== null ? value[step] : undefined
      names.push(step)
      if (schema.kind === 'object') schema = schema.properties.get(step) ?? schema.additional ?? schema
    }
  }
  return { value, schema, names }
}

/** The unescaped steps of a JSON Pointer (RFC 6901). */
function pointerSteps(pointer: string): string[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
