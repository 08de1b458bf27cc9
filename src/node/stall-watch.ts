import type { Logger } from './log.js'
import { causeKey, explainStall, type StallCause, type StallSnapshot, stallText } from './stall-explanation.js'

/** Milliseconds without a commit, while there is work, after which it counts as a stall when the cause is plain. */
const STALLED_AFTER_MS = 5_000

/** The same when it may be just a slow round. */
const SLOW_AFTER_MS = 15_000

/** Rounds that failed before a stall is more than a slow round. */
const SLOW_ROUNDS = 2

/** Causes remembered as told in one stall; beyond them the log stays silent until it is over. */
const TOLD_MAX = 64

/** Since when nothing moves, where, and why. */
export interface Stall {
  /** Milliseconds since 1970. */
  readonly since: number
  /** Being decided. */
  readonly height: number
  readonly round: number
  readonly causes: readonly StallCause[]
}

export interface StallWatchDependencies {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Whether anything waits for a block. */
  readonly hasWork: () => boolean
  readonly snapshot: () => StallSnapshot
  readonly log: Logger
}

/** Notices when nothing moves although there is work, and says why: in the log once, and whenever it is asked. */
export function createStallWatch({ now, hasWork, snapshot, log }: StallWatchDependencies) {
  let waitingSince: number | null = null
  /** Causes that the log has heard of since this stall began; null while nothing is stalled. */
  let told: Set<string> | null = null

  function current(): Stall | null {
    if (!hasWork()) {
      waitingSince = null
      return null
    }
    waitingSince ??= now()
    const seen = snapshot()
    // A clock that was set back must not hide how long it has been.
    if (now() < waitingSince && seen.clockBehindMs <= 0) waitingSince = now()
    const since = waitingSince
    const { height, round } = seen
    return isStall(seen, now() - since) ? { since, height, round, causes: explainStall(seen) } : null
  }

  /** Tells the end of a stall that was told of; that others go on does not end what is set aside. */
  function moves(): void {
    if (told === null || snapshot().setAside.length > 0) return
    told = null
    log.info('it goes on: nothing is stalled any more', { height: snapshot().height })
  }

  return {
    current,
    /** Looked at now and then: the log hears of a stall when it begins, of each further cause, and when it ends. */
    look(): void {
      const stall = current()
      if (stall === null) {
        moves()
        return
      }
      // Causes come and go with the rounds: each is told once.
      const keys = stall.causes.map(causeKey)
      const isNews = told === null || (told.size < TOLD_MAX && keys.some((key) => told?.has(key) === false))
      told ??= new Set()
      for (const key of keys) told.add(key)
      if (!isNews) return
      log.warn('nothing moves', {
        why: stallText(stall.causes),
        height: stall.height,
        round: stall.round,
        since: new Date(stall.since).toISOString()
      })
    },
    /** A block was committed: whatever waits now waits since now. */
    committed(): void {
      waitingSince = null
      moves()
    }
  }
}

export type StallWatch = ReturnType<typeof createStallWatch>

/** An idle network never stalls, and one slow round is no stall: unless it is plain that nothing can move. */
function isStall(seen: StallSnapshot, waitedMs: number): boolean {
  if (seen.clockBehindMs >= STALLED_AFTER_MS) return true
  if (waitedMs < STALLED_AFTER_MS) return false
  const online = seen.voters.filter((voter) => voter.online).length
  const isPlain = online < seen.needed || seen.rejoining || seen.asking > 0 || seen.clockBehindMs > 0
  return isPlain || seen.setAside.length > 0 || seen.round >= SLOW_ROUNDS || waitedMs >= SLOW_AFTER_MS
}
