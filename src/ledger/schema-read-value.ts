import type { Json, JsonObject } from '../base/json.js'
import { type FindingPath, type Findings, quote } from './finding.js'

/** The allowed values of an `enum` or `const`, null without one. Values of another type are reported. */
export function readValues(
  json: JsonObject,
  type: 'string' | 'integer' | 'number' | 'boolean',
  path: FindingPath,
  findings: Findings
): Json[] | null {
  if (json.enum === undefined && json.const === undefined) return null
  const keyword = json.enum !== undefined ? 'enum' : 'const'
  const listed = json.enum !== undefined ? json.enum : [json.const!]
  const valuePath = [...path, keyword]
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > 1000) {
    findings.value(valuePath, 'enum must list 1 to 1000 values', 'write [VALUE, VALUE]')
    return null
  }
  if (json.enum !== undefined && json.const !== undefined) {
    findings.name([...path, 'const'], 'enum and const exclude each other', 'remove one of them')
  }
  const values: Json[] = []
  listed.forEach((value, index) => {
    const itemPath = json.enum !== undefined ? [...valuePath, index] : valuePath
    if (value === null) return
    const fits = type === 'integer' || type === 'number' ? isSafeNumber(value, type) : typeof value === type
    if (!fits) {
      const remedy = type === 'string' ? `write it in quotes: "${String(value)}"` : `write values of type ${type}`
      findings.value(itemPath, `${quote(value)} is not of type ${type}`, remedy)
    } else if (values.includes(value)) findings.value(itemPath, `${quote(value)} is listed twice`, 'remove one of them')
    else values.push(value)
  })
  return values
}

/** The object that a field's values come from; what kind it is of is checked once all objects are known. */
export function readFrom(json: JsonObject, path: FindingPath, findings: Findings): { from?: string } {
  if (json.from === undefined) return {}
  if (typeof json.from === 'string') return { from: json.from }
  findings.value(
    [...path, 'from'],
    `${quote(json.from)} is not an object of the network`,
    'write the name of an object'
  )
  return {}
}

/** Whether null is allowed: an `enum` or `const` decides where there is one. */
export function withNull(json: JsonObject, nullable: boolean): boolean {
  if (Array.isArray(json.enum)) return nullable && json.enum.includes(null)
  return json.const === undefined ? nullable : nullable && json.const === null
}

/** A count such as maxLength: an integer from 0; null when it is not given. */
export function readCount(json: JsonObject, keyword: string, path: FindingPath, findings: Findings): number | null {
  const value = json[keyword]
  if (value === undefined) return null
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  findings.value(
    [...path, keyword],
    `${keyword} must be a whole number, at least 0, not ${quote(value)}`,
    'write a number'
  )
  return null
}

/** Reports a lower bound above the upper one. */
export function checkOrder(
  low: number,
  high: number | null,
  lowName: string,
  highName: string,
  path: FindingPath,
  findings: Findings
): void {
  if (high === null || low <= high) return
  findings.value([...path, highName], `${highName} is less than ${lowName}`, 'swap them')
}

function isSafeNumber(value: Json, type: 'integer' | 'number'): boolean {
  if (typeof value !== 'number' || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false
  return type === 'number' || Number.isInteger(value)
}
