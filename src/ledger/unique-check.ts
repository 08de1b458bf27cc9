import type { Json } from '../base/json.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { formerNames } from './former-names.js'
import { checkKept } from './kept-field.js'
import type { ObjectDefinition } from './network-definition.js'
import type { ObjectSchema } from './schema-type.js'
import { type CompiledUnique, compileUnique } from './unique-claim.js'

/** Lists of one object, and fields of each: each list is a value of the state for every record. */
const LISTS_MAX = 8
const FIELDS_MAX = 8

/** Reads `unique` of an object: nothing when the file has none. */
export function readUnique(json: Json | undefined, path: FindingPath, findings: Findings): { unique?: string[][] } {
  if (json === undefined) return {}
  const remedy = 'write a list of lists of fields: [[FIELD], [FIELD, FIELD]]'
  if (!Array.isArray(json)) {
    findings.value(path, `${quote(json)} is not a list of lists of fields`, remedy)
    return {}
  }
  if (json.length > LISTS_MAX) findings.name(path, `there are more than ${LISTS_MAX} unique lists`, 'remove some')
  const unique = json.slice(0, LISTS_MAX).flatMap((list, index): string[][] => {
    if (Array.isArray(list) && list.length > 0 && list.every((name) => typeof name === 'string')) {
      return [list as string[]]
    }
    findings.value([...path, index], `${quote(list)} is not a list of fields`, remedy)
    return []
  })
  return unique.length === 0 ? {} : { unique }
}

/** Checks the fields of the lists. */
export function checkUnique(
  object: string,
  definition: ObjectDefinition,
  schema: ObjectSchema,
  path: FindingPath,
  findings: Findings
): CompiledUnique[] {
  const { key, unique = [] } = definition
  const seen = new Set<string>()
  unique.forEach((fields, index) => {
    const listPath = [...path, 'unique', index]
    if (fields.length > FIELDS_MAX)
      findings.value(listPath, `a unique list has at most ${FIELDS_MAX} fields`, 'leave some out')
    fields.forEach((field, at) => {
      const fieldPath = [...listPath, at]
      if (fields.indexOf(field) < at) findings.value(fieldPath, `${field} stands there twice`, 'remove one of them')
      else checkKept(field, 'unique', schema, path, fieldPath, findings)
    })
    const sorted = JSON.stringify([...fields].sort())
    if (seen.has(sorted)) findings.value(listPath, 'these fields are unique already', 'remove one of the two lists')
    seen.add(sorted)
    if (key.length > 0 && key.every((field) => fields.includes(field))) {
      const problem = 'the whole key is among these fields, so no two things can share them'
      findings.value(listPath, problem, 'remove the list, or leave a field of the key out')
    }
  })
  const { present } = formerNames(definition)
  return unique.map((fields) => compileUnique(object, fields, key.length > 0, present))
}
