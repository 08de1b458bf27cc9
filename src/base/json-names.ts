import { scanJson } from './json-scan.js'
import { DEPTH_MAX } from './limits.js'

/** Levels that an answer or a stored value puts around a record. */
const LEVELS_AROUND = 8

const QUOTE = '"'
const BACKSLASH = 0x5c
const COLON = 0x3a

/**
 * Whether a member's name stands in this JSON text with an escape in it. JSON.stringify writes none in names of letters,
 * and the JSON.parse of Node 24 (V8 13.6) takes such a name for another that it has just met at the same place: readers
 * of messages whose names are all letters refuse it instead. Linear in the text; syntax is left to the parser.
 */
export function hasEscapedName(text: string): boolean {
  if (!text.includes('\\')) return false
  for (let start = text.indexOf(QUOTE); start >= 0; ) {
    let end = text.indexOf(QUOTE, start + 1)
    while (end >= 0 && isEscaped(text, start, end)) end = text.indexOf(QUOTE, end + 1)
    if (end < 0) return false
    if (isFollowedByColon(text, end + 1) && text.slice(start, end).includes('\\')) return true
    start = text.indexOf(QUOTE, end + 1)
  }
  return false
}

/** Whether an odd number of backslashes stands before the quote at `end`, in a string that opened at `start`. */
function isEscaped(text: string, start: number, end: number): boolean {
  let from = end
  while (from - 1 > start && text.charCodeAt(from - 1) === BACKSLASH) from--
  return (end - from) % 2 === 1
}

function isFollowedByColon(text: string, at: number): boolean {
  let code = text.charCodeAt(at)
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++at)
  return code === COLON
}

/**
 * JSON.parse for what this software wrote with JSON.stringify, where names of members may be anybody's: read alike on
 * every Node.
 * @throws SyntaxError when it is no JSON
 */
export function parseJson(text: string): unknown {
  const scanned = hasEscapedName(text) ? scanJson(text, DEPTH_MAX + LEVELS_AROUND) : null
  // What the scanner does not take, such as a message with a NUL in it, is no mistake of the writer.
  return scanned?.ok === true ? scanned.value : JSON.parse(text)
}
