import type { PeerMessage, PullResponse } from '../../src/node/peers.js'
import type { VirtualPartner } from './virtual-partner.js'

/** What is signed is a line with its tag, then JSON. */
const VOTE_OR_PROPOSAL = /^ledger\/(?:vote|proposal)\//

/** Heights that a node was given as blocks: from the second of them on it has nothing to vote on. */
interface Fetched {
  readonly life: number
  readonly from: number
  readonly to: number
}

/** Complains when a node signs for a height of which it has been given the block, behind another one that it lacks. */
export function createSyncWatch(liars: ReadonlySet<string>, complain: (why: string) => void) {
  const fetched = new Map<string, Fetched>()

  return {
    arrived(from: string, to: VirtualPartner, message: PeerMessage | PullResponse): void {
      if (message.type !== 'blocks' || liars.has(from) || message.blocks.length < 2) return
      const first = (JSON.parse(message.blocks[0]!.header) as { readonly height: number }).height
      const tip = to.content.blocks.length
      // Whatever it is deciding just now it may go on with.
      if (first <= tip + 1) fetched.set(to.id, { life: to.life, from: tip + 2, to: first + message.blocks.length - 1 })
    },
    signed(partner: VirtualPartner, bytes: string): void {
      const range = fetched.get(partner.id)
      if (range === undefined || range.life !== partner.life || !VOTE_OR_PROPOSAL.test(bytes)) return
      const { height } = JSON.parse(bytes.slice(bytes.indexOf('\n') + 1)) as { readonly height: number }
      if (height < range.from || height > range.to) return
      complain(`${partner.id} signs at ${height}, and was given the blocks up to ${range.to}`)
    }
  }
}
