import { accept, assertInvariant, LedgerError, type Outcome, refuse } from './errors.js'
import type { Json, JsonObject } from './json.js'
import { quickScan } from './json-quick.js'
import { jsonPointer, scanJson } from './json-scan.js'
import { DEPTH_MAX } from './limits.js'
import { isWellFormed, utf8Length } from './utf8.js'

/** What {@link survey} finds, from good to bad. */
const ORDERED = 0
/** Members are to be sorted. */
const UNORDERED = 1
/** Members are to be sorted, but an object may not keep them so: it puts array indexes first. */
const INDEXED = 2
const FAULTY = 3

/**
 * Canonical JSON (RFC 8785) with the extra limits of docs/formats.md: no lone surrogates, no NUL character, no member
 * named `__proto__`, no number that is not finite or beyond the safe integers, at most DEPTH_MAX levels. -0 is written
 * as 0.
 * @throws LedgerError MALFORMED when the value is not such JSON; `details.path` is a JSON Pointer to the fault
 */
export function canonicalText(value: Json): string {
  const finding = surveyed(value)
  const text = finding === INDEXED ? write(value) : JSON.stringify(finding === ORDERED ? value : sortedCopy(value))
  return withoutFault(text, value)
}

/** A value that came out of JSON, without -0, and its canonical text. */
export interface CanonicalForm<T extends Json> {
  readonly text: string
  /** As the text reads it, members in its order. */
  readonly value: T
}

/**
 * {@link canonicalText}, and what everybody else reads from it, without reading it again where it can be helped.
 * @param value as `readJson` gives it: without -0
 */
export function canonicalForm<T extends Json>(value: T): CanonicalForm<T> {
  const finding = surveyed(value)
  if (finding === INDEXED) {
    const text = withoutFault(write(value), value)
    return { text, value: parseCanonical(text) as T }
  }
  const sorted = finding === ORDERED ? value : (sortedCopy(value) as T)
  return { text: withoutFault(JSON.stringify(sorted), value), value: sorted }
}

function surveyed(value: Json): number {
  const finding = survey(value, 0)
  if (finding !== FAULTY) return finding
  throw findFault(value, []) ?? new LedgerError('INVARIANT', 'a fault was seen and then not found')
}

function withoutFault(text: string, value: Json): string {
  const fault = isSuspicious(text) ? findFault(value, []) : null
  if (fault !== null) throw fault
  return text
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
  const quick = quickScan(text)
  try {
    if (quick?.canonical === true && isSafeToParse(text)) return accept(JSON.parse(text))
    if (quick === null && !isSuspicious(text) && isSafeToParse(text)) {
      // Rare things such as escapes, exponents and long numbers: written again they must give the same text.
      const value: Json = JSON.parse(text)
      if (survey(value, 0) === ORDERED && JSON.stringify(value) === text) return accept(value)
    }
  } catch {
    // Not JSON, or too deep for the engine: the slow reading says what.
  }
  const scanned = scanJson(text)
  if (!scanned.ok) return scanned
  const canonical = canonicalText(scanned.value)
  if (canonical === text) return scanned
  const position = firstDifference(text, canonical)
  return refuse('MALFORMED', `not in canonical form (at character ${position})`, { path: '', details: { position } })
}

/**
 * Reads a text that {@link canonicalText} wrote.
 * @throws LedgerError INVARIANT when it is none
 */
export function parseCanonical(text: string): Json {
  if (isSafeToParse(text)) return JSON.parse(text)
  const scanned = scanJson(text)
  assertInvariant(scanned.ok, 'a text that was written as canonical JSON is JSON')
  return scanned.value
}

/**
 * Whether JSON.parse reads this text as it stands. The one of Node 24 (V8 13.6) takes an escaped name of a member for
 * another name that it has just met at the same place; so texts with escapes are read by our own scanner.
 */
export function isSafeToParse(text: string): boolean {
  return !text.includes('\\')
}

/**
 * Whether a text as JSON.stringify writes it may hold what {@link survey} does not look at: lone surrogates, which it
 * escapes, and NUL. False alarms only cost time.
 */
function isSuspicious(text: string): boolean {
  return text.includes('\\u') && (text.includes('\\ud') || text.includes('\\u0000'))
}

/** One walk: is everything JSON within the limits of structure, names and numbers, and are the names in order? */
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
    for (let i = 0; i < value.length; i++) {
      const finding = survey(value[i], depth + 1)
      if (finding === FAULTY) return FAULTY
      if (finding > worst) worst = finding
    }
    return worst
  }
  if (!isPlainObject(value)) return FAULTY
  const members = value as Record<string, unknown>
  const names = Object.keys(members)
  let sorted = true
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    // No copy may lose it: assigning to it does not make a member.
    if (name === '__proto__') return FAULTY
    if (i > 0 && names[i - 1]! > name) sorted = false
    const finding = survey(members[name], depth + 1)
    if (finding === FAULTY) return FAULTY
    if (finding > worst) worst = finding
  }
  return sorted ? worst : Math.max(worst, names.some(beginsWithDigit) ? INDEXED : UNORDERED)
}

/** Only what JSON.parse and literals make: anything else could bring its own toJSON. */
function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function beginsWithDigit(name: string): boolean {
  const code = name.charCodeAt(0)
  return code >= 0x30 && code <= 0x39
}

/** A copy whose members stand in order of UTF-16 code units; faster to write than member by member. */
function sortedCopy(value: Json): Json {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sortedCopy)
  const copy: JsonObject = {}
  for (const name of Object.keys(value).sort()) copy[name] = sortedCopy(value[name]!)
  return copy
}

/** The text of a value of any names, written member by member. */
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
  return isWellFormed(text) ? null : faultAt(path, 'a lone surrogate')
}

function faultAt(path: readonly (string | number)[], what: string): LedgerError {
  return new LedgerError('MALFORMED', `${what} cannot be kept`, { path: jsonPointer(path) })
}

function firstDifference(a: string, b: string): number {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return i
}
