import { sha256Hex } from '../../src/base/crypto.js'
import { proposalBytes, type VoteKind, voteBytes } from '../../src/ledger/vote.js'
import type { PeerMessage } from '../../src/node/peers.js'
import type { Lying } from './liar.js'

/** Messages in one gush, and how often one comes with a status. */
const GUSH = 12
const GUSH_SHARE = 0.2

/** Everything that has the right shape and a good signature, of places where nobody is: it must cost no memory. */
export function createFlood({ id, ways, random, scope, sign, replica }: Lying) {
  let count = 0

  const below = (end: number): number => Math.floor(random() * end)
  const nobody = (): string => sha256Hex(`${id} ${count++}`)

  function one(tip: number): PeerMessage {
    const height = tip + 1 + below(4)
    const round = random() < 0.5 ? below(40) : below(2 ** 31)
    const block = nobody()
    const dice = random()
    if (dice < 0.3)
      return { type: 'batch', author: id, hash: block, incarnation: 0, sequence: below(100) } as PeerMessage
    if (dice < 0.5) {
      const body = { block, height, incarnation: 0, proposer: id, round, validRound: -1 }
      const proposal = { ...body, signature: sign(proposalBytes(scope, body)) }
      return { type: 'proposal', proposal, header: 'x'.repeat(500), batches: [nobody()], prevotes: [] }
    }
    const kind: VoteKind = random() < 0.5 ? 'prevote' : 'precommit'
    const body = { block, height, incarnation: 0, kind, round, voter: id }
    return { type: 'vote', vote: { ...body, signature: sign(voteBytes(scope, body)) }, reason: null }
  }

  return (): PeerMessage[] => {
    const running = replica()
    if (!ways.has('flood') || running === null || random() >= GUSH_SHARE) return []
    return Array.from({ length: GUSH }, () => one(running.chain.tip.height))
  }
}
