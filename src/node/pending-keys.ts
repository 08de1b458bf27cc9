import { canonicalText } from '../base/canonical.js'
import { stateKeysOf } from '../ledger/judge.js'
import type { CheckedRecord } from '../ledger/record.js'
import { recordKey, uniqueKey } from '../ledger/record-state.js'
import type { OwnBatch } from './own-batches.js'

/** An own record that is not decided yet. */
export interface PendingRecord {
  readonly record: CheckedRecord
  readonly batch: OwnBatch
  readonly index: number
}

/**
 * The state keys that own undecided records may write. A rule's refusal at intake is final only when nothing it looked at
 * is among them; else execution judges.
 */
export function createPendingKeys(author: string) {
  const writes = new Map<string, number>()
  const uniques = new Map<string, PendingRecord>()

  const writtenKey = ({ object, key }: CheckedRecord): string | null =>
    object === null || key === null || object.keyFields.length === 0 ? null : recordKey(object.name, key)
  const uniqueKeyOf = ({ body }: CheckedRecord): string | null =>
    body?.unique === undefined ? null : uniqueKey(author, body.object, canonicalText(body.unique))

  return {
    add(pending: PendingRecord): void {
      const key = writtenKey(pending.record)
      if (key !== null) writes.set(key, (writes.get(key) ?? 0) + 1)
      const unique = uniqueKeyOf(pending.record)
      if (unique !== null) uniques.set(unique, pending)
    },
    remove(record: CheckedRecord): void {
      const key = writtenKey(record)
      const count = key === null ? 0 : (writes.get(key) ?? 0)
      if (key !== null && count > 1) writes.set(key, count - 1)
      else if (key !== null) writes.delete(key)
      const unique = uniqueKeyOf(record)
      if (unique !== null) uniques.delete(unique)
    },
    /** None of them will be decided. */
    clear(): void {
      writes.clear()
      uniques.clear()
    },
    /** Whether the verdict on this record may depend on an undecided one. */
    touches(record: CheckedRecord): boolean {
      if (writes.size === 0) return false
      // What it amends may be undecided, or stand under another key.
      return record.body?.amends !== undefined || stateKeysOf(record).some((key) => writes.has(key))
    },
    /** The undecided record with the same unique value. */
    sameUnique(record: CheckedRecord): PendingRecord | undefined {
      const unique = uniqueKeyOf(record)
      return unique === null ? undefined : uniques.get(unique)
    }
  }
}

export type PendingKeys = ReturnType<typeof createPendingKeys>
