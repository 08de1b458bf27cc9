import { LedgerError } from '../base/errors.js'
import type { Peers } from './peers.js'

/** Peers that are there before the network is: nobody is connected until it has arrived. */
export function createLatePeers() {
  let target: (Peers & { addresses(): readonly string[] }) | null = null
  const peers: Peers = {
    connected: () => target?.connected() ?? [],
    send: (partner, message) => target?.send(partner, message),
    broadcast: (message) => target?.broadcast(message),
    blame: (partner, why) => target?.blame?.(partner, why),
    gossipBatch: (text) => target?.gossipBatch(text),
    async request(partner, request, options) {
      if (target === null) throw new LedgerError('NODE_UNREACHABLE', `${partner} is not connected`, { partner })
      return await target.request(partner, request, options)
    }
  }
  return {
    peers,
    addresses: (): readonly string[] => target?.addresses() ?? [],
    arrived(running: Peers & { addresses(): readonly string[] }): void {
      target = running
    }
  }
}
