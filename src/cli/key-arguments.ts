import { LedgerError } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import type { NetworkDefinition, ObjectDefinition } from '../ledger/network-definition.js'
import type { ModelView } from '../node/ledger-node.js'
import { usage } from './failure.js'

/**
 * Reads the key of a record from the command line: the values of the key fields in their order, or `field=value` for each.
 * Which JSON value a text becomes is decided by the field's type in the model, so `7` is a number only where the field is.
 * @param command whose line it is, for examples
 * @throws LedgerError UNKNOWN_OBJECT, or USAGE naming the key fields
 */
export function parseKeyArguments(
  network: Objects,
  object: string,
  texts: readonly string[],
  command: 'get' | 'history' = 'get'
): Json[] {
  const definition = objectOf(network, object)
  const { key } = definition
  const example = exampleOf(command, object, key)
  if (key.length === 0) {
    const remedy = `look at one with: ledger show RECORD_ID; at all with: ledger list ${object}${command === 'history' ? ' --history' : ''}`
    throw usage(`records of '${object}' have no key: each is its own history`, remedy)
  }
  const values =
    texts.length > 0 && texts.every((text) => isNamed(text, key)) ? byName(key, texts, object, example) : texts
  if (values.length !== key.length) throw usage(`'${object}' has the key ${key.join(' ')}`, example)
  return key.map((field, index) => typed(definition, field, values[index] ?? ''))
}

/** Objects whose records can be read: those of the model, and those that were removed, as they were last. */
export function readableObjects({ network, removed }: ModelView): Objects {
  return { objects: { ...removed, ...network.objects } }
}

type Objects = Pick<NetworkDefinition, 'objects'>

function objectOf(network: Objects, object: string): ObjectDefinition {
  const definition = Object.hasOwn(network.objects, object) ? network.objects[object] : undefined
  if (definition !== undefined) return definition
  const known = Object.keys(network.objects).join(', ')
  throw new LedgerError('UNKNOWN_OBJECT', `the model has no object '${object}'`, { remedy: `it has: ${known}` })
}

function isNamed(text: string, key: readonly string[]): boolean {
  return key.some((field) => text.startsWith(`${field}=`))
}

function byName(key: readonly string[], texts: readonly string[], object: string, example: string): string[] {
  const values = new Map<string, string>()
  for (const text of texts) {
    // The longest, because a field's name may be the beginning of another's and hold a '='.
    const field = key.filter((name) => text.startsWith(`${name}=`)).reduce((a, b) => (b.length > a.length ? b : a))
    if (values.has(field)) throw usage(`'${field}' is given twice`, example)
    values.set(field, text.slice(field.length + 1))
  }
  const missing = key.filter((field) => !values.has(field))
  if (missing.length > 0) throw usage(`the key of '${object}' also has ${missing.join(', ')}`, example)
  return key.map((field) => values.get(field) ?? '')
}

function exampleOf(command: string, object: string, key: readonly string[]): string {
  const named = key.map((field) => `${field}=VALUE`).join(' ')
  return `for example: ledger ${command} ${object} ${key.map((field) => field.toUpperCase()).join(' ')}, or: ${named}`
}

/** A text as a value of the field's type. Where the schema allows several, a text that fits none but string is one. */
function typed(definition: ObjectDefinition, field: string, text: string): Json {
  const schema = followed(definition.fields, member(definition.fields.properties, field))
  const types = typesOf(schema)
  if (types.includes('decimal')) return decimalText(text, member(schema, 'scale'))
  if (types.includes('integer') || types.includes('number')) {
    const number = Number(text)
    const isInteger = /^-?(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(number)
    if (isInteger) return number === 0 ? 0 : number
    if (types.includes('number') && /^-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-]?[0-9]+)?$/i.test(text)) return number
    if (!types.includes('string')) throw usage(`'${text}' is no ${types[0]}, as '${field}' wants it`)
  }
  if (types.includes('boolean')) {
    if (text === 'true' || text === 'false') return text === 'true'
    if (!types.includes('string')) throw usage(`'${text}' is neither true nor false, as '${field}' wants it`)
  }
  return text
}

/** `12.5` as `12.50`: a decimal stands in records with all its fraction digits. */
function decimalText(text: string, scale: Json | undefined): string {
  const [, whole, fraction = ''] = /^(-?[0-9]+)(?:\.([0-9]*))?$/.exec(text) ?? []
  if (whole === undefined || typeof scale !== 'number' || fraction.length > scale) return text
  return scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`
}

function typesOf(schema: Json | undefined): string[] {
  const type = member(schema, 'type')
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type.filter((one) => typeof one === 'string')
  return isObject(schema) ? typesOfValues(schema) : ['string']
}

/** The schema that a `$ref` into `$defs` leads to. The model was checked, so there is no circle and no other reference. */
function followed(root: JsonObject, schema: Json | undefined): Json | undefined {
  const reference = member(schema, '$ref')
  if (typeof reference !== 'string') return schema
  return followed(root, member(root.$defs, reference.replace('#/$defs/', '')))
}

function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Of a schema that lists values instead of naming a type. */
function typesOfValues(schema: JsonObject): string[] {
  const values = Array.isArray(schema.enum) ? schema.enum : 'const' in schema ? [schema.const] : []
  const types = values.map((value) => (typeof value === 'number' ? 'integer' : typeof value))
  return types.length === 0 ? ['string'] : types
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
