import type { Json, JsonObject } from '../base/json.js'
import type { FindingPath, Findings } from './finding.js'
import { quote } from './finding.js'
import { didYouMean } from './nearest.js'
import { NOTE_KEYWORDS, type TypeName } from './schema-keywords.js'
import { readAttachmentSchema } from './schema-read-attachment.js'
import { checkDefaults, type ReadDefault, reportDefault, withDefault } from './schema-read-default.js'
import { readDecimalSchema, readNumericSchema } from './schema-read-number.js'
import { readStringSchema } from './schema-read-string.js'
import { checkKeywords, readType } from './schema-read-type.js'
import { checkOrder, readCount, readValues, withNull } from './schema-read-value.js'
import { ANY, type FieldSchema, type ObjectSchema, UNREADABLE } from './schema-type.js'

/** Schemas within schemas: deeper data would not fit the nesting of a record. */
export const SCHEMA_DEPTH_MAX = 16

/** Schemas of one object with every `$ref` written out: a bound on what is compiled. */
export const SCHEMA_NODES_MAX = 2000

/** Characters of a field's name. */
export const FIELD_NAME_CHARS_MAX = 128

/** What reading one object's schema needs to know and to count. */
export interface SchemaContext {
  readonly findings: Findings
  readonly definitions: ReadonlyMap<string, Json>
  readonly definitionsPath: FindingPath
  /** Names of the definitions being written out, to find a circle. */
  readonly open: readonly string[]
  readonly depth: number
  readonly counter: { nodes: number }
  /** All that were read so far. */
  readonly defaults: ReadDefault[]
}

/**
 * Reads the `fields` of an object: a JSON Schema of type object in the documented subset.
 * @returns null when it cannot be used; the findings say why
 */
export function readFields(json: Json, path: FindingPath, findings: Findings): ObjectSchema | null {
  if (!isObject(json)) {
    findings.value(path, 'fields must be a JSON Schema', 'write type: object and properties with a line for each field')
    return null
  }
  const definitionsPath = [...path, '$defs']
  const definitions = readDefinitions(json.$defs, definitionsPath, findings)
  const counter = { nodes: 0 }
  const context: SchemaContext = { findings, definitions, definitionsPath, open: [], depth: 0, counter, defaults: [] }
  const { $defs: _, ...rest } = json
  if (rest.type === undefined && rest.$ref === undefined) rest.type = 'object'
  const schema = readSchema(rest, path, context)
  checkDefaults(context.defaults, findings)
  if (schema === null) return null
  if (schema.kind === 'object' && !schema.nullable) return schema
  findings.value(path, 'the data of a record is an object', 'write type: object and list the fields under properties')
  return null
}

/** Reads one schema anywhere within. */
export function readSchema(json: Json, path: FindingPath, context: SchemaContext): FieldSchema | null {
  const { findings, counter } = context
  counter.nodes++
  if (counter.nodes > SCHEMA_NODES_MAX) {
    if (counter.nodes === SCHEMA_NODES_MAX + 1) {
      findings.value(path, `the schema has more than ${SCHEMA_NODES_MAX} parts`, 'split the object into several')
    }
    return null
  }
  if (context.depth > SCHEMA_DEPTH_MAX) {
    findings.value(path, `the schema nests deeper than ${SCHEMA_DEPTH_MAX} levels`, 'flatten it')
    return null
  }
  if (json === true) return ANY
  if (!isObject(json)) {
    findings.value(path, `${quote(json)} is not a schema`, 'write something like { type: string, maxLength: 50 }')
    return null
  }
  if (json.$ref !== undefined) return readReference(json, path, context)
  const type = readType(json, path, findings)
  if (!checkKeywords(json, type.name, path, findings)) return null
  if (type.name === undefined) return null
  const schema = readByType(type.name, type.nullable, json, path, context)
  return schema === null ? null : withDefault(schema, json.default, [...path, 'default'], context.defaults, findings)
}

function readByType(
  name: TypeName | 'any',
  nullable: boolean,
  json: JsonObject,
  path: FindingPath,
  context: SchemaContext
): FieldSchema | null {
  switch (name) {
    case 'any':
      return ANY
    case 'null':
      return { kind: 'null', nullable: true }
    case 'string':
      return readStringSchema(json, nullable, path, context.findings)
    case 'integer':
    case 'number':
      return readNumericSchema(name, json, nullable, path, context.findings)
    case 'decimal':
      return readDecimalSchema(json, nullable, path, context.findings)
    case 'boolean': {
      const values = readValues(json, 'boolean', path, context.findings)
      return { kind: 'boolean', nullable: withNull(json, nullable), values: values as boolean[] | null }
    }
    case 'array':
      return readList(json, nullable, path, context)
    case 'object':
      return readObject(json, nullable, path, context)
    case 'attachment':
      return readAttachmentSchema(json, nullable, path, context.findings)
  }
}

