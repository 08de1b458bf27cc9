/** What one partner may cost: so much at once, and then so much a second. */
export interface Allowance {
  /**
   * Counts what was just done.
   * @returns milliseconds to wait before doing more for the same partner; 0 while there is some left
   */
  spend(amount: number): number
}

export interface AllowanceOptions {
  readonly burst: number
  readonly perSecond: number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export function createAllowance({ burst, perSecond, now }: AllowanceOptions): Allowance {
  let left = burst
  let at = now()
  return {
    spend(amount) {
      const time = now()
      left = Math.min(burst, left + ((time - at) / 1000) * perSecond)
      at = time
      left -= amount
      return left >= 0 ? 0 : (-left / perSecond) * 1000
    }
  }
}

/** One allowance for each partner, kept over its connections: who connects anew gets no new one. */
export function createAllowances(options: AllowanceOptions): { of(key: string): Allowance } {
  const allowances = new Map<string, Allowance>()
  return {
    of(key) {
      const known = allowances.get(key)
      if (known !== undefined) return known
      const allowance = createAllowance(options)
      allowances.set(key, allowance)
      return allowance
    }
  }
}
