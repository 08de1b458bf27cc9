/** A partner as the watchdog sees it. */
export interface WatchedPeer {
  readonly key: string
  /** Monotonic milliseconds since when it is connected and said that it takes part in gossip. */
  readonly since: number
}

/** Milliseconds within which a connected partner must be heard of on the topic. */
const SILENT_MS_MAX = 6_000

/** Milliseconds until the next hang-up on the same partner, doubled each time up to the second. */
const AGAIN_MS_MIN = 30_000
const AGAIN_MS_MAX = 600_000

/**
 * Finds partners that are connected and not on the topic: gossip forgets a peer after a stream error or a failed
 * identification and never opens it again, so they are to be hung up on and dialled anew.
 * @param now monotonic milliseconds
 */
export function createGossipWatchdog(now: () => number): {
  deaf(peers: readonly WatchedPeer[], subscribers: ReadonlySet<string>): string[]
} {
  const missing = new Map<string, number>()
  const hungUp = new Map<string, { at: number; waitMs: number }>()
  return {
    deaf(peers, subscribers) {
      const watched = new Set(peers.map((peer) => peer.key))
      for (const key of missing.keys()) if (!watched.has(key) || subscribers.has(key)) missing.delete(key)
      const found: string[] = []
      for (const { key, since } of peers) {
        if (subscribers.has(key)) continue
        const missingSince = missing.get(key) ?? Math.max(since, now())
        missing.set(key, missingSince)
        const before = hungUp.get(key)
        if (now() - missingSince < SILENT_MS_MAX) continue
        if (before !== undefined && now() - before.at < before.waitMs) continue
        const waitMs = before === undefined ? AGAIN_MS_MIN : Math.min(2 * before.waitMs, AGAIN_MS_MAX)
        hungUp.set(key, { at: now(), waitMs })
        missing.delete(key)
        found.push(key)
      }
      return found
    }
  }
}
