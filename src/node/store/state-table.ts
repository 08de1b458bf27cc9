import type { Steps } from '../../base/steps.js'
import type { StateEntry, StateReader, StateWrite } from '../../ledger/state.js'
import { KIND, prefixEnd, stateKey } from './layout.js'
import type { LevelBatch, LevelDatabase, LevelSnapshot } from './level-database.js'
import { createStateCache } from './state-cache.js'
import type { StateItem, StatesOptions } from './store-types.js'

/** Bytes, roughly, that the cache of state may take. */
export const STATE_CACHE_BYTES_MAX = 64 * 1024 * 1024

/** Writes that are put in one step. */
const STEP_WRITES = 256

/** State of which the next version is being written. Until {@link StateWriting.done}, readers see the one before. */
export interface StateWriting {
  /** Keys that had no entry before. */
  readonly added: number
  done(): void
}

/** The current state: on disk, with a bounded cache before it. */
export interface StateTable {
  readonly reader: StateReader
  /**
   * Puts the writes, one for each key, into the batch, in steps. One batch at a time; a failed write is not undone, for the database is
   * then condemned.
   */
  write(batch: LevelBatch, writes: readonly StateWrite[]): Steps<StateWriting>
}

export function createStateTable(database: LevelDatabase, cacheBytesMax = STATE_CACHE_BYTES_MAX): StateTable {
  const cache = createStateCache(cacheBytesMax)
  function read(key: string): StateEntry | null {
    database.assertUsable()
    const known = cache.get(key)
    if (known !== undefined) return known
    const text = database.getText(stateKey(key))
    const entry = text === undefined ? null : { text }
    cache.set(key, entry)
    return entry
  }

  return {
    reader: { get: (key) => read(key) ?? undefined },
    *write(batch, writes) {
      // Until the batch is written the disk may show either: readers then find the former value in the cache.
      cache.hold()
      let added = 0
      const after: StateEntry[] = []
      let put = 0
      for (const { key, entry } of writes) {
        if (++put % STEP_WRITES === 0) yield
        if (read(key) === null) added += 1
        const own = batch.putText(stateKey(key), entry.text)
        after.push(entry.memo === undefined ? { text: own } : { text: own, memo: entry.memo })
      }
      return {
        added,
        done() {
          for (let i = 0; i < after.length; i++) cache.set(writes[i]!.key, after[i]!)
          cache.release()
        }
      }
    }
  }
}

/** All state entries whose key starts with `prefix`, in the order of their keys. */
export async function* readStates(
  database: LevelDatabase,
  prefix: string,
  { after, limit }: StatesOptions,
  snapshot?: LevelSnapshot
): AsyncGenerator<StateItem> {
  const start = stateKey(prefix)
  const behind = after !== undefined && Buffer.compare(Buffer.from(prefix), Buffer.from(after)) < 0
  const from = behind ? { gt: stateKey(after) } : { gte: start }
  const range = { ...from, lt: prefixEnd(start), ...(limit === undefined ? {} : { limit }) }
  for await (const page of database.pages(range, snapshot)) {
    for (const [key, text] of page) yield { key: key.slice(KIND.state.length), entry: { text } }
  }
}
