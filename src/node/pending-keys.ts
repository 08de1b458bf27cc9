import { canonicalText } from '../base/canonical.js'
import type { CheckedRecord } from '../ledger/record.js'
import { effectKeys } from '../ledger/record-effects.js'
import { recordKey, uniqueKey } from '../ledger/record-state.js'
import type { OwnBatch } from './own-batches.js'

/** An own record that is not decided yet. */
export interface PendingRecord {
  readonly record: CheckedRecord
  readonly batch: OwnBatch
  readonly index: number
}

/** Stands for all that an undecided amendment takes back: it is known only when it is judged. */
const AMENDED = 'amended'

/**
 * The state keys that own undecided records may write. A refusal at intake is final only when nothing it looked at is among
 * them; else execution judges.
 */
export function createPendingKeys(author: string) {
  const writes = new Map<string, number>()
  const uniques = new Map<string, PendingRecord>()
  /** As they were when the records were added: by another model they may write other keys when they are decided. */
  const ofBatches = new Map<OwnBatch, { readonly keys: string[]; readonly uniques: string[] }>()

  const writtenKeys = ({ body, object, key }: CheckedRecord): string[] => {
    if (body === null || object === null || key === null) return []
    const keys = effectKeys(object, key, body.data)
    if (object.keyFields.length > 0) keys.push(recordKey(object.name, key))
    if (body.amends !== undefined) keys.push(AMENDED)
    return keys
  }
  const uniqueKeyOf = ({ body }: CheckedRecord): string | null =>
    body?.unique === undefined ? null : uniqueKey(author, body.object, canonicalText(body.unique))

  return {
    add(pending: PendingRecord): void {
      const added = ofBatches.get(pending.batch) ?? { keys: [], uniques: [] }
      if (added.keys.length + added.uniques.length === 0) ofBatches.set(pending.batch, added)
      for (const key of writtenKeys(pending.record)) {
        added.keys.push(key)
        writes.set(key, (writes.get(key) ?? 0) + 1)
      }
      const unique = uniqueKeyOf(pending.record)
      if (unique === null) return
      added.uniques.push(unique)
      uniques.set(unique, pending)
    },
    /** All records of a batch are decided. */
    remove(batch: OwnBatch): void {
      const added = ofBatches.get(batch)
      if (added === undefined) return
      ofBatches.delete(batch)
      for (const key of added.keys) {
        const count = writes.get(key) ?? 0
        if (count > 1) writes.set(key, count - 1)
        else writes.delete(key)
      }
      for (const unique of added.uniques) uniques.delete(unique)
    },
    /** None of them will be decided. */
    clear(): void {
      writes.clear()
      ofBatches.clear()
      uniques.clear()
    },
    /** Whether an undecided record has the key of this one, or is what this one amends: then there is no use in judging it. */
    precedes({ body, object, key }: CheckedRecord): boolean {
      if (writes.size === 0 || object === null || key === null) return false
      return body?.amends !== undefined || writes.has(recordKey(object.name, key))
    },
    /** Whether an undecided record may write one of these state keys. */
    touches(read: ReadonlySet<string>): boolean {
      if (writes.size === 0) return false
      if (writes.has(AMENDED)) return true
      for (const key of read) if (writes.has(key)) return true
      return false
    },
    /** The undecided record with the same unique value. */
    sameUnique(record: CheckedRecord): PendingRecord | undefined {
      const unique = uniqueKeyOf(record)
      return unique === null ? undefined : uniques.get(unique)
    }
  }
}

export type PendingKeys = ReturnType<typeof createPendingKeys>
