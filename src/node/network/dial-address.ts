import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { peerOf } from './gater.js'

/** An address of a partner as it can be dialled: it ends in the partner's key. Null when it is none or another's. */
export function addressOf(text: string, key: string): Multiaddr | null {
  try {
    const address = multiaddr(text)
    const named = peerOf(address)
    if (named === null) return address.encapsulate(`/p2p/${key}`)
    return named === key ? address : null
  } catch {
    return null
  }
}
