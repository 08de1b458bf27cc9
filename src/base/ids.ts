const PARTNER_ID = /^[a-z][a-z0-9-]{0,31}$/
const HASH = /^[0-9a-f]{64}$/
const SIGNATURE = /^[0-9a-f]{128}$/
const RECORD_ID = /^([a-z][a-z0-9-]{0,31})\/(0|[1-9][0-9]{0,15})\/(0|[1-9][0-9]{0,15})$/

/** Whether the value is a partner's id: `[a-z][a-z0-9-]{0,31}`. */
export function isPartnerId(value: unknown): value is string {
  return typeof value === 'string' && PARTNER_ID.test(value)
}

/** Whether the value is a hash: 64 lower-case hex digits. */
export function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value)
}

/** Whether the value has the form of a signature: 128 lower-case hex digits. */
export function isSignature(value: unknown): value is string {
  return typeof value === 'string' && SIGNATURE.test(value)
}

/** Parts of a record's id; `sequence` counts the author's batches, `index` the records of one, both from 0. */
export interface RecordIdParts {
  readonly author: string
  readonly sequence: number
  readonly index: number
}

/** `AUTHOR/SEQUENCE/INDEX`. */
export function recordId(author: string, sequence: number, index: number): string {
  return `${author}/${sequence}/${index}`
}

/** The parts of a record id, or null when the text is not exactly what {@link recordId} writes. */
export function parseRecordId(text: string): RecordIdParts | null {
  const match = RECORD_ID.exec(text)
  if (match === null) return null
  const sequence = Number(match[2])
  const index = Number(match[3])
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(index)) return null
  return { author: match[1]!, sequence, index }
}
