import { DEPTH_MAX } from './limits.js'
import { isWellFormed } from './utf8.js'

/** What {@link quickScan} learns of a text. */
export interface QuickFindings {
  /** Whether the text is canonical JSON as `canonicalText` writes it. */
  readonly canonical: boolean
  /** Names of members in all objects; JSON.parse gives fewer exactly when a name appears twice in an object. */
  readonly members: number
}

/** A double keeps every decimal of so many digits: DBL_DIG of IEEE 754 binary64. */
const DIGITS_KEPT = 15

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const LETTER_CAPITAL_E = 0x45
const BRACKET = 0x5b
const LETTER_E = 0x65
const LETTER_F = 0x66
const LETTER_N = 0x6e
const LETTER_T = 0x74
const BRACE = 0x7b

/**
 * Looks once over a text for everything that JSON.parse does not say: canonical form, nesting, and numbers, names and
 * characters that could not be kept. Syntax is left to JSON.parse: the findings hold if that accepts the text.
 * @returns null when the text needs a slower look, because it breaks a rule of `readJson` or has rare things in it
 */
export function quickScan(text: string): QuickFindings | null {
  if (text.includes('__proto__') || !isWellFormed(text)) return null
  // Other escapes have one canonical form, and none of them hides a surrogate or NUL.
  const hasEscapes = text.includes('\\')
  if (hasEscapes && (text.includes('\\u') || text.includes('\\/'))) return null

  let at = 0
  let canonical = true
  let members = 0

  function skipSpace(): void {
    while (text.charCodeAt(at) <= 0x20) {
      canonical = false
      at++
    }
  }

  /** From behind the opening quote to behind the closing one; false when there is none. */
  function skipString(): boolean {
    let end = text.indexOf('"', at)
    if (hasEscapes) while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
    at = end + 1
    return end >= 0
  }

  function skipNumber(): boolean {
    const start = at
    if (text.charCodeAt(at) === MINUS) at++
    const first = text.charCodeAt(at)
    const digitsFrom = at
    let code = first
    while (code >= ZERO && code <= NINE) code = text.charCodeAt(++at)
    if (code === POINT) {
      do code = text.charCodeAt(++at)
      while (code >= ZERO && code <= NINE)
      if (at - digitsFrom > DIGITS_KEPT + 1) return false
      if (code === LETTER_E || code === LETTER_CAPITAL_E) return false
      const written = text.slice(start, at)
      if (Number(written) === 0) return false
      if (canonical && String(Number(written)) !== written) canonical = false
      return true
    }
    if (code === LETTER_E || code === LETTER_CAPITAL_E) return false
    // Without -0, and with the rare long integers and exponents left to the slower look.
    return at - digitsFrom <= DIGITS_KEPT && (first !== ZERO || at === start + 1)
  }

  function skipMembers(depth: number): boolean {
    let previousFrom = -1
    let previousTo = -1
    for (;;) {
      skipSpace()
      if (text.charCodeAt(at) !== QUOTE) return false
      const from = ++at
      if (!skipString()) return false
      const to = at - 1
      if (hasEscapes && text.slice(from, to).includes('\\')) return false
      if (canonical && previousFrom >= 0 && !isBefore(text, previousFrom, previousTo, from, to)) canonical = false
      previousFrom = from
      previousTo = to
      members++
      skipSpace()
      if (text.charCodeAt(at) !== COLON) return false
      at++
      if (!skipValue(depth)) return false
      if (text.charCodeAt(at++) !== COMMA) return true
    }
  }

  function skipItems(depth: number): boolean {
    for (;;) {
      if (!skipValue(depth)) return false
      if (text.charCodeAt(at++) !== COMMA) return true
    }
  }

  /** With the white space around the value. */
  function skipValue(depth: number): boolean {
    skipSpace()
    let good = true
    const code = text.charCodeAt(at)
    switch (code) {
      case QUOTE:
        at++
        good = skipString()
        break
      case BRACE:
      case BRACKET:
        if (depth >= DEPTH_MAX) return false
        at++
        skipSpace()
        // Both closing ones are the opening one + 2.
        if (text.charCodeAt(at) === code + 2) at++
        else good = code === BRACE ? skipMembers(depth + 1) : skipItems(depth + 1)
        break
      case LETTER_N:
      case LETTER_T:
        at += 4
        break
      case LETTER_F:
        at += 5
        break
      default:
        good = skipNumber()
    }
    skipSpace()
    return good
  }

  if (!skipValue(0) || at !== text.length) return null
  return { canonical, members }
}

/** Whether the quote at `end` belongs to the string: an odd number of backslashes stands before it. */
function isEscaped(text: string, end: number): boolean {
  let from = end
  while (text[from - 1] === '\\') from--
  return (end - from) % 2 === 1
}

/** Whether the first of two names is smaller by UTF-16 code units; they are ranges of the text. */
function isBefore(text: string, from: number, to: number, otherFrom: number, otherTo: number): boolean {
  const length = Math.min(to - from, otherTo - otherFrom)
  for (let i = 0; i < length; i++) {
    const difference = text.charCodeAt(from + i) - text.charCodeAt(otherFrom + i)
    if (difference !== 0) return difference < 0
  }
  return to - from < otherTo - otherFrom
}
