import { readCanonical } from './canonical.js'
import type { Outcome } from './errors.js'
import type { Json } from './json.js'
import { scanJson } from './json-scan.js'

/**
 * Reads JSON (RFC 8259) from outside, with any white space and order of members, but nothing that could not be kept
 * exactly: no member twice in an object, no lone surrogate and no NUL character (escaped ones included), no member
 * named `__proto__`, no number outside the safe range or one that a double cannot hold, at most DEPTH_MAX levels. For
 * every accepted text `readCanonical` accepts `canonicalText` of the value. -0 is read as 0. Never throws.
 * @returns refusal MALFORMED with `path` (JSON Pointer) and `details.position` (UTF-16 code units from 0)
 */
export function readJson(text: string): Outcome<Json> {
  const canonical = readCanonical(text)
  return canonical.ok ? canonical : scanJson(text)
}
