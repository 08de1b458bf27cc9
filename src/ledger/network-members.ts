import type { Json, JsonObject } from '../base/json.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { didYouMean, nearest } from './nearest.js'

/** How something may be named. */
export interface NameRule {
  readonly pattern: RegExp
  readonly text: string
}

export const OBJECT_NAME: NameRule = {
  pattern: /^[a-z][a-z0-9_]{0,63}$/,
  text: 'a name begins with a small letter and goes on with small letters, digits and _, at most 64'
}

export const ROLE_NAME: NameRule = {
  pattern: /^[a-z][a-z0-9-]{0,63}$/,
  text: 'a name begins with a small letter and goes on with small letters, digits and -, at most 64'
}

/** Names of references are used in rules as refs.NAME. */
export const REFERENCE_NAME: NameRule = {
  pattern: /^[a-z][A-Za-z0-9_]{0,63}$/,
  text: 'a name begins with a small letter and goes on with letters, digits and _, at most 64'
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** Reports members that are unknown or missing. */
export function checkMembers(
  json: JsonObject,
  known: readonly string[],
  needed: readonly string[],
  path: FindingPath,
  what: string,
  findings: Findings
): void {
  const given = Object.keys(json)
  for (const name of given) {
    if (known.includes(name)) continue
    const near = nearest(name, known)
    const remedy = near !== null && !given.includes(near) ? `did you mean ${near}?` : `${what} has: ${known.join(', ')}`
    findings.name([...path, name], `${quote(name)} is not a member of ${what}`, remedy)
  }
  for (const name of needed) {
    if (given.includes(name)) continue
    findings.name(path, `${what} needs ${name}`, `add a line ${name}: ...`)
  }
}

/** Reports a name that is not of its form. */
export function checkName(name: string, rule: NameRule, path: FindingPath, findings: Findings): void {
  if (!rule.pattern.test(name)) findings.name(path, `${quote(name)} cannot be a name here`, rule.text)
}

/** A text of so many characters; mistakes are reported and give an empty one. What is missing was reported before. */
export function readText(
  json: Json | undefined,
  path: FindingPath,
  charsMin: number,
  charsMax: number,
  findings: Findings
): string {
  if (json === undefined) return ''
  if (typeof json !== 'string') {
    findings.value(path, `${quote(json)} is not a text`, 'put it in quotes')
    return ''
  }
  if (json.length >= charsMin && json.length <= charsMax) return json
  const problem = json === '' ? 'the text is empty' : `the text has more than ${charsMax} characters`
  findings.value(path, problem, json === '' ? 'write something' : 'shorten it')
  return ''
}

/** True or false; mistakes are reported. */
export function readFlag(json: Json | undefined, path: FindingPath, standard: boolean, findings: Findings): boolean {
  if (json === undefined) return standard
  if (typeof json === 'boolean') return json
  const remedy = typeof json === 'string' ? didYouMean(json, ['true', 'false'], 'write') : 'write true or false'
  findings.value(path, `${quote(json)} is neither true nor false`, remedy)
  return standard
}
