/** A clock that stands still while something happens, and then jumps to what happens next. */
export interface VirtualClock {
  /** Milliseconds since the run began. */
  now(): number
  /** Plans something for `delayMs` from now; what is planned for the same time happens in the order of planning. */
  plan(delayMs: number, run: () => void): void
  /** Lets everything happen, until nothing is planned or it is enough. */
  run(isEnough: () => boolean): void
}

export function virtualClock(): VirtualClock {
  // Latest first, so that the next one is taken from the end.
  const agenda: { readonly at: number; readonly run: () => void }[] = []
  let nowMs = 0
  return {
    now: () => nowMs,
    plan(delayMs, run) {
      const at = nowMs + delayMs
      let place = agenda.length
      while (place > 0 && agenda[place - 1]!.at <= at) place--
      agenda.splice(place, 0, { at, run })
    },
    run(isEnough) {
      for (let next = agenda.pop(); next !== undefined; next = agenda.pop()) {
        nowMs = next.at
        next.run()
        if (isEnough()) return
      }
    }
  }
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
