import { assertInvariant } from '../../base/errors.js'

/**
 * Keys of the database. Each starts with one letter for its kind; numbers in them have a fixed width, so that the order
 * of the keys is that of the numbers. Keys are strings of which every character below 128 is one byte: numbers are
 * written seven bits a character.
 */
export const KIND = {
  meta: 'm',
  body: 'b',
  bodyNumber: 'i',
  uncommitted: 'p',
  outbox: 'o',
  block: 'k',
  state: 's',
  history: 'h',
  location: 'l',
  tree: 't'
} as const

/** Characters of any safe integer (2^53 - 1) and of heights in the history index (up to LOG_LEAVES_MAX, 2^40). */
const NUMBER_CHARS = 8
const HEIGHT_CHARS = 6

/** Characters of a position in a block or batch (up to LEAVES_MAX, 2^20). */
const POSITION_CHARS = 3

/** Ends a text within a key. It is the lowest character, so that a text sorts before its own extensions. */
const END = '\u0000'

const LAST_CODE_POINT = 0x10ffff

/** Height, batch and index at the end of a history key. */
const PLACE_CHARS = HEIGHT_CHARS + 2 * POSITION_CHARS

/** The parts in which a block is stored, by the letter that ends their keys. */
export const BLOCK_PARTS = { header: 'h', certificate: 'c', batches: 'b', refusals: 'r' } as const

export type BlockPart = keyof typeof BLOCK_PARTS

export const FORMAT_KEY = `${KIND.meta}format`
export const GENESIS_KEY = `${KIND.meta}genesis`
export const HEAD_KEY = `${KIND.meta}head`

export function bodyKey(bodyNumber: number): string {
  return KIND.body + fixedNumber(bodyNumber, NUMBER_CHARS)
}

export function bodyNumberOfKey(key: string): number {
  return numberAt(key, 1, NUMBER_CHARS)
}

export function bodyNumberKey(hash: string): string {
  return KIND.bodyNumber + hash
}

export function uncommittedKey(bodyNumber: number): string {
  return KIND.uncommitted + fixedNumber(bodyNumber, NUMBER_CHARS)
}

export function outboxKey(sequence: number): string {
  return KIND.outbox + fixedNumber(sequence, NUMBER_CHARS)
}

export function outboxSequenceOfKey(key: string): number {
  return numberAt(key, 1, NUMBER_CHARS)
}

export function blockKey(height: number, part: BlockPart): string {
  return KIND.block + fixedNumber(height, NUMBER_CHARS) + BLOCK_PARTS[part]
}

export function stateKey(key: string): string {
  return KIND.state + key
}

export function locationKey(author: string, sequence: number): string {
  return KIND.location + terminated(author) + fixedNumber(sequence, NUMBER_CHARS)
}

export function treeKey(level: number, index: number): string {
  return KIND.tree + fixedNumber(level, 1) + fixedNumber(index, NUMBER_CHARS)
}

/** What all history keys of an object begin with. */
export function historyObjectPrefix(object: string): string {
  return KIND.history + terminated(object)
}

/** What all history keys of an object and key begin with. */
export function historyPrefix(object: string, key: string): string {
  return historyObjectPrefix(object) + terminated(key)
}

/** The end of a history key: where in the chain the record is. */
export function historyPlace(height: number, batch: number, index: number): string {
  return fixedNumber(height, HEIGHT_CHARS) + fixedNumber(batch, POSITION_CHARS) + fixedNumber(index, POSITION_CHARS)
}

export interface HistoryPlace {
  readonly object: string
  readonly key: string
  readonly height: number
  readonly batch: number
  readonly index: number
}

export function readHistoryKey(historyKey: string): HistoryPlace {
  const place = historyKey.length - PLACE_CHARS
  const end = historyKey.indexOf(END)
  return {
    object: historyKey.slice(KIND.history.length, end),
    key: historyKey.slice(end + 1, place - 1),
    height: numberAt(historyKey, place, HEIGHT_CHARS),
    batch: numberAt(historyKey, place + HEIGHT_CHARS, POSITION_CHARS),
    index: numberAt(historyKey, place + HEIGHT_CHARS + POSITION_CHARS, POSITION_CHARS)
  }
}

/**
 * The first key behind every key that starts with `prefix`: its last character replaced by the next one. The order of
 * UTF-8 bytes is that of code points.
 */
export function prefixEnd(prefix: string): string {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!)
  while (points.at(-1) === LAST_CODE_POINT) points.pop()
  const last = points.pop()
  assertInvariant(last !== undefined, 'a prefix of keys has a character with a next one')
  // Surrogates are no characters.
  const next = last === 0xd7ff ? 0xe000 : last + 1
  return String.fromCodePoint(...points, next)
}

/** What a key stands for, in words for an error message. */
export function keyName(key: string): string {
  const rest = key.slice(1)
  switch (key[0]) {
    case KIND.meta:
      return `the ${rest} of the store`
    case KIND.body:
      return `batch body number ${numberAt(key, 1, NUMBER_CHARS)}`
    case KIND.bodyNumber:
      return `the place of batch ${rest}`
    case KIND.uncommitted:
      return `uncommitted batch body number ${numberAt(key, 1, NUMBER_CHARS)}`
    case KIND.outbox:
      return `outbox sequence ${numberAt(key, 1, NUMBER_CHARS)}`
    case KIND.block:
      return `block ${numberAt(key, 1, NUMBER_CHARS)} ${blockPartOf(key) ?? 'part'}`
    case KIND.state:
      return `state of ${rest}`
    case KIND.history: {
      const { object, key: record, height, batch, index } = readHistoryKey(key)
      return `history of ${object}${record} at ${height}/${batch}/${index}`
    }
    case KIND.location: {
      const end = key.indexOf(END)
      return `location of batch ${key.slice(1, end)}/${numberAt(key, end + 1, NUMBER_CHARS)}`
    }
    case KIND.tree:
      return `history tree node ${numberAt(key, 1, 1)}/${numberAt(key, 2, NUMBER_CHARS)}`
    default:
      return `key ${JSON.stringify(key)}`
  }
}

/** The part of a block that a key holds; undefined when its last character names none. */
export function blockPartOf(key: string): BlockPart | undefined {
  const letter = key.slice(1 + NUMBER_CHARS)
  for (const part of Object.keys(BLOCK_PARTS) as BlockPart[]) if (BLOCK_PARTS[part] === letter) return part
  return undefined
}

/** A text that may be followed by others. Object names, ids and canonical JSON hold no NUL: JSON escapes it. */
function terminated(text: string): string {
  assertInvariant(!text.includes(END), 'a text within a key holds no NUL')
  return text + END
}

/** `value` in base 128, highest digit first, as `chars` characters. */
function fixedNumber(value: number, chars: number): string {
  assertInvariant(Number.isSafeInteger(value) && value >= 0 && value < 128 ** chars, 'a number fits its place in a key')
  let text = ''
  let rest = value
  for (let i = 0; i < chars; i++) {
    text = String.fromCharCode(rest % 128) + text
    rest = Math.floor(rest / 128)
  }
  return text
}

/** Of a damaged key it may be any number, or NaN. */
function numberAt(text: string, at: number, chars: number): number {
  let value = 0
  for (let i = at; i < at + chars; i++) value = value * 128 + text.charCodeAt(i)
  return value
}
