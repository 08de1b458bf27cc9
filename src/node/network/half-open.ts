import type { Gater } from './gater.js'

type Incoming = Parameters<NonNullable<Gater['denyInboundConnection']>>[0]

/** Callers whose handshake is not done: from one host (of IPv6, one /64), and in all. */
export const HALF_OPEN_OF_HOST_MAX = 64
export const HALF_OPEN_MAX = 256

/**
 * Keeps callers who never finish their handshake from keeping others out: where there are too many, the one that has
 * waited longest makes room, first of the same host. A handshake takes a few round trips; silence takes for ever.
 * @returns the gater with this counted in
 */
export function limitHalfOpen(
  gater: Gater,
  { ofHostMax = HALF_OPEN_OF_HOST_MAX, max = HALF_OPEN_MAX }: { ofHostMax?: number; max?: number } = {}
): Gater {
  /** In the order in which they called. */
  const waiting = new Map<Incoming, string>()

  const dropOldest = (host: string | null): void => {
    for (const [caller, from] of waiting) {
      if (host !== null && from !== host) continue
      waiting.delete(caller)
      caller.abort(new Error('others are waiting for their handshake'))
      return
    }
  }
  const waitingOf = (host: string): number => {
    let count = 0
    for (const from of waiting.values()) if (from === host) count += 1
    return count
  }

  return {
    ...gater,
    denyInboundConnection(caller) {
      const host = hostOf(caller)
      if (waitingOf(host) >= ofHostMax) dropOldest(host)
      else if (waiting.size >= max) dropOldest(null)
      waiting.set(caller, host)
      caller.addEventListener('close', () => waiting.delete(caller))
      return gater.denyInboundConnection?.(caller) ?? false
    },
    denyInboundUpgradedConnection(peer, caller) {
      waiting.delete(caller)
      return gater.denyInboundUpgradedConnection?.(peer, caller) ?? false
    }
  }
}

/** The address without its port; of IPv6 the half that names a network. */
function hostOf(caller: Incoming): string {
  const address = caller.remoteAddr.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? ''
  if (!address.includes(':')) return address
  const [start = ''] = address.split('::')
  return start.split(':').slice(0, 4).join(':')
}
