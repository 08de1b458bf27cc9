import { accept, type Outcome, refuse } from './errors.js'
import type { Json, JsonObject } from './json.js'
import { isKeptNumber } from './json-number.js'
import { DEPTH_MAX } from './limits.js'
import { isWellFormed } from './utf8.js'

/** Characters (UTF-16 code units) of a member's name in a message. */
const NAME_CHARS_SHOWN = 64

const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t'
}

/** Thrown and caught in this file only. */
class Fault {
  constructor(
    readonly message: string,
    readonly position: number
  ) {}
}

/**
 * Reads JSON (RFC 8259) character by character, slowly, and says what is wrong and where. The rules are those of
 * `readJson` in strict-json.ts, which tries the fast way first.
 * @param depthMax levels of arrays and objects
 * @returns refusal MALFORMED; `path` is a JSON Pointer to the value at fault, `details.position` counts UTF-16 code
 * units from 0
 */
export function scanJson(text: string, depthMax = DEPTH_MAX): Outcome<Json> {
  const path: (string | number)[] = []
  let at = 0
  let depth = 0

  function fail(message: string, position = at): never {
    throw new Fault(message, position)
  }

  function skipSpace(): void {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      at++
    }
  }

  function expect(character: string, wanted: string): void {
    if (text[at] !== character) fail(`expected ${wanted}, found ${found(text, at)}`)
    at++
  }

  function readValue(): Json {
    switch (text[at]) {
      case '{':
        return readObject()
      case '[':
        return readArray()
      case '"':
        return readString()
      case 't':
        return readWord('true', true)
      case 'f':
        return readWord('false', false)
      case 'n':
        return readWord('null', null)
      default:
        return readNumber()
    }
  }

  function readWord(word: string, value: Json): Json {
    if (!text.startsWith(word, at)) fail(`expected a value, found ${found(text, at)}`)
    at += word.length
    return value
  }

  function skipDigits(): void {
    const start = at
    while (isDigit(text.charCodeAt(at))) at++
    if (at === start) fail(`expected a digit, found ${found(text, at)}`)
  }

  function readNumber(): number {
    const start = at
    if (text[at] === '-') at++
    else if (!isDigit(text.charCodeAt(at))) fail(`expected a value, found ${found(text, at)}`)
    if (text[at] === '0') at++
    else skipDigits()
    if (text[at] === '.') {
      at++
      skipDigits()
    }
    if (text[at] === 'e' || text[at] === 'E') {
      at++
      if (text[at] === '+' || text[at] === '-') at++
      skipDigits()
    }
    const written = text.slice(start, at)
    const value = Number(written)
    if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) fail('number outside the safe range of ±(2^53 - 1)', start)
    if (!isKeptNumber(written, value)) fail(`number that would be changed to ${value}; write it as a string`, start)
    return value + 0 // -0 becomes 0, as it is written
  }

  function readString(): string {
    const start = at
    expect('"', 'a string')
    let value = ''
    let from = at
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === 0x22) break
      if (code === 0x5c) {
        value += text.slice(from, at) + readEscape()
        from = at
      } else if (at >= text.length) fail('string without an end', start)
      else if (code < 0x20) fail(`${code === 0 ? 'NUL' : 'control'} character in a string`)
      else at++
    }
    value += text.slice(from, at)
    at++
    if (!isWellFormed(value)) fail('lone surrogate in a string', start)
    return value
  }

  function readEscape(): string {
    const letter = text[at + 1] ?? ''
    const simple = Object.hasOwn(ESCAPED, letter) ? ESCAPED[letter] : undefined
    if (simple !== undefined) {
      at += 2
      return simple
    }
    const digits = text.slice(at + 2, at + 6)
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) fail('wrong escape in a string')
    if (digits === '0000') fail('NUL character in a string')
    at += 6
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  function enter(): void {
    depth++
    if (depth > depthMax) fail(`more than ${depthMax} levels of nesting`)
    at++
    skipSpace()
  }

  function readArray(): Json[] {
    enter()
    const items: Json[] = []
    if (text[at] !== ']') {
      for (;;) {
        path.push(items.length)
        items.push(readValue())
        path.pop()
        skipSpace()
        if (text[at] !== ',') break
        at++
        skipSpace()
      }
    }
    expect(']', "',' or ']'")
    depth--
    return items
  }

  function readObject(): JsonObject {
    enter()
    const members: JsonObject = {}
    if (text[at] !== '}') {
      for (;;) {
        const start = at
        if (text[at] !== '"') fail(`expected a member name, found ${found(text, at)}`)
        const name = readString()
        path.push(name)
        if (name === '__proto__') fail('member named __proto__', start)
        if (Object.hasOwn(members, name)) fail(`member ${shown(name)} appears twice`, start)
        skipSpace()
        expect(':', "':'")
        skipSpace()
        members[name] = readValue()
        path.pop()
        skipSpace()
        if (text[at] !== ',') break
        at++
        skipSpace()
      }
    }
    expect('}', "',' or '}'")
    depth--
    return members
  }

  try {
    skipSpace()
    const value = readValue()
    skipSpace()
    if (at < text.length) fail(`expected the end, found ${found(text, at)}`)
    return accept(value)
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault
    return refuse('MALFORMED', `${fault.message} (at character ${fault.position})`, {
      path: jsonPointer(path),
      details: { position: fault.position }
    })
  }
}

/** JSON Pointer (RFC 6901) of member names and array indexes; the empty text is the whole value. */
export function jsonPointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A name for a message, which must not grow with the input. */
function shown(name: string): string {
  return JSON.stringify(name.length > NAME_CHARS_SHOWN ? `${name.slice(0, NAME_CHARS_SHOWN)}...` : name)
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** What stands at a position, for people. */
function found(text: string, position: number): string {
  const code = text.codePointAt(position)
  if (code === undefined) return 'the end'
  if (code > 0x20 && code < 0x7f) return `'${String.fromCodePoint(code)}'`
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}
