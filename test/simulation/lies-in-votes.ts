import type { SignedVote } from '../../src/consensus/types.js'
import { voteBytes } from '../../src/ledger/vote.js'
import type { PeerMessage, VoteMessage } from '../../src/node/peers.js'
import type { Lying } from './liar.js'
import type { BlockLies } from './lies-in-blocks.js'

/** What a liar says instead of a vote. */
export function createVoteLies({ ways, others, deceived, random, scope, sign }: Lying, blocks: BlockLies) {
  /** The one who hears what the liar would have said to all. */
  const confidant = others[Math.floor(random() * others.length)]

  function voteFor(of: SignedVote, block: string | null): PeerMessage {
    const { signature: _, ...body } = { ...of, block }
    return { type: 'vote', vote: { ...body, signature: sign(voteBytes(scope, body)) }, reason: null }
  }

  return {
    vote(to: string, message: VoteMessage): PeerMessage[] {
      const { vote } = message
      const told = vote.block === null ? null : blocks.toldInstead(to, vote.block)
      if (told !== null) return [voteFor(vote, told)]
      // The others are left to wonder whether the confidant has seen a quorum.
      if (ways.has('hidden lock') && vote.kind === 'precommit' && to !== confidant) return [voteFor(vote, null)]
      if (ways.has('votes for anything') && vote.block === null) return [voteFor(vote, blocks.newest())]
      if (ways.has('flipped votes') && random() < 0.3) {
        return [voteFor(vote, vote.block === null || deceived.has(to) ? blocks.newest() : null)]
      }
      if (ways.has('forged votes') && random() < 0.3) {
        const victim = others.find((other) => other !== to) ?? vote.voter
        return [message, voteFor({ ...vote, voter: victim }, blocks.newest())]
      }
      return [message]
    }
  }
}
