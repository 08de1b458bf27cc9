import { emptyRoot, entryAfter, entryBefore, hasEntry, type IndexEntry, type IndexRoot, readRoot } from './key-index.js'
import type { CompiledObject } from './model.js'
import { newestRecord, presentDataOf } from './record-state.js'
import { dateText, sortText } from './sort-text.js'
import { type StandingRecord, standingRecord } from './standing-record.js'
import type { StateReader } from './state.js'

/** Of a record of an object that has a key and keeps its records in order, what finds it among those of its key. */
export interface KeyOrder {
  /** State key of the index. */
  readonly name: string
  readonly root: IndexRoot
}

/** Before and after a place. */
export interface Neighbours {
  readonly previous: StandingRecord | null
  readonly next: StandingRecord | null
}

/** State key under which the order of a key's records stands. */
export function orderKey(object: string, key: string): string {
  return `o:${object}${key}`
}

/**
 * The order of the records of a key as of a state. Where it was not kept until now, or by another field, it begins anew with
 * the newest record: what came before that is not known.
 */
export function keyOrder(state: StateReader, object: CompiledObject, key: string): KeyOrder {
  const name = orderKey(object.name, key)
  const order = object.keeping?.order ?? ''
  const newest = newestRecord(state, object.name, key)
  const last = newest?.id ?? ''
  const root = readRoot(state, name)
  // The field may have had another name when the order was begun: its dates are the same.
  if (root !== null && (object.aliases.get(root.order) ?? root.order) === order && root.last === last)
    return { name, root }
  const empty = emptyRoot(order)
  const record = last === '' ? null : standingRecord(state, object.name, last, key)
  if (record === null) return { name, root: empty }
  const sort = sortOf(record, object)
  return { name, root: { ...empty, entries: [[sort, last]], from: sort, last } }
}

/** Where a record that stands is sorted. */
export function sortOf(record: StandingRecord, { keeping, present }: CompiledObject): string {
  return sortText(dateText(keeping?.order ?? null, presentDataOf(record, present)), record.place)
}

/** What stands before and after a place, as if the record at `without` were not there. */
export function neighboursAt(
  state: StateReader,
  object: string,
  key: string,
  { name, root }: KeyOrder,
  sort: string,
  without: string | null = null
): Neighbours {
  const record = (entry: IndexEntry | null): StandingRecord | null => {
    return entry === null ? null : standingRecord(state, object, entry.id, key)
  }
  const step = (find: typeof entryBefore): IndexEntry | null => {
    const found = find(state, name, root, sort)
    return found !== null && found.sort === without ? find(state, name, root, found.sort) : found
  }
  return { previous: record(step(entryBefore)), next: record(step(entryAfter)) }
}

/** Whether a record has its place in the order. */
export function isInOrder(state: StateReader, { name, root }: KeyOrder, sort: string): boolean {
  return hasEntry(state, name, root, sort)
}
