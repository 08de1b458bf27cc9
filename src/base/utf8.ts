import { accept, type Outcome, refuse } from './errors.js'

const encoder = new TextEncoder()
/** `ignoreBOM` keeps a byte order mark in the text, where it is seen and refused, instead of dropping it. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 of a text; a lone surrogate becomes U+FFFD, as in every hash of a string here. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

/** UTF-16 code units that are counted at a time, and room for their UTF-8, which is looked at by nobody. */
const COUNTED_UNITS = 8192
const counted = new Uint8Array(3 * COUNTED_UNITS)

/** Number of bytes of the text in UTF-8, by the runtime's own encoder. */
export function utf8Length(text: string): number {
  if (text.length <= COUNTED_UNITS) return encoder.encodeInto(text, counted).written
  let bytes = 0
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + COUNTED_UNITS, text.length)
    // Both halves of a pair together.
    if (isHighSurrogate(text.charCodeAt(to - 1)) && isLowSurrogate(text.charCodeAt(to))) to--
    bytes += encoder.encodeInto(text.slice(from, to), counted).written
    from = to
  }
  return bytes
}

/** Whether every surrogate in the text has its other half. */
export function isWellFormed(text: string): boolean {
  // ES2024, there in every supported Node and browser, but not yet in the types of ES2023.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed()
}

/**
 * The text of UTF-8 bytes, read strictly: no overlong or truncated sequences, surrogates or code points beyond
 * U+10FFFF, and no byte order mark at the start.
 * @returns refusal MALFORMED with `details.byte`, the position of the first byte that is wrong
 */
export function decodeUtf8(bytes: Uint8Array): Outcome<string> {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return refuse('MALFORMED', 'the bytes are not UTF-8', { details: { byte: firstBadByte(bytes) } })
  }
  if (text.charCodeAt(0) === 0xfeff) {
    return refuse('MALFORMED', 'the text begins with a byte order mark', { details: { byte: 0 } })
  }
  return accept(text)
}

/** Start of the first sequence that is not well-formed (Unicode 15, table 3-7); the length when there is none. */
function firstBadByte(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at)
    if (length === 0) return at
    at += length
  }
  return at
}

/** Bytes of the well-formed sequence that starts at `at`; 0 when it is not well-formed. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const second = bytes[at + 1] ?? 0
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return 0
  for (let i = 2; i < length; i++) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  }
  return length
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
