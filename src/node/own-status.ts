import { progressOf } from '../consensus/progress.js'
import type { ConsensusState } from '../consensus/state.js'
import type { Chain } from './chain.js'
import type { Mempool } from './mempool.js'
import type { Peers, StatusMessage } from './peers.js'

/** Batches listed in a status. */
const BATCHES_MAX = 64

/** Newest rounds listed in a status. */
const ROUNDS_MAX = 8

export interface OwnStatusDependencies {
  readonly chain: Pick<Chain, 'tip'>
  readonly self: string
  readonly mempool: Pick<Mempool, 'some'>
  readonly peers: Pick<Peers, 'connected'>
  readonly state: () => ConsensusState
  readonly maySign: () => boolean
}

/** Where this node is, as it tells its partners. */
export function createOwnStatus({ chain, self, mempool, peers, state, maySign }: OwnStatusDependencies) {
  return (): StatusMessage => {
    const { round, rounds } = progressOf(state())
    // Not those of far later rounds: a liar could fill the list with them.
    const near = rounds.filter((each) => each.round <= round + 1)
    const votes = near.slice(-ROUNDS_MAX).map(({ round, prevotes, precommits }) => ({ round, prevotes, precommits }))
    const batches = mempool
      .some(BATCHES_MAX)
      .filter(({ header }) => header.author !== self || maySign())
      .map(({ header: { author, incarnation, sequence }, hash }) => ({ author, incarnation, sequence, hash }))
    return { type: 'status', height: chain.tip.height, round, votes, batches, connected: peers.connected() }
  }
}