function readReference(json: JsonObject, path: FindingPath, context: SchemaContext): FieldSchema | null {
  const { findings, definitions, open } = context
  const refPath = [...path, '$ref']
  for (const keyword of Object.keys(json)) {
    if (keyword === '$ref' || NOTE_KEYWORDS.includes(keyword)) continue
    findings.name(
      [...path, keyword],
      'nothing but title and description may stand beside $ref',
      `move ${keyword} into the definition`
    )
    return null
  }
  const prefix = '#/$defs/'
  if (typeof json.$ref !== 'string' || !json.$ref.startsWith(prefix)) {
    findings.value(
      refPath,
      `${quote(json.$ref)} does not point into this schema`,
      'point to a definition of this object: "#/$defs/NAME"'
    )
    return null
  }
  const name = json.$ref.slice(prefix.length)
  const definition = definitions.get(name)
  if (definition === undefined) {
    findings.value(
      refPath,
      `there is no definition ${quote(name)}`,
      didYouMean(name, [...definitions.keys()], 'definitions')
    )
    return null
  }
  if (open.includes(name)) {
    findings.value(refPath, `${name} contains itself`, 'a schema must end: write out as many levels as there are')
    return null
  }
  const inner = { ...context, open: [...open, name], depth: context.depth + 1 }
  return readSchema(definition, [...context.definitionsPath, name], inner)
}

function readDefinitions(json: Json | undefined, path: FindingPath, findings: Findings): Map<string, Json> {
  if (json === undefined) return new Map()
  if (isObject(json)) return new Map(Object.entries(json))
  findings.value(path, '$defs must hold schemas by name', 'write NAME: { type: ... }')
  return new Map()
}

function readList(json: JsonObject, nullable: boolean, path: FindingPath, context: SchemaContext): FieldSchema | null {
  const { findings } = context
  const inner = { ...context, depth: context.depth + 1 }
  const items = json.items === undefined ? ANY : readSchema(json.items, [...path, 'items'], inner)
  reportDefault(items, [...path, 'items'], findings)
  const itemsMin = readCount(json, 'minItems', path, findings) ?? 0
  const itemsMax = readCount(json, 'maxItems', path, findings)
  checkOrder(itemsMin, itemsMax, 'minItems', 'maxItems', path, findings)
  const unique = json.uniqueItems ?? false
  if (typeof unique !== 'boolean')
    findings.value([...path, 'uniqueItems'], 'uniqueItems is true or false', 'write true or false')
  if (items === null) return null
  if (unique === true && ['list', 'object', 'attachment', 'any'].includes(items.kind)) {
    findings.value(
      [...path, 'uniqueItems'],
      'only strings, numbers and the like can be compared for uniqueItems',
      'remove it, or give items a simple type'
    )
  }
  return { kind: 'list', nullable, items, itemsMin, itemsMax, unique: unique === true }
}

function readObject(
  json: JsonObject,
  nullable: boolean,
  path: FindingPath,
  context: SchemaContext
): FieldSchema | null {
  const { findings } = context
  const inner = { ...context, depth: context.depth + 1 }
  const properties = readProperties(json.properties, [...path, 'properties'], inner)
  const { additionalProperties = true } = json
  const additionalPath = [...path, 'additionalProperties']
  const additional = additionalProperties === false ? null : readSchema(additionalProperties, additionalPath, inner)
  reportDefault(additional, additionalPath, findings)
  const required = readRequired(
    json.required,
    properties,
    additionalProperties !== false,
    [...path, 'required'],
    findings
  )
  const propertiesMin = readCount(json, 'minProperties', path, findings) ?? 0
  const propertiesMax = readCount(json, 'maxProperties', path, findings)
  checkOrder(propertiesMin, propertiesMax, 'minProperties', 'maxProperties', path, findings)
  if (additional === null && additionalProperties !== false) return null
  return { kind: 'object', nullable, properties, required, additional, propertiesMin, propertiesMax }
}

function readProperties(json: Json | undefined, path: FindingPath, context: SchemaContext): Map<string, FieldSchema> {
  const properties = new Map<string, FieldSchema>()
  if (json === undefined) return properties
  if (!isObject(json)) {
    context.findings.value(path, 'properties must list the fields', 'write a line NAME: { type: ... } for each field')
    return properties
  }
  for (const [name, schema] of Object.entries(json)) {
    const fieldPath = [...path, name]
    if (name === '' || name.length > FIELD_NAME_CHARS_MAX) {
      context.findings.name(
        fieldPath,
        `a field's name has 1 to ${FIELD_NAME_CHARS_MAX} characters`,
        'choose another name'
      )
    }
    if (name === '__proto__') context.findings.name(fieldPath, 'no field can be named __proto__', 'choose another name')
    // A field that cannot be read stays known, so that one mistake is not reported again at each use.
    properties.set(name, readSchema(schema, fieldPath, context) ?? UNREADABLE)
  }
  return properties
}

function readRequired(
  json: Json | undefined,
  properties: ReadonlyMap<string, FieldSchema>,
  open: boolean,
  path: FindingPath,
  findings: Findings
): Set<string> {
  const required = new Set<string>()
  if (json === undefined) return required
  if (!Array.isArray(json)) {
    findings.value(path, 'required must be a list of field names', 'write [field, field]')
    return required
  }
  json.forEach((name, index) => {
    const namePath = [...path, index]
    if (typeof name !== 'string')
      findings.value(namePath, `${quote(name)} is not a field name`, 'write the name of a field')
    else if (required.has(name)) findings.value(namePath, `${name} is listed twice`, 'remove one of them')
    else if (!properties.has(name) && !open) {
      findings.value(
        namePath,
        `${quote(name)} is required but not among the properties`,
        didYouMean(name, [...properties.keys()], 'fields')
      )
    } else required.add(name)
  })
  return required
}

function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
