import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allAtOnce } from '../base/steps.js'
import type { StateReader, StateWrite } from '../ledger/state.js'
import { openLevelDatabase } from './store/level-database.js'
import { createStateTable, readStates } from './store/state-table.js'
import type { StateItem } from './store/store-types.js'

/** A state that is built up beside the store, to be compared with it, and thrown away. On disk, so that it may be large. */
export interface ScratchState {
  readonly reader: StateReader
  write(writes: readonly StateWrite[]): Promise<void>
  /** All entries in the order of their keys' UTF-8 bytes. */
  all(): AsyncIterable<StateItem>
  close(): Promise<void>
}

/** @throws LedgerError DISK_FULL when the system's folder for temporary files takes no more */
export async function openScratchState(): Promise<ScratchState> {
  const path = await mkdtemp(join(tmpdir(), 'ledger-verify-'))
  const database = await openLevelDatabase(join(path, 'state'), { create: true })
  const table = createStateTable(database)
  return {
    reader: table.reader,
    async write(writes) {
      if (writes.length === 0) return
      const batch = database.batch()
      const writing = allAtOnce(table.write(batch, writes))
      await batch.write({ sync: false })
      writing.done()
    },
    all: () => readStates(database, '', {}),
    async close() {
      await database.close()
      await rm(path, { recursive: true, force: true })
    }
  }
}
