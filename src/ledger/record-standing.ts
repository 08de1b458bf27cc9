import { assertInvariant } from '../base/errors.js'
import type { Original } from './judge-kept.js'
import {
  emptyRoot,
  entryBefore,
  type IndexRoot,
  type IndexState,
  withEntry,
  withoutEntry,
  writeRoot
} from './key-index.js'
import { keyOrder, orderKey, sortOf } from './key-order.js'
import type { CompiledObject } from './model.js'
import { NO_RECORD, newestRecord, recordKey } from './record-state.js'
import { amendedEntry, type StandingRecord, standingEntry, standingKey, standingRecord } from './standing-record.js'

/** Sorts after everything. */
const END = '\uffff'

/** A run of records, of which this needs so much. */
export interface StandingRun extends IndexState {
  readonly lines: string[]
}

/** A record that is about to stand. */
export interface Newcomer {
  readonly object: CompiledObject
  /** `[]` where the object has none. */
  readonly key: string
  readonly record: StandingRecord
  /** What it amends. */
  readonly original: Original | null
}

/**
 * Puts an accepted record of an object whose records are ordered or amended in its place, and what it amends out of its
 * own. From then on rules, references and queries see it so.
 */
export function stand(run: StandingRun, { object, key, record, original }: Newcomer): void {
  const { name, keyFields } = object
  const hasKey = keyFields.length > 0
  if (hasKey) keepNewest(run, object, key)
  if (original !== null) {
    // Where it is the only one of its key from before, its order is begun with it.
    if (hasKey) takeOut(run, object, original)
    const place = standingKey(name, original.record.id)
    run.write(place, amendedEntry(record.id), `${place} ${record.id}\n`)
  }
  run.write(standingKey(name, record.id), standingEntry(record), '')
  if (hasKey) putIn(run, object, key, record)
  else run.lines.push(`${recordKey(name, key)} ${record.id}\n`)
}

/** A newest record from before they were kept is kept from now on. */
function keepNewest(run: StandingRun, { name }: CompiledObject, key: string): void {
  const newest = newestRecord(run, name, key)
  if (newest === null || run.get(standingKey(name, newest.id)) !== undefined) return
  const record = standingRecord(run, name, newest.id, key)
  assertInvariant(record !== null, 'the newest record of a key stands')
  run.write(standingKey(name, record.id), standingEntry(record), '')
}

function putIn(run: StandingRun, object: CompiledObject, key: string, record: StandingRecord): void {
  const { name, root } = orderOf(run, object, key)
  const sort = sortOf(record, object)
  run.lines.push(`${name} ${record.id} ${sort}\n`)
  finish(run, object, key, withEntry(run, name, root, { sort, id: record.id }))
}

function takeOut(run: StandingRun, object: CompiledObject, { key, record }: Original): void {
  const { name, root } = orderOf(run, object, key)
  finish(run, object, key, withoutEntry(run, name, root, sortOf(record, object)))
}

function orderOf(run: StandingRun, object: CompiledObject, key: string): { name: string; root: IndexRoot } {
  const { keeping, name } = object
  return keeping === null ? { name: orderKey(name, key), root: emptyRoot('') } : keyOrder(run, object, key)
}

/** The last of a key is its newest: what references and queries see. */
function finish(run: StandingRun, object: CompiledObject, key: string, root: IndexRoot): void {
  const index = orderKey(object.name, key)
  const last = entryBefore(run, index, root, END)?.id ?? ''
  writeRoot(run, index, { ...root, last })
  const before = newestRecord(run, object.name, key)?.id ?? ''
  if (last === before) return
  const place = recordKey(object.name, key)
  if (last === '') {
    run.write(place, { text: NO_RECORD }, `${place} -\n`)
    return
  }
  const record = standingRecord(run, object.name, last, null)
  assertInvariant(record !== null, 'a record that has a place in the order stands')
  const { id, height, time, body, text } = record
  run.write(place, { text: `${id} ${height} ${time}\n${text}`, memo: { id, height, time, body } }, `${place} ${id}\n`)
}
