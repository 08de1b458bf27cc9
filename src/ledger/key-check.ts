import { DECIMAL_CHARS_MAX } from './decimal.js'
import type { FindingPath, Findings } from './finding.js'
import { didYouMean } from './nearest.js'
import { type FieldSchema, kindText, type ObjectSchema, UNREADABLE } from './schema-type.js'

/** Fields of a key. */
const KEY_FIELDS_MAX = 8

/** Code points of the texts in a key, all fields together. */
export const KEY_TEXT_MAX = 256

/** Checks the key of an object: each field is there, is always present, and has one way to be written. */
export function checkKey(key: readonly string[], schema: ObjectSchema, path: FindingPath, findings: Findings): void {
  const keyPath = [...path, 'key']
  if (key.length > KEY_FIELDS_MAX)
    findings.value(keyPath, `a key has at most ${KEY_FIELDS_MAX} fields`, 'leave some out')
  let textMax = 0
  key.forEach((name, index) => {
    const field = schema.properties.get(name)
    const fieldPath = [...keyPath, index]
    if (field === undefined) {
      findings.value(
        fieldPath,
        `the key names ${name}, which is not among the fields`,
        didYouMean(name, [...schema.properties.keys()], 'fields')
      )
      return
    }
    if (key.indexOf(name) < index) findings.value(fieldPath, `the key names ${name} twice`, 'remove one of them')
    if (field === UNREADABLE) return
    if (!isKeyType(field)) {
      const what =
        field.nullable && field.kind !== 'any' && field.kind !== 'null' ? 'may be null' : `is ${kindText(field)}`
      findings.value(
        fieldPath,
        `${name} ${what} and cannot be part of a key`,
        'use a string, integer, decimal or boolean that is never null'
      )
      return
    }
    if (!schema.required.has(name)) {
      findings.value(fieldPath, `${name} is part of the key and must always be there`, `add ${name} to required`)
    }
    const length = textLength(field)
    if (length !== null && length > KEY_TEXT_MAX) {
      findings.value(
        [...path, 'fields', 'properties', name, 'maxLength'],
        `a key field has at most ${KEY_TEXT_MAX} characters`,
        `write maxLength: ${KEY_TEXT_MAX} or less`
      )
    } else textMax += length ?? 0
  })
  if (textMax > KEY_TEXT_MAX) {
    findings.value(
      keyPath,
      `the fields of the key have up to ${textMax} characters together, more than ${KEY_TEXT_MAX}`,
      'give them a smaller maxLength'
    )
  }
}

/** The schema with the bound that every text in a key has, where the file gives none. */
export function keySchemaOf(key: readonly string[], schema: ObjectSchema): ObjectSchema {
  const properties = new Map(schema.properties)
  for (const name of key) {
    const field = properties.get(name)
    if (field?.kind === 'string' && field.lengthMax === null)
      properties.set(name, { ...field, lengthMax: KEY_TEXT_MAX })
  }
  return { ...schema, properties }
}

/** Whether a field can be part of a key, or hold a part of another object's key. */
export function isKeyType(field: FieldSchema): boolean {
  return !field.nullable && ['string', 'integer', 'decimal', 'boolean'].includes(field.kind)
}

function textLength(field: FieldSchema): number | null {
  return field.kind === 'string' ? field.lengthMax : null
}

/** Characters of the longest key, written as a canonical JSON array: a control character takes six. */
export function keyCharsMax(key: readonly string[], schema: ObjectSchema): number {
  const ofField = (name: string): number => {
    const field = schema.properties.get(name)
    if (field?.kind === 'string') return 6 * (field.lengthMax ?? KEY_TEXT_MAX) + 3
    return DECIMAL_CHARS_MAX + 3
  }
  return key.reduce((sum, name) => sum + ofField(name), 2)
}
