/** How often within how many milliseconds a peer may send what is malformed before it is hung up on, and for how long. */
const REPORTS_MAX = 3
const WITHIN_MS = 60_000
const BANNED_MS = 30_000

/** Keys remembered: all partners, and strangers, who can make new ones; the oldest is forgotten first. */
const KEYS_MAX = 1024

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
      reports.delete(key)
      reports.set(key, recent)
      if (reports.size > KEYS_MAX) forgetOldest(reports)
      if (recent.length < REPORTS_MAX) return false
      reports.delete(key)
      banned.set(key, now() + BANNED_MS)
      if (banned.size > KEYS_MAX) forgetOldest(banned)
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

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
