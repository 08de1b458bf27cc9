import type { FindingPath, Findings } from './finding.js'
import { KEY_TEXT_MAX } from './key-check.js'
import { didYouMean } from './nearest.js'
import { type FieldSchema, kindText, type ObjectSchema, UNREADABLE } from './schema-type.js'

/**
 * Checks a field whose value becomes part of a state key: it is written in one way only, and is short, which bounds what it
 * costs to look it up for each record.
 * @param use what it is named for, such as `unique`
 * @param object path of the object
 * @param path of the field's name
 */
export function checkKept(
  name: string,
  use: string,
  schema: ObjectSchema,
  object: FindingPath,
  path: FindingPath,
  findings: Findings
): void {
  const field = schema.properties.get(name)
  if (field === undefined) {
    const remedy = didYouMean(name, [...schema.properties.keys()], 'fields')
    findings.value(path, `${use} names ${name}, which is not among the fields`, remedy)
    return
  }
  if (field === UNREADABLE) return
  if (!['string', 'integer', 'decimal', 'boolean'].includes(field.kind)) {
    findings.value(
      path,
      `${name} is ${kindText(field)}, which ${use} cannot take`,
      'use a string, integer, decimal or boolean'
    )
    return
  }
  if (isShort(field)) return
  const problem = `${name} stands in ${use} and has at most ${KEY_TEXT_MAX} characters`
  findings.value([...object, 'fields', 'properties', name], problem, `give it maxLength: ${KEY_TEXT_MAX} or less`)
}

function isShort(field: FieldSchema): boolean {
  return field.kind !== 'string' || (field.lengthMax !== null && field.lengthMax <= KEY_TEXT_MAX)
}
