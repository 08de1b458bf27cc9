import type { Json, JsonObject } from '../base/json.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { didYouMean } from './nearest.js'
import { ALL_KEYWORDS, FOREIGN_KEYWORDS, KEYWORDS, NOTE_KEYWORDS, TYPES, type TypeName } from './schema-keywords.js'

/** The type a schema names, undefined when it cannot be told, `any` when there is none. */
export interface NamedType {
  readonly name: TypeName | 'any' | undefined
  readonly nullable: boolean
}

/** The type a schema names; of an `enum` or `const` without one, the type of its values. */
export function readType(json: JsonObject, path: FindingPath, findings: Findings): NamedType {
  const { type } = json
  if (type === undefined) return typeOfValues(json)
  const names = Array.isArray(type) ? type : [type]
  for (const name of names) {
    if (typeof name === 'string' && TYPES.includes(name as TypeName)) continue
    const remedy = typeof name === 'string' ? didYouMean(name, TYPES, 'types') : `types: ${TYPES.join(', ')}`
    findings.value([...path, 'type'], `${quote(name)} is not a type`, remedy)
    return { name: undefined, nullable: false }
  }
  const others = names.filter((name) => name !== 'null') as TypeName[]
  if (others.length > 1 || names.length > 2 || names.length === 0) {
    findings.value(
      [...path, 'type'],
      'a field has one type',
      'write one type, or one type and "null" such as [string, "null"]'
    )
    return { name: undefined, nullable: false }
  }
  return { name: others[0] ?? 'null', nullable: others.length < names.length }
}

function typeOfValues(json: JsonObject): NamedType {
  const values = Array.isArray(json.enum) ? json.enum : json.const !== undefined ? [json.const] : []
  const first = values.find((value) => value !== null)
  const nullable = values.includes(null)
  if (typeof first === 'string') return { name: 'string', nullable }
  if (typeof first === 'boolean') return { name: 'boolean', nullable }
  if (typeof first === 'number')
    return { name: values.every((v) => v === null || Number.isInteger(v)) ? 'integer' : 'number', nullable }
  if (nullable) return { name: 'null', nullable }
  // Neither is good; reading it as text says so.
  if (json.enum !== undefined || json.const !== undefined) return { name: 'string', nullable: false }
  if (json.properties !== undefined || json.required !== undefined) return { name: 'object', nullable: false }
  if (json.items !== undefined) return { name: 'array', nullable: false }
  return { name: 'any', nullable: true }
}

/** Whether every keyword belongs to the subset and to the type. */
export function checkKeywords(
  json: JsonObject,
  type: TypeName | 'any' | undefined,
  path: FindingPath,
  findings: Findings
): boolean {
  const allowed = type === undefined ? ALL_KEYWORDS : KEYWORDS[type]
  let good = true
  for (const keyword of Object.keys(json)) {
    if (allowed.includes(keyword)) continue
    if (NOTE_KEYWORDS.includes(keyword)) {
      good = checkNote(keyword, json[keyword]!, path, findings) && good
      continue
    }
    good = false
    const keywordPath = [...path, keyword]
    const foreign = FOREIGN_KEYWORDS.get(keyword)
    if (foreign !== undefined) findings.name(keywordPath, `${keyword} is not supported`, foreign)
    else if (ALL_KEYWORDS.includes(keyword)) {
      const what = type === 'any' ? 'a field without a type' : `type ${type}`
      findings.name(
        keywordPath,
        `${keyword} does not belong to ${what}`,
        `give the type it belongs to, or remove ${keyword}`
      )
    } else {
      findings.name(
        keywordPath,
        `${keyword} is not a keyword of the schema subset`,
        didYouMean(keyword, [...allowed, ...NOTE_KEYWORDS], 'keywords')
      )
    }
  }
  return good
}

function checkNote(keyword: string, value: Json, path: FindingPath, findings: Findings): boolean {
  if (keyword === 'examples' || typeof value === 'string') return true
  findings.value([...path, keyword], `${keyword} must be a text`, 'write a text')
  return false
}
