import { accept, LedgerError, type Outcome, refuse } from './errors.js'
import type { Json } from './json.js'
import { jsonPointer, scanJson } from './json-scan.js'
import { DEPTH_MAX } from './limits.js'
import { loneSurrogateAt, utf8Length } from './utf8.js'

/** What a walk over a value finds, from good to bad. */
const ORDERED = 0
const UNORDERED = 1
const FAULTY = 2

/**
 * Canonical JSON (RFC 8785) with the extra limits of docs/formats.md: no lone surrogates, no NUL character, no member
 * named `__proto__`, no number that is not finite or beyond the safe integers, at most DEPTH_MAX levels. -0 is written
 * as 0.
 * @throws LedgerError MALFORMED when the value is not such JSON; `details.path` is a JSON Pointer to the fault
 */
export function canonicalText(value: Json): string {
  const finding = survey(value, 0)
  if (finding !== FAULTY) {
    const text = finding === ORDERED ? JSON.stringify(value) : write(value)
    if (!isSuspicious(text)) return text
    const fault = findFault(value, [])
    if (fault === null) return text
    throw fault
  }
  throw findFault(value, []) ?? new LedgerError('INVARIANT', 'a fault that was seen cannot be found again')
}

/**
 * Reads a text that must be exactly what {@link canonicalText} writes: the same limits, NUL characters included. The
 * way of every record on every peer. Never throws.
 * @param bytesMax most bytes of UTF-8 the text may have
 * @returns refusal TOO_LARGE, or MALFORMED with `path` (JSON Pointer) and `details.position` (UTF-16 code units from 0)
 */
export function readCanonical(text: string, bytesMax = Number.POSITIVE_INFINITY): Outcome<Json> {
  if (text.length * 3 > bytesMax && (text.length > bytesMax || utf8Length(text) > bytesMax)) {
    return refuse('TOO_LARGE', `the text has more than ${bytesMax} bytes`, { details: { max: bytesMax } })
  }
  // Names in own order and sorted: then JSON.stringify writes the canonical text, and equality is the whole test. What
  // it cannot see is looked for in the text: escaped lone surrogates and NUL, and `__proto__`.
  if (!isSuspicious(text)) {
    try {
      const value: Json = JSON.parse(text)
      if (survey(value, 0) === ORDERED && JSON.stringify(value) === text) return accept(value)
    } catch {
      // Not JSON, or too deep for the engine: the scanner below says what.
    }
  }
  const scanned = scanJson(text)
  if (!scanned.ok) return scanned
  const canonical = canonicalText(scanned.value)
  if (canonical === text) return scanned
  const position = firstDifference(text, canonical)
  return refuse('MALFORMED', `not in canonical form (at character ${position})`, { path: '', details: { position } })
}

/** Whether a canonical text may hold what the walk does not look at. False alarms only cost time. */
function isSuspicious(text: string): boolean {
  return text.includes('__proto__') || (text.includes('\\u') && (text.includes('\\ud') || text.includes('\\u0000')))
}

/** One walk: are all names in order, is everything JSON within the limits that concern structure and numbers? */
function survey(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return ORDERED
    case 'number':
      return value >= -Number.MAX_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? ORDERED : FAULTY
    case 'object':
      break
    default:
      return FAULTY
  }
  if (value === null) return ORDERED
  if (depth >= DEPTH_MAX) return FAULTY
  let worst = ORDERED
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) worst = Math.max(worst, survey(value[i], depth + 1))
    return worst
  }
  if (!isPlainObject(value)) return FAULTY
  let previous: string | null = null
  for (const name of Object.keys(value)) {
    if (previous !== null && previous >= name) worst = Math.max(worst, UNORDERED)
    previous = name
    worst = Math.max(worst, survey((value as Record<string, unknown>)[name], depth + 1))
  }
  return worst
}

/** Only what JSON.parse and literals make: anything else could bring its own toJSON. */
function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The text of a value that {@link survey} found no fault in, names sorted by UTF-16 code units. */
function write(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${write(value[name]!)}`)
  return `{${members.join(',')}}`
}

/** The first fault of a value as an error to throw; null when there is none. Slow: only once something is wrong. */
function findFault(value: unknown, path: readonly (string | number)[]): LedgerError | null {
  switch (typeof value) {
    case 'boolean':
      return null
    case 'string':
      return textFault(value, path)
    case 'number':
      if (!Number.isFinite(value)) return faultAt(path, 'a number that is not finite')
      if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return faultAt(path, 'a number outside the safe range')
      return null
    case 'object':
      break
    default:
      return faultAt(path, `a value of type ${typeof value}`)
  }
  if (value === null) return null
  if (path.length >= DEPTH_MAX) return faultAt(path, `more than ${DEPTH_MAX} levels of nesting`)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = findFault(value[i], [...path, i])
      if (fault !== null) return fault
    }
    return null
  }
  if (!isPlainObject(value)) return faultAt(path, 'an object that is not plain')
  for (const [name, member] of Object.entries(value)) {
    const here = [...path, name]
    if (name === '__proto__') return faultAt(here, 'a member named __proto__')
    const fault = textFault(name, here) ?? findFault(member, here)
    if (fault !== null) return fault
  }
  return null
}

function textFault(text: string, path: readonly (string | number)[]): LedgerError | null {
  if (text.includes('\u0000')) return faultAt(path, 'a NUL character')
  return loneSurrogateAt(text) >= 0 ? faultAt(path, 'a lone surrogate') : null
}

function faultAt(path: readonly (string | number)[], what: string): LedgerError {
  return new LedgerError('MALFORMED', `${what} cannot be kept`, { path: jsonPointer(path) })
}

function firstDifference(a: string, b: string): number {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return i
}
