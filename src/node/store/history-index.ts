import { assertInvariant, LedgerError } from '../../base/errors.js'
import { LEAVES_MAX, LOG_LEAVES_MAX } from '../../base/limits.js'
import type { Steps } from '../../base/steps.js'
import type { HistoryEntry } from '../../ledger/record-run.js'
import { damaged } from './disk-errors.js'
import { historyObjectPrefix, historyPlace, historyPrefix, keyName, prefixEnd, readHistoryKey } from './layout.js'
import type { KeyRange, LevelBatch, LevelDatabase } from './level-database.js'
import type { HistoryCursor, HistoryEntryWithHeight, HistoryOptions } from './store-types.js'

/** All that is stored of an entry beside its key. */
const ACCEPTED = 'a'
const REFUSED = 'r'

/** Entries that are put in one step. */
const STEP_ENTRIES = 256

/** Puts the entries of a block into the batch. */
export function* writeHistory(batch: LevelBatch, height: number, entries: readonly HistoryEntry[]): Steps<void> {
  let put = 0
  for (const { object, key, batch: position, index, accepted } of entries) {
    if (++put % STEP_ENTRIES === 0) yield
    batch.putText(historyPrefix(object, key) + historyPlace(height, position, index), accepted ? ACCEPTED : REFUSED)
  }
}

/** See {@link Store.history}. @throws LedgerError USAGE when the cursor is of another history */
export async function readHistory(
  database: LevelDatabase,
  object: string,
  key: string | null,
  options: HistoryOptions
): Promise<HistoryEntryWithHeight[]> {
  const { limit, includeRefused = false } = options
  assertInvariant(Number.isSafeInteger(limit) && limit >= 0, 'a limit is a whole number')
  const found: HistoryEntryWithHeight[] = []
  if (limit === 0) return found
  // Refused entries may have to be passed over, so the limit is for LevelDB only where there are none to pass.
  const range = { ...historyRange(object, key, options), ...(includeRefused ? { limit } : {}) }
  for await (const page of database.pages(range)) {
    for (const [historyKey, flag] of page) {
      const entry = historyEntry(historyKey, flag)
      if (!entry.accepted && !includeRefused) continue
      found.push(entry)
      if (found.length === limit) return found
    }
  }
  return found
}

/** The entry that a stored key and value stand for. */
export function historyEntry(historyKey: string, flag: string): HistoryEntryWithHeight {
  if (flag !== ACCEPTED && flag !== REFUSED) throw damaged(keyName(historyKey), 'its value means nothing')
  const { object, key, height, batch, index } = readHistoryKey(historyKey)
  return { object, key, height, batch, index, accepted: flag === ACCEPTED }
}

function historyRange(object: string, key: string | null, { after, reverse = false }: HistoryOptions): KeyRange {
  const start = key === null ? historyObjectPrefix(object) : historyPrefix(object, key)
  const end = prefixEnd(start)
  if (after === undefined) return { gte: start, lt: end, reverse }
  // Cursors come back from outside.
  if (!isPlace(after) || (key !== null && after.key !== key)) {
    throw new LedgerError('USAGE', 'the cursor does not belong to this history', { object, key })
  }
  const place = cursorKey(object, after)
  return reverse ? { gte: start, lt: place, reverse } : { gt: place, lt: end, reverse }
}

function isPlace({ key, height, batch, index }: HistoryCursor): boolean {
  const fits = (value: number, max: number) => Number.isSafeInteger(value) && value >= 0 && value <= max
  return !key.includes('\u0000') && fits(height, LOG_LEAVES_MAX) && fits(batch, LEAVES_MAX) && fits(index, LEAVES_MAX)
}

function cursorKey(object: string, { key, height, batch, index }: HistoryCursor): string {
  return historyPrefix(object, key) + historyPlace(height, batch, index)
}
