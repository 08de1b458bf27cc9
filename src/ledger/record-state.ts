import { parseCanonical } from '../base/canonical.js'
import { assertInvariant } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { FormerNames } from './former-names.js'
import type { BlockTime } from './judge.js'
import type { CheckedRecord, RecordBody } from './record.js'
import type { StateEntry, StateReader } from './state.js'

/** The newest accepted record under a key, as the state has it. */
export interface StateRecord {
  readonly id: string
  readonly height: number
  /** Milliseconds since 1970, the time of the block. */
  readonly time: number
  readonly body: RecordBody
  /** Its data as one model reads it, where that is not as it was written: models come and go, the entry stays. */
  presented?: { readonly by: FormerNames['present']; readonly data: JsonObject }
}

/** State key of the newest accepted record; `key` is canonical JSON such as `["VH-001"]`. */
export function recordKey(object: string, key: string): string {
  return `r:${object}${key}`
}

/** State key of the record that used a unique value; `value` is canonical JSON. */
export function uniqueKey(author: string, object: string, value: string): string {
  return `u:${author}/${object}/${value}`
}

export function uniqueEntry(id: string): StateEntry {
  return { text: id }
}

export function recordEntry(id: string, block: BlockTime, record: CheckedRecord): StateEntry {
  assertInvariant(record.body !== null, 'an accepted record has a body')
  const { height, time } = block
  const memo: StateRecord = { id, height, time, body: record.body }
  return { text: `${id} ${height} ${time}\n${record.text}`, memo }
}

/** Decodes an `r:` entry, once. Its text was written by {@link recordEntry} and its checksum held. */
export function stateRecord(entry: StateEntry): StateRecord {
  if (entry.memo !== undefined) return entry.memo as StateRecord
  const end = entry.text.indexOf('\n')
  const [id, height, time] = entry.text.slice(0, end).split(' ')
  assertInvariant(id !== undefined && height !== undefined && time !== undefined, 'a state record has its form')
  const body = parseCanonical(entry.text.slice(end + 1)) as unknown as RecordBody
  const memo: StateRecord = { id, height: Number(height), time: Number(time), body }
  entry.memo = memo
  return memo
}

/** Of a key under which no record stands any more: the only one was amended to another key. */
export const NO_RECORD = ''

/** The newest accepted record under a key; null when there is none. */
export function newestRecord(state: StateReader, object: string, key: string): StateRecord | null {
  const entry = state.get(recordKey(object, key))
  return entry === undefined || entry.text === NO_RECORD ? null : stateRecord(entry)
}

/**
 * Data of the newest accepted record under a key; null when there is none.
 * @param present how the object's data is read in the model in force
 */
export function newestData(
  state: StateReader,
  object: string,
  key: string,
  present: FormerNames['present']
): JsonObject | null {
  const record = newestRecord(state, object, key)
  return record === null ? null : presentDataOf(record, present)
}

/** Data of a record as the model in force reads it. */
export function presentDataOf(record: StateRecord, present: FormerNames['present']): JsonObject {
  if (record.presented?.by === present) return record.presented.data
  const data = present(record.body.data)
  if (data !== record.body.data) record.presented = { by: present, data }
  return data
}
