/** Lets so many through at once, and then one more each `everyMs`. */
export interface RateLimit {
  /** Whether one more may pass now; counts it if so. */
  take(): boolean
}

/** @param now monotonic milliseconds */
export function createRateLimit(burst: number, everyMs: number, now: () => number): RateLimit {
  let tokens = burst
  let at = now()
  return {
    take() {
      const time = now()
      tokens = Math.min(burst, tokens + (time - at) / everyMs)
      at = time
      if (tokens < 1) return false
      tokens -= 1
      return true
    }
  }
}
