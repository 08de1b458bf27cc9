import type { TimerHandle, Timers } from './timers.js'

/** Milliseconds between two looks at whether something moves. */
const BEAT_MS = 1_000

/** Beats after which partners are told where this node is although nothing happens. */
const IDLE_BEATS = 5

/** Milliseconds after a commit until partners are told of it: a stream of blocks does not become one of words. */
const TELL_AFTER_MS = 100

export interface HeartbeatDependencies {
  readonly timers: Timers
  readonly height: () => number
  /** Whether something waits for a block. */
  readonly isWorking: () => boolean
  /** Sends own messages again and asks again for what is missing. */
  readonly again: () => void
  /** Looks whether anything moves, and why not. */
  readonly look: () => void
  /** Tells partners where this node is. */
  readonly tell: () => void
}

/** Keeps things moving when messages were lost (design: consensus, point 20). */
export function createHeartbeat({ timers, height, isWorking, again, look, tell }: HeartbeatDependencies) {
  let beat: TimerHandle | null = null
  let telling: TimerHandle | null = null
  let lastHeight = -1
  let beats = 0
  let stopped = false

  function onBeat(): void {
    beat = timers.set(BEAT_MS, onBeat)
    beats++
    const stuck = height() === lastHeight && isWorking()
    lastHeight = height()
    if (stuck) again()
    look()
    if (stuck || beats % IDLE_BEATS === 0) tell()
  }

  return {
    start(): void {
      beat = timers.set(BEAT_MS, onBeat)
    },
    /** Partners had better know soon: a block was committed, or somebody else is connected. */
    tellSoon(): void {
      if (stopped) return
      telling ??= timers.set(TELL_AFTER_MS, () => {
        telling = null
        tell()
      })
    },
    stop(): void {
      stopped = true
      if (beat !== null) timers.clear(beat)
      if (telling !== null) timers.clear(telling)
      beat = null
      telling = null
    }
  }
}
