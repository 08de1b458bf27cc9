/** How far the clock of a partner is from the one here. */
export interface ClockOffset {
  readonly partner: string
  /** Milliseconds; positive when the partner's clock is ahead. */
  readonly ms: number
}

/** Newest proposals of each partner that are looked at. */
const WINDOW = 4

/**
 * How far the clocks of others are from the one here, by the times of the fresh proposals they make. A proposal is late on
 * its way, never early, so the largest of the newest few differences is nearest to the truth.
 */
export function createClockOffsets() {
  const windows = new Map<string, number[]>()

  return {
    /** A fresh proposal came for the first time, so many milliseconds before the time its proposer gave it. */
    heard(partner: string, aheadMs: number): void {
      windows.set(partner, [...(windows.get(partner) ?? []), aheadMs].slice(-WINDOW))
    },
    offsets: (): ClockOffset[] => [...windows].map(([partner, window]) => ({ partner, ms: Math.max(...window) }))
  }
}

export type ClockOffsets = ReturnType<typeof createClockOffsets>
