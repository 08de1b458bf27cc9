import type { PeerMessage, PullResponse } from '../../../src/node/peers.js'
import type { Plug, VirtualNetwork } from '../../../test/simulation/virtual-network.js'

/** What has left all nodes so far, requests and answers included; to many counts as many. */
export interface Traffic {
  messages: number
  votes: number
  /** Of their JSON. */
  bytes: number
}

/** Counts what nodes send. */
export function createTraffic() {
  const traffic: Traffic = { messages: 0, votes: 0, bytes: 0 }
  /** What goes to many is written once. */
  const sizes = new WeakMap<object, number>()

  function sizeOf(message: object): number {
    const known = sizes.get(message) ?? Buffer.byteLength(JSON.stringify(message))
    sizes.set(message, known)
    return known
  }

  function add(count: number, bytes: number): void {
    traffic.messages += count
    traffic.bytes += count * bytes
  }

  return {
    traffic: traffic as Readonly<Traffic>,
    /** To be told of each message and answer as it leaves: `onSend` of the virtual network. */
    sent(message: PeerMessage | PullResponse): void {
      if (message.type === 'vote') traffic.votes++
      add(1, sizeOf(message))
    },
    /** A plug that counts requests and gossip too, of which `onSend` hears nothing. */
    counted(plug: Plug): Plug {
      const { peers } = plug
      return {
        ...plug,
        peers: {
          ...peers,
          gossipBatch(text) {
            add(peers.connected().length, Buffer.byteLength(text))
            peers.gossipBatch(text)
          },
          request(partner, request, options) {
            add(1, sizeOf(request))
            return peers.request(partner, request, options)
          }
        }
      }
    }
  }
}

/** The network with plugs that count. */
export function countingNetwork(network: VirtualNetwork, counted: (plug: Plug) => Plug): VirtualNetwork {
  return { ...network, plug: (partner, handlers, later) => counted(network.plug(partner, handlers, later)) }
}
