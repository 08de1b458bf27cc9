import type { PeerMessage } from '../peers.js'
import { encodeFrame } from './frames.js'

/** One message as it goes to each partner: a member that a partner's build does not know would be malformed to it. */
export function createMessageFrames(message: PeerMessage): { for(takesConnected: boolean): Uint8Array } {
  let whole: Uint8Array | undefined
  let plain: Uint8Array | undefined
  return {
    /** @param takesConnected whether the partner takes a status that tells whom its sender is connected with */
    for(takesConnected) {
      if (takesConnected || message.type !== 'status' || message.connected === undefined) {
        whole ??= encodeFrame(message)
        return whole
      }
      if (plain === undefined) {
        const { connected: _, ...others } = message
        plain = encodeFrame(others)
      }
      return plain
    }
  }
}
