import { LedgerError } from '../../base/errors.js'
import { damaged } from './disk-errors.js'
import { FORMAT_KEY } from './layout.js'
import type { LevelBatch, LevelDatabase } from './level-database.js'

/** The format that this version reads and writes. */
export const STORE_FORMAT = 1

/** One step from a format to the next. */
export interface Migration {
  readonly from: number
  /**
   * Rewrites what differs. What it puts into `batch` is written at once with the new format number; what is too large
   * for that it writes before, such that running the step again after a crash does no harm.
   */
  run(database: LevelDatabase, batch: LevelBatch): Promise<void>
}

/** Steps from every older format, oldest first. Format 1 is the first one. */
export const MIGRATIONS: readonly Migration[] = []

/** @throws LedgerError STORE_FORMAT when the store was written by a newer version */
export function refuseNewerFormat(database: LevelDatabase, known = STORE_FORMAT): void {
  const found = readFormat(database)
  if (found <= known) return
  const message = `the store has format ${found}, this version knows ${known}; install a newer ledger-node`
  throw new LedgerError('STORE_FORMAT', message, { found, known })
}

/**
 * Brings a store to the format of this version, step by step; after a crash the next start goes on where it ended.
 * @throws LedgerError STORE_FORMAT when the store is newer, or older than the oldest step
 */
export async function migrateStore(
  database: LevelDatabase,
  { format = STORE_FORMAT, steps = MIGRATIONS }: { format?: number; steps?: readonly Migration[] } = {}
): Promise<void> {
  refuseNewerFormat(database, format)
  for (let found = readFormat(database); found < format; found++) {
    const step = steps.find(({ from }) => from === found)
    if (step === undefined) {
      const message = `the store has format ${found}, which this version no longer reads; install an older one first`
      throw new LedgerError('STORE_FORMAT', message, { found, known: format })
    }
    const batch = database.batch()
    await step.run(database, batch)
    batch.putText(FORMAT_KEY, String(found + 1))
    await batch.write()
  }
}

function readFormat(database: LevelDatabase): number {
  const text = database.getText(FORMAT_KEY)
  const format = Number(text)
  if (text === undefined || !Number.isSafeInteger(format))
    throw damaged('the format number of the store', 'it is missing')
  return format
}
