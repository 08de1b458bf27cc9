/** The closed list of what the schema subset knows (docs/schema.md). */

export const TYPES = [
  'string',
  'integer',
  'decimal',
  'number',
  'boolean',
  'array',
  'object',
  'null',
  'attachment'
] as const

export type TypeName = (typeof TYPES)[number]

/** Keywords that say something to people and nothing to the validator. */
export const NOTE_KEYWORDS: readonly string[] = ['title', 'description', '$comment', 'examples']

const VALUES = ['type', 'enum', 'const']
const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']

/** Keywords by type; `any` is a schema that names no type. */
export const KEYWORDS: Readonly<Record<TypeName | 'any', readonly string[]>> = {
  string: [...VALUES, 'minLength', 'maxLength', 'pattern', 'format', 'from', 'default'],
  integer: [...VALUES, ...BOUNDS, 'multipleOf', 'from', 'default'],
  decimal: ['type', 'scale', 'minimum', 'maximum', 'default'],
  number: [...VALUES, ...BOUNDS, 'default'],
  boolean: [...VALUES, 'default'],
  array: ['type', 'items', 'minItems', 'maxItems', 'uniqueItems'],
  object: ['type', 'properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  null: VALUES,
  attachment: ['type', 'maxBytes', 'mediaTypes'],
  any: []
}

export const ALL_KEYWORDS: readonly string[] = [...new Set([...Object.values(KEYWORDS).flat(), '$ref', '$defs'])]

const BY_RULE = 'say it with a rule, which can also explain itself'

/** Keywords of JSON Schema that are left out, and what to do instead. */
export const FOREIGN_KEYWORDS: ReadonlyMap<string, string> = new Map([
  ['allOf', 'write the keywords into one schema'],
  ['anyOf', BY_RULE],
  ['oneOf', BY_RULE],
  ['not', BY_RULE],
  ['if', BY_RULE],
  ['then', BY_RULE],
  ['else', BY_RULE],
  ['dependentRequired', BY_RULE],
  ['dependentSchemas', BY_RULE],
  ['contains', BY_RULE],
  ['minContains', BY_RULE],
  ['maxContains', BY_RULE],
  ['patternProperties', 'list the fields under properties, or give additionalProperties a schema'],
  ['propertyNames', 'list the fields under properties'],
  ['prefixItems', 'give all items one schema with items, or use an object with a field for each'],
  ['unevaluatedProperties', 'use additionalProperties'],
  ['unevaluatedItems', 'use items'],
  ['additionalItems', 'use items'],
  ['definitions', 'use $defs'],
  ['dependencies', BY_RULE],
  ['$defs', 'definitions stand at the top of fields only'],
  ['$schema', 'the dialect is fixed: the documented subset of JSON Schema 2020-12; remove it'],
  ['$id', 'schemas have no addresses here; remove it'],
  ['$anchor', 'point to definitions by "#/$defs/NAME"'],
  ['$dynamicRef', 'point to definitions by "#/$defs/NAME"'],
  ['$dynamicAnchor', 'point to definitions by "#/$defs/NAME"'],
  ['$vocabulary', 'remove it'],
  ['contentEncoding', 'it would not be checked; remove it'],
  ['contentMediaType', 'it would not be checked; remove it'],
  ['contentSchema', 'it would not be checked; remove it'],
  ['nullable', 'write the type as [string, "null"]'],
  ['readOnly', 'remove it'],
  ['writeOnly', 'remove it'],
  ['deprecated', 'say it in the description']
])
