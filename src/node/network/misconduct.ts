/** How often within how many milliseconds a partner may send what is malformed before it is hung up on, and for how long. */
const REPORTS_MAX = 3
const WITHIN_MS = 60_000
const BANNED_MS = 30_000

/** Remembers who sent what no honest node sends. */
export interface Misconduct {
  /** @returns whether that was once too often; the peer is then banned for a while */
  report(key: string): boolean
  isBanned(key: string): boolean
}

/** @param now monotonic milliseconds */
export function createMisconduct(now: () => number): Misconduct {
  const reports = new Map<string, number[]>()
  const banned = new Map<string, number>()
  return {
    report(key) {
      const recent = (reports.get(key) ?? []).filter((at) => now() - at < WITHIN_MS)
      recent.push(now())
      reports.set(key, recent)
      if (recent.length < REPORTS_MAX) return false
      reports.delete(key)
      banned.set(key, now() + BANNED_MS)
      return true
    },
    isBanned(key) {
      const until = banned.get(key)
      if (until === undefined) return false
      if (now() < until) return true
      banned.delete(key)
      return false
    }
  }
}
