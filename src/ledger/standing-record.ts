import { parseCanonical } from '../base/canonical.js'
import { assertInvariant } from '../base/errors.js'
import { parseRecordId } from '../base/ids.js'
import type { BlockTime } from './judge.js'
import type { RecordBody } from './record.js'
import { NO_RECORD, newestRecord, recordKey, type StateRecord } from './record-state.js'
import { placeText } from './sort-text.js'
import type { StateEntry, StateReader } from './state.js'

/** An accepted record of an object whose records are ordered or amended, as long as nothing amends it. */
export interface StandingRecord extends StateRecord {
  /** Of the author when it was accepted; empty for one from before they were kept. */
  readonly role: string
  /** Place at which it came in; of an amendment that of what it amends. */
  readonly place: string
  /** Partner that wrote it; of an amendment that wrote what was amended first. */
  readonly owner: string
  /** Block from which it stands: its own, or that in which it was approved. */
  readonly since: BlockTime
  /** Exact text. */
  readonly text: string
}

/** Begins the value of one that was amended; the id of what amends it follows. */
const AMENDED = '='

/** State key of a record that stands, or stood. */
export function standingKey(object: string, id: string): string {
  return `t:${object}/${id}`
}

export function standingEntry(record: StandingRecord): StateEntry {
  const { id, height, time, place, role, owner, since, text } = record
  const head = [id, height, time, place, role, owner, since.height, since.time].join(' ')
  return { text: `${head}\n${text}`, memo: record }
}

export function amendedEntry(by: string): StateEntry {
  return { text: `${AMENDED}${by}` }
}

/** Id of the record that amends this one; null when none does. */
export function amendedByIn(state: StateReader, object: string, id: string): string | null {
  const text = state.get(standingKey(object, id))?.text
  return text?.startsWith(AMENDED) ? text.slice(AMENDED.length) : null
}

/**
 * A record that stands, by its id; null when there is none.
 * @param key under which it may stand as one from before they were kept; null where the object has none
 */
export function standingRecord(
  state: StateReader,
  object: string,
  id: string,
  key: string | null
): StandingRecord | null {
  const entry = state.get(standingKey(object, id))
  if (entry !== undefined) return entry.text.startsWith(AMENDED) ? null : decode(entry)
  const newest = key === null ? null : newestRecord(state, object, key)
  if (newest === null || newest.id !== id) return null
  return fromBefore(newest, state.get(recordKey(object, key ?? ''))?.text ?? NO_RECORD)
}

/** Where in its block a record from before they were kept stood is not known, and nothing else of its key is. */
function fromBefore(record: StateRecord, text: string): StandingRecord {
  const place = placeText({ height: record.height, batch: 0, index: 0 })
  const { height, time } = record
  const kept = { place, role: '', owner: authorOf(record.id), since: { height, time } }
  return { ...record, ...kept, text: text.slice(text.indexOf('\n') + 1) }
}

type Parts = [string, string, string, string, string, string, string, string]

/** Partner that wrote a record. */
export function authorOf(id: string): string {
  return parseRecordId(id)?.author ?? ''
}

function decode(entry: StateEntry): StandingRecord {
  if (entry.memo !== undefined) return entry.memo as StandingRecord
  const end = entry.text.indexOf('\n')
  const parts = entry.text.slice(0, end).split(' ')
  assertInvariant(parts.length === 8, 'a record that stands has its form')
  const [id, height, time, place, role, owner, sinceHeight, sinceTime] = parts as Parts
  const text = entry.text.slice(end + 1)
  const body = parseCanonical(text) as unknown as RecordBody
  const since = { height: Number(sinceHeight), time: Number(sinceTime) }
  const memo: StandingRecord = { id, height: Number(height), time: Number(time), body, place, role, owner, since, text }
  entry.memo = memo
  return memo
}
