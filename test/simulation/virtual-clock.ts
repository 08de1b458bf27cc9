/** A clock that stands still while something happens, and then jumps to what happens next. */
export interface VirtualClock {
  /** Milliseconds since the run began. */
  now(): number
  /** Plans something for `delayMs` from now; what is planned for the same time happens in the order of planning. */
  plan(delayMs: number, run: () => void): void
  /** Lets the next thing happen; false when nothing is planned. */
  next(): boolean
}

interface Planned {
  readonly at: number
  /** Order of planning. */
  readonly order: number
  readonly run: () => void
}

export function virtualClock(): VirtualClock {
  const agenda: Planned[] = []
  let nowMs = 0
  let planned = 0

  function next(): boolean {
    const first = takeFirst(agenda)
    if (first === undefined) return false
    nowMs = first.at
    first.run()
    return true
  }

  return {
    now: () => nowMs,
    plan(delayMs, run) {
      add(agenda, { at: nowMs + delayMs, order: planned++, run })
    },
    next
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order
}

/** Adds to a binary heap whose first is at 0, and whose entry i comes before those at 2i + 1 and 2i + 2. */
function add(heap: Planned[], entry: Planned): void {
  let at = heap.length
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!isBefore(entry, heap[parent]!)) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = entry
}

function takeFirst(heap: Planned[]): Planned | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, last)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return first
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
