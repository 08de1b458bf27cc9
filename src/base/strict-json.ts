import { isSafeToParse, readCanonical } from './canonical.js'
import { accept, type Outcome } from './errors.js'
import type { Json } from './json.js'
import { quickScan } from './json-quick.js'
import { scanJson } from './json-scan.js'

/**
 * Reads JSON (RFC 8259) from outside, with any white space and order of members, but nothing that could not be kept
 * exactly: no member twice in an object, no lone surrogate and no NUL character (escaped ones included), no member
 * named `__proto__`, no number outside the safe range or one that a double cannot hold, at most DEPTH_MAX levels. For
 * every accepted text `readCanonical` accepts `canonicalText` of the value. -0 is read as 0. Never throws.
 * @returns refusal MALFORMED with `path` (JSON Pointer) and `details.position` (UTF-16 code units from 0)
 */
export function readJson(text: string): Outcome<Json> {
  const quick = quickScan(text)
  if (quick === null || !isSafeToParse(text)) {
    const canonical = readCanonical(text)
    return canonical.ok ? canonical : scanJson(text)
  }
  try {
    const value: Json = JSON.parse(text)
    if (quick.canonical || countMembers(value) === quick.members) return accept(value)
  } catch {
    // Not JSON: the scanner says where.
  }
  return scanJson(text)
}

/** Members of all objects in a value that JSON.parse made: fewer than in the text when it dropped one. */
function countMembers(value: Json): number {
  if (value === null || typeof value !== 'object') return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += countMembers(item)
    return members
  }
  for (const name of Object.keys(value)) members += 1 + countMembers(value[name]!)
  return members
}
