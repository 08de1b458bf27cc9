/** Lets so many through at once, and then one more each `everyMs`. */
export interface RateLimit {
  /** Whether one more may pass now; counts it if so. */
  take(): boolean
}

/** A limit for each connection, which ends with it. */
export function createConnectionRates(burst: number, everyMs: number): { of(connection: object): RateLimit } {
  const limits = new WeakMap<object, RateLimit>()
  return {
    of(connection) {
      const known = limits.get(connection)
      if (known !== undefined) return known
      const limit = createRateLimit(burst, everyMs, () => performance.now())
      limits.set(connection, limit)
      return limit
    }
  }
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
