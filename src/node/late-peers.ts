import { LedgerError } from '../base/errors.js'
import type { AttachmentSource } from './attachment-fetch.js'
import type { Peers } from './peers.js'

type Target = Peers & { addresses(): readonly string[] } & Pick<AttachmentSource, 'fetchAttachment'>

/** Peers that are there before the network is: nobody is connected until it has arrived. */
export function createLatePeers() {
  let target: Target | null = null
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
  const attachments: AttachmentSource = {
    connected: peers.connected,
    blame: (partner, why) => target?.blame?.(partner, why),
    async fetchAttachment(partner, want, take, signal) {
      if (target === null) throw new LedgerError('NODE_UNREACHABLE', `${partner} is not connected`, { partner })
      return await target.fetchAttachment(partner, want, take, signal)
    }
  }
  return {
    peers,
    attachments,
    addresses: (): readonly string[] => target?.addresses() ?? [],
    arrived(running: Target): void {
      target = running
    }
  }
}
