/** Which of the three timers of a round: L21 (propose), L35 (prevote), L48 (precommit). */
export type TimeoutKind = 'propose' | 'prevote' | 'precommit'

/** A timer that grows by `growthMs` each round, from `firstMs` in round 0 up to `capMs`. */
export interface Timeout {
  readonly firstMs: number
  readonly growthMs: number
  readonly capMs: number
}

export type TimeoutSettings = Readonly<Record<TimeoutKind, Timeout>>

/**
 * The caps exceed what moving and executing one largest batch (512 KiB) takes at the least bandwidth, 128 kbit/s.
 * @default
 */
export const TIMEOUTS_DEFAULT: TimeoutSettings = {
  propose: { firstMs: 3_000, growthMs: 1_000, capMs: 60_000 },
  prevote: { firstMs: 1_000, growthMs: 1_000, capMs: 60_000 },
  precommit: { firstMs: 1_000, growthMs: 1_000, capMs: 60_000 }
}

/**
 * How long the timer of a kind runs in a round: linear growth, so that it finally exceeds every real delay, to a cap.
 * Source: arXiv 1807.04938, section III (timeoutX(r) = initTimeoutX + r * timeoutDelta).
 * @param round from 0
 * @returns milliseconds
 */
export function timeoutMs(settings: TimeoutSettings, kind: TimeoutKind, round: number): number {
  const { firstMs, growthMs, capMs } = settings[kind]
  return Math.min(firstMs + growthMs * round, capMs)
}
