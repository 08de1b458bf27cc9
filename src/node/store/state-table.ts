import type { StateEntry, StateReader, StateWrite } from '../../ledger/state.js'
import { KIND, prefixEnd, stateKey } from './layout.js'
import type { LevelBatch, LevelDatabase, LevelSnapshot } from './level-database.js'
import { createStateCache } from './state-cache.js'
import type { StateItem, StatesOptions } from './store-types.js'

/** Bytes, roughly, that the cache of state may take. */
export const STATE_CACHE_BYTES_MAX = 64 * 1024 * 1024

/** State of which the next version is being written. Until {@link StateWriting.done}, readers see the one before. */
export interface StateWriting {
  /** Keys that had no entry before. */
  readonly added: number
  done(): void
}

/** The current state: on disk, with a bounded cache before it. */
export interface StateTable {
  readonly reader: StateReader
  /** Puts the writes into the batch. One at a time; a failed write is not undone, for the database is then condemned. */
  write(batch: LevelBatch, writes: readonly StateWrite[]): StateWriting
}

export function createStateTable(database: LevelDatabase, cacheBytesMax = STATE_CACHE_BYTES_MAX): StateTable {
  const cache = createStateCache(cacheBytesMax)
  /** What readers see while a batch is being written; whether the disk shows it already is unknown then. */
  let before: Map<string, StateEntry | null> | null = null

  function read(key: string): StateEntry | null {
    database.assertUsable()
    const frozen = before?.get(key)
    if (frozen !== undefined) return frozen
    const known = cache.get(key)
    if (known !== undefined) return known
    const text = database.getText(stateKey(key))
    const entry = text === undefined ? null : { text }
    cache.set(key, entry)
    return entry
  }

  return {
    reader: { get: (key) => read(key) ?? undefined },
    write(batch, writes) {
      const after = new Map<string, StateEntry>()
      for (const { key, entry } of writes) after.set(key, entry)
      const old = new Map<string, StateEntry | null>()
      let added = 0
      for (const [key, entry] of after) {
        const current = read(key)
        if (current === null) added += 1
        old.set(key, current)
        const text = batch.putText(stateKey(key), entry.text)
        after.set(key, ownEntry(text, entry.memo))
      }
      before = old
      return {
        added,
        done() {
          before = null
          for (const [key, entry] of after) cache.set(key, entry)
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

function ownEntry(text: string, memo: unknown): StateEntry {
  return memo === undefined ? { text } : { text, memo }
}
