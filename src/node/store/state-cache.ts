import type { StateEntry } from '../../ledger/state.js'

/**
 * Bytes, roughly, that a cached entry takes beside its texts; the decoded form that readers leave in it is reckoned as
 * twice its text.
 */
const ENTRY_BYTES = 240

/** What is known of a key: its entry, `null` that it has none, `undefined` nothing. */
export type Known = StateEntry | null | undefined

/**
 * A bounded memory of the keys used last. Two generations: when the younger one has taken half of the room it becomes
 * the older one, and what was not used since then is forgotten. So a key that is in use is never forgotten, and a hit
 * costs one look-up.
 */
export interface StateCache {
  get(key: string): Known
  set(key: string, entry: StateEntry | null): void
  /** While it holds, nothing that was read or set since is forgotten, whatever room that takes. */
  hold(): void
  release(): void
  /** Bytes taken, roughly. */
  readonly bytes: number
}

/** Holds what is known of a key, so that another entry takes its place without the map being changed. */
interface Slot {
  entry: StateEntry | null
}

export function createStateCache(bytesMax: number): StateCache {
  let young = new Map<string, Slot>()
  let old = new Map<string, Slot>()
  let youngBytes = 0
  let oldBytes = 0
  let held = false

  /** Makes room for `bytes` more. An entry larger than half of the room gets in all the same. */
  function makeRoom(bytes: number): void {
    if (held || youngBytes + bytes <= bytesMax / 2) return
    old = young
    oldBytes = youngBytes
    young = new Map()
    youngBytes = 0
  }

  function add(key: string, slot: Slot): void {
    const bytes = sizeOf(key, slot.entry)
    makeRoom(bytes)
    young.set(key, slot)
    youngBytes += bytes
  }

  function set(key: string, entry: StateEntry | null): void {
    const slot = young.get(key)
    if (slot === undefined) {
      add(key, { entry })
      return
    }
    youngBytes += sizeOf(key, entry) - sizeOf(key, slot.entry)
    slot.entry = entry
    makeRoom(0)
  }

  return {
    get(key) {
      const known = young.get(key)
      if (known !== undefined) return known.entry
      const older = old.get(key)
      if (older !== undefined) add(key, older)
      return older?.entry
    },
    set,
    hold() {
      held = true
    },
    release() {
      held = false
      makeRoom(0)
    },
    get bytes() {
      return youngBytes + oldBytes
    }
  }
}

function sizeOf(key: string, entry: StateEntry | null): number {
  return ENTRY_BYTES + key.length + (entry === null ? 0 : 3 * entry.text.length)
}
