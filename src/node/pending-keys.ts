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
  /** By text, of each time it was added: by another model the same record may write other keys when it is decided. */
  const added = new Map<string, string[][]>()

  const writtenKeys = ({ body, object, key }: CheckedRecord): string[] => {
    if (body === null || object === null || key === null) return []
    const own = object.keyFields.length === 0 ? [] : [recordKey(object.name, key)]
    const amended = body.amends === undefined ? [] : [AMENDED]
    return [...own, ...amended, ...effectKeys(object, key, body.data)]
  }
  const uniqueKeyOf = ({ body }: CheckedRecord): string | null =>
    body?.unique === undefined ? null : uniqueKey(author, body.object, canonicalText(body.unique))

  return {
    add(pending: PendingRecord): void {
      const { text } = pending.record
      const keys = writtenKeys(pending.record)
      const times = added.get(text)
      if (times === undefined) added.set(text, [keys])
      else times.push(keys)
      for (const key of keys) writes.set(key, (writes.get(key) ?? 0) + 1)
      const unique = uniqueKeyOf(pending.record)
      if (unique !== null) uniques.set(unique, pending)
    },
    remove(record: CheckedRecord): void {
      const times = added.get(record.text)
      for (const key of times?.pop() ?? []) {
        const count = writes.get(key) ?? 0
        if (count > 1) writes.set(key, count - 1)
        else writes.delete(key)
      }
      if (times?.length === 0) added.delete(record.text)
      const unique = uniqueKeyOf(record)
      if (unique !== null) uniques.delete(unique)
    },
    /** None of them will be decided. */
    clear(): void {
      writes.clear()
      added.clear()
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
