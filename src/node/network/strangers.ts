import type { Connection } from './frames.js'
import { createRateLimit } from './rate-limit.js'

/** Strangers at one time: those who are just joining, or whom this node does not know yet after being away. */
export const STRANGERS_MAX = 16

/** Milliseconds a stranger may stay: to have an admission committed, and no longer. */
export const STRANGER_LIFE_MS = 45_000

/** Connections of strangers at once, and then one each so many milliseconds: a handshake costs about a millisecond. */
const BURST = 32
const EVERY_MS = 500

/** Keeps those who are no partners few and their stay short. */
export interface Strangers {
  /** Whether one more may come in. */
  admit(): boolean
  /** Connections of strangers that stayed too long. */
  overstayed(): Connection[]
}

/** @param connections those open now that are no partner's */
export function createStrangers(connections: () => Connection[], lifeMs = STRANGER_LIFE_MS): Strangers {
  const rate = createRateLimit(BURST, EVERY_MS, () => performance.now())
  const seen = new WeakMap<Connection, number>()
  return {
    admit: () => connections().length < STRANGERS_MAX && rate.take(),
    overstayed() {
      const now = performance.now()
      return connections().filter((connection) => {
        const since = seen.get(connection)
        if (since === undefined) seen.set(connection, now)
        return since !== undefined && now - since > lifeMs
      })
    }
  }
}
