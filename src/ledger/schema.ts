import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { assertInvariant, type Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { attachmentProblem } from './attachment.js'
import { readDecimal } from './decimal.js'
import { compilePattern } from './pattern.js'
import { readDate, readDateTime } from './rfc3339.js'
import { schemaRefusal } from './schema-message.js'
import type {
  AttachmentSchema,
  DecimalSchema,
  FieldSchema,
  ListSchema,
  NumericBounds,
  ObjectSchema,
  StringSchema
} from './schema-type.js'

/**
 * The validator of an object's data. Ajv compiles it from the schema that was read and not from the file, so that only
 * what the documented subset knows can reach it. Its patterns run in the linear-time engine, its formats are ours.
 */

/** Version of the subset, part of the genesis. */
export const SCHEMA_ENGINE = 'json-schema-2020-12-subset/1'

/** Checks data as it stands in a record: a refusal SCHEMA with `path` (JSON Pointer), or null when it is good. */
export type SchemaCheck = (data: JsonObject) => Refusal | null

/**
 * Compiles the validator.
 * @param object the name of the object, for messages
 */
export function compileSchema(object: string, schema: ObjectSchema): SchemaCheck {
  const ajv = newAjv()
  const validate: ValidateFunction = ajv.compile(validatorSchema(schema))
  return (data) => {
    if (validate(data)) return null
    const error = validate.errors?.[0]
    assertInvariant(error !== undefined, 'a validator that says no says why')
    return schemaRefusal(object, schema, data, error as ErrorObject)
  }
}

function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    allErrors: false,
    ownProperties: true,
    validateSchema: false,
    addUsedSchema: false,
    logger: false,
    formats: {
      date: (text: string) => readDate(text) !== null,
      'date-time': (text: string) => readDateTime(text) !== null
    },
    code: { regExp: Object.assign(linearRegExp, { code: 'linearRegExp' }) }
  })
  ajv.addKeyword({
    keyword: 'decimal',
    type: 'string',
    errors: false,
    compile: (schema: DecimalSchema) => (text: string) => isDecimal(text, schema)
  })
  ajv.addKeyword({
    keyword: 'attachment',
    type: 'object',
    errors: false,
    compile: (schema: AttachmentSchema) => (value: JsonObject) => attachmentProblem(schema, value) === null
  })
  return ajv
}

/** What Ajv asks for in place of the host's RegExp. */
function linearRegExp(source: string): { test(text: string): boolean } {
  const result = compilePattern(source)
  assertInvariant('pattern' in result, 'a pattern was compiled before when the schema was read')
  return result.pattern
}

function isDecimal(text: string, { scale, minimum, maximum }: DecimalSchema): boolean {
  const scaled = readDecimal(text, scale)
  if (scaled === null) return false
  return (minimum === null || scaled >= minimum) && (maximum === null || scaled <= maximum)
}

/** The schema as Ajv takes it. */
function validatorSchema(schema: FieldSchema): Record<string, unknown> | boolean {
  switch (schema.kind) {
    case 'any':
      return true
    case 'null':
      return { type: 'null' }
    case 'boolean':
      return { ...typed('boolean', schema), ...valuesOf(schema) }
    case 'string':
      return stringKeywords(schema)
    case 'decimal':
      return { ...typed('string', schema), decimal: schema }
    case 'integer': {
      const { multipleOf } = schema
      const multiple = multipleOf === null ? {} : { multipleOf }
      return { ...typed('integer', schema), ...bounds(schema), ...multiple, ...valuesOf(schema) }
    }
    case 'number':
      return { ...typed('number', schema), ...bounds(schema), ...valuesOf(schema) }
    case 'list':
      return listKeywords(schema)
    case 'object':
      return objectKeywords(schema)
    case 'attachment':
      return { ...typed('object', schema), attachment: schema }
  }
}

function typed(type: string, { nullable }: { nullable: boolean }): Record<string, unknown> {
  return nullable ? { type: [type, 'null'] } : { type }
}

function valuesOf(schema: { nullable: boolean; values: readonly unknown[] | null }): Record<string, unknown> {
  if (schema.values === null) return {}
  return { enum: schema.nullable ? [...schema.values, null] : schema.values }
}

function stringKeywords(schema: StringSchema): Record<string, unknown> {
  const keywords = { ...typed('string', schema), ...valuesOf(schema) }
  if (schema.lengthMin > 0) keywords.minLength = schema.lengthMin
  if (schema.lengthMax !== null) keywords.maxLength = schema.lengthMax
  if (schema.format !== null) keywords.format = schema.format
  if (schema.pattern !== null) keywords.pattern = schema.pattern.source
  return keywords
}

/** All numbers stay within the safe range, inclusive, whatever the schema says. */
function bounds(schema: NumericBounds): Record<string, unknown> {
  const keywords: Record<string, unknown> = {
    minimum: Math.max(schema.minimum ?? -Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
    maximum: Math.min(schema.maximum ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  }
  if (schema.exclusiveMinimum !== null) keywords.exclusiveMinimum = schema.exclusiveMinimum
  if (schema.exclusiveMaximum !== null) keywords.exclusiveMaximum = schema.exclusiveMaximum
  return keywords
}

function listKeywords(schema: ListSchema): Record<string, unknown> {
  const keywords: Record<string, unknown> = { ...typed('array', schema), items: validatorSchema(schema.items) }
  if (schema.itemsMin > 0) keywords.minItems = schema.itemsMin
  if (schema.itemsMax !== null) keywords.maxItems = schema.itemsMax
  if (schema.unique) keywords.uniqueItems = true
  return keywords
}

function objectKeywords(schema: ObjectSchema): Record<string, unknown> {
  const properties: Record<string, unknown> = {}
  for (const [name, field] of schema.properties) properties[name] = validatorSchema(field)
  const keywords: Record<string, unknown> = { ...typed('object', schema), properties }
  // Ajv's strict mode wants each required field to be listed; one that an open object requires may be anything.
  for (const name of schema.required) properties[name] ??= true
  if (schema.required.size > 0) keywords.required = [...schema.required]
  keywords.additionalProperties = schema.additional === null ? false : validatorSchema(schema.additional)
  if (schema.propertiesMin > 0) keywords.minProperties = schema.propertiesMin
  if (schema.propertiesMax !== null) keywords.maxProperties = schema.propertiesMax
  return keywords
}
