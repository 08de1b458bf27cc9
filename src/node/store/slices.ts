import type { Steps } from '../../base/steps.js'

/** Milliseconds for which a piece of work keeps the event loop, where its steps are no longer than that. */
export const SLICE_MS = 10

export interface EventLoop {
  /** Milliseconds since whenever, on a clock that nobody sets. */
  readonly monotonic: () => number
  /** Resolves after the loop has turned: messages were read, and timers have run. */
  readonly turn: () => Promise<void>
}

/** Does work in slices, between which the event loop turns. */
export type Slices = <T>(steps: Steps<T>) => Promise<T>

/** @param sliceMs 0: after each step the loop turns */
export function createSlices({ monotonic, turn }: EventLoop, sliceMs = SLICE_MS): Slices {
  return async (steps) => {
    let since = monotonic()
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
      if (monotonic() - since < sliceMs) continue
      await turn()
      since = monotonic()
    }
  }
}
