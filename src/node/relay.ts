import type { CheckedBatch } from '../ledger/execution.js'
import type { Chain } from './chain.js'
import type { Neighbours } from './neighbours.js'
import type { Peers, ProposalMessage, VoteMessage } from './peers.js'

export interface RelayDependencies {
  readonly chain: Pick<Chain, 'tip'>
  readonly self: string
  readonly peers: Pick<Peers, 'send'>
  readonly neighbours: Pick<Neighbours, 'unreached'>
}

/**
 * Passes on at once what reached this node and not everybody whom it is connected to, so that two who never connect need not
 * wait until they find out what they lack. Only what was verified here, of the height being decided, each once.
 */
export function createRelay({ chain, self, peers, neighbours }: RelayDependencies) {
  const passed = new Set<string>()
  let height = 0

  /** Whether it is the first message for this place at this height: a liar that signs many there makes nobody busy. */
  function isFirst(place: string): boolean {
    if (height !== chain.tip.height + 1) passed.clear()
    height = chain.tip.height + 1
    if (passed.has(place)) return false
    passed.add(place)
    return true
  }

  return {
    /** A genuine vote or proposal of the height under way, with genuine prevotes, and who brought it. */
    pass(from: string, message: ProposalMessage | VoteMessage): void {
      const signer = message.type === 'vote' ? message.vote.voter : message.proposal.proposer
      const { round } = message.type === 'vote' ? message.vote : message.proposal
      const what = message.type === 'vote' ? message.vote.kind : message.type
      if (signer === self || !isFirst(`${signer} ${what} ${round}`)) return
      for (const to of neighbours.unreached(signer, from)) peers.send(to, message)
    },
    /** A batch of somebody else that is durable here. */
    batch({ hash, header }: CheckedBatch): void {
      const { author, incarnation, sequence } = header
      for (const to of neighbours.unreached(author, author)) {
        peers.send(to, { type: 'batch', hash, author, incarnation, sequence })
      }
    }
  }
}

export type Relay = ReturnType<typeof createRelay>
