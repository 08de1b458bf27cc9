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
  const scan = new Scan(text, hasEscapes)
  if (!scan.skipValue(0) || !scan.isAtEnd()) return null
  return { canonical: scan.canonical, members: scan.members }
}

/** One look over one text. A class and no closures, which would be made anew for each record. */
class Scan {
  canonical = true
  members = 0
  private at = 0

  constructor(
    private readonly text: string,
    private readonly hasEscapes: boolean
  ) {}

  isAtEnd(): boolean {
    return this.at === this.text.length
  }

  /** With the white space around the value. */
  skipValue(depth: number): boolean {
    this.skipSpace()
    let good = true
    const code = this.text.charCodeAt(this.at)
    switch (code) {
      case QUOTE:
        this.at++
        good = this.skipString()
        break
      case BRACE:
      case BRACKET:
        if (depth >= DEPTH_MAX) return false
        this.at++
        this.skipSpace()
        // Both closing ones are the opening one + 2.
        if (this.text.charCodeAt(this.at) === code + 2) this.at++
        else good = code === BRACE ? this.skipMembers(depth + 1) : this.skipItems(depth + 1)
        break
      case LETTER_N:
      case LETTER_T:
        this.at += 4
        break
      case LETTER_F:
        this.at += 5
        break
      default:
        good = this.skipNumber()
    }
    this.skipSpace()
    return good
  }

  private skipSpace(): void {
    while (this.text.charCodeAt(this.at) <= 0x20) {
      this.canonical = false
      this.at++
    }
  }

  /** From behind the opening quote to behind the closing one; false when there is none. */
  private skipString(): boolean {
    const { text } = this
    let end = text.indexOf('"', this.at)
    if (this.hasEscapes) while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
    this.at = end + 1
    return end >= 0
  }

  private skipNumber(): boolean {
    const { text } = this
    const start = this.at
    let at = start
    if (text.charCodeAt(at) === MINUS) at++
    const first = text.charCodeAt(at)
    const digitsFrom = at
    let code = first
    while (code >= ZERO && code <= NINE) code = text.charCodeAt(++at)
    this.at = at
    if (code === POINT) {
      do code = text.charCodeAt(++at)
      while (code >= ZERO && code <= NINE)
      this.at = at
      if (at - digitsFrom > DIGITS_KEPT + 1) return false
      if (code === LETTER_E || code === LETTER_CAPITAL_E) return false
      const written = text.slice(start, at)
      if (Number(written) === 0) return false
      if (this.canonical && String(Number(written)) !== written) this.canonical = false
      return true
    }
    if (code === LETTER_E || code === LETTER_CAPITAL_E) return false
    // Without -0, and with the rare long integers and exponents left to the slower look.
    return at - digitsFrom <= DIGITS_KEPT && (first !== ZERO || at === start + 1)
  }

  private skipMembers(depth: number): boolean {
    const { text } = this
    let previousFrom = -1
    let previousTo = -1
    for (;;) {
      this.skipSpace()
      if (text.charCodeAt(this.at) !== QUOTE) return false
      const from = ++this.at
      if (!this.skipString()) return false
      const to = this.at - 1
      if (this.hasEscapes && text.slice(from, to).includes('\\')) return false
      if (this.canonical && previousFrom >= 0 && !isBefore(text, previousFrom, previousTo, from, to)) {
        this.canonical = false
      }
      previousFrom = from
      previousTo = to
      this.members++
      this.skipSpace()
      if (text.charCodeAt(this.at) !== COLON) return false
      this.at++
      if (!this.skipValue(depth)) return false
      if (text.charCodeAt(this.at++) !== COMMA) return true
    }
  }

  private skipItems(depth: number): boolean {
    for (;;) {
      if (!this.skipValue(depth)) return false
      if (this.text.charCodeAt(this.at++) !== COMMA) return true
    }
  }
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
