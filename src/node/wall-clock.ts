import type { Logger } from './log.js'

/** Milliseconds that the clock may gain or lose between two looks without having jumped. */
const JUMP_MS = 250

/** Milliseconds for which nothing is proposed after a jump: one that is set often jumps more than once. */
const SETTLE_MS = 5_000

/** Longest wait at a time: a timer cannot run for ever, and the clock may be set right meanwhile. */
const WAIT_MS_MAX = 60_000

export interface WallClockDependencies {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds since whenever, on a clock that nobody sets. */
  readonly monotonic: () => number
  readonly log: Logger
}

/**
 * Whether this machine's clock is fit to date a block by (design: consensus, point 19): not while it stands before the
 * block before, and not right after it jumped.
 */
export function createWallClock({ now, monotonic, log }: WallClockDependencies) {
  let offset = now() - monotonic()
  let settled = Number.NEGATIVE_INFINITY

  function look(): void {
    const before = offset
    offset = now() - monotonic()
    const jumpMs = Math.round(offset - before)
    if (Math.abs(jumpMs) < JUMP_MS) return
    settled = monotonic() + SETTLE_MS
    log.warn('the clock of this machine has jumped: it proposes nothing for a moment', { jumpMs })
  }

  return {
    /** To be called every second or so: a slow drift is no jump. */
    look,
    /** Milliseconds until a block may be proposed after one of this time; 0 or less: now. */
    proposeIn(time: number): number {
      look()
      return Math.min(Math.max(time + 1 - now(), settled - monotonic()), WAIT_MS_MAX)
    }
  }
}

export type WallClock = ReturnType<typeof createWallClock>
