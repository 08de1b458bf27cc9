import { type ConsensusState, tallyOf } from '../consensus/state.js'
import { quorumBlock } from '../consensus/votes.js'
import type { CheckedBatch } from '../ledger/execution.js'
import type { ProposedBlock } from './block-content.js'
import type { Logger } from './log.js'
import type { Offer } from './mempool.js'

export interface ScarceBatchesDependencies {
  readonly self: string
  readonly batchOf: (hash: string) => CheckedBatch | undefined
  readonly blockOf: (hash: string) => ProposedBlock | null
  /** Why a voter prevoted nil in a round of this height; null when it said nothing. */
  readonly said: (voter: string, round: number) => string | null
  readonly log: Logger
}

/**
 * Authors whose bodies cost a round wait until these are widely held (design: consensus, point 6). A block that is good
 * here failed, and somebody prevoted nil without a word, as who lacks a body does: from then on batches of its authors are
 * offered before others only when a quorum, this node included, lists them; else when nothing else is left to offer. So an
 * author that gives its bodies to few costs the records of others one round, and honest ones are never shut out.
 */
export function createScarceBatches({ self, batchOf, blockOf, said, log }: ScarceBatchesDependencies) {
  /** What each connected partner listed last. */
  const lists = new Map<string, ReadonlySet<string>>()
  const suspects = new Set<string>()

  function isWide(state: ConsensusState, hash: string): boolean {
    let holders = batchOf(hash) === undefined ? 0 : 1
    for (const [partner, hashes] of lists) if (state.incarnations.has(partner) && hashes.has(hash)) holders++
    return holders >= state.start.quorum
  }

  function look(state: ConsensusState): void {
    for (const [round, { proposals }] of state.rounds) {
      const block = proposals[0]?.proposal.block
      if (round >= state.round || block === undefined || state.blocks.get(block)?.verdict !== 'valid') continue
      const tally = tallyOf(state, round, 'prevote')
      if (quorumBlock(tally, state.start.quorum) !== null) continue
      const silent = [...tally.votes.values()].filter(
        ({ block, voter }) => block === null && said(voter, round) === null
      )
      if (silent.length === 0) continue
      for (const hash of blockOf(block)?.batches ?? []) if (!isWide(state, hash)) suspect(hash, round)
    }
  }

  function suspect(hash: string, round: number): void {
    const author = batchOf(hash)?.header.author
    if (author === undefined || author === self || suspects.has(author)) return
    suspects.add(author)
    log.info('batches of an author come last until a quorum lists them: others seem to lack them', { author, round })
  }

  return {
    /** A partner lists what it holds. */
    listed(partner: string, hashes: readonly string[]): void {
      lists.set(partner, new Set(hashes))
    },
    gone: (partner: string): void => void lists.delete(partner),
    /** These offers, without what is held by few of those who cost a round; after them all of it. */
    offers(state: ConsensusState, offers: readonly Offer[]): readonly Offer[] {
      look(state)
      if (suspects.size === 0) return offers
      const isGood = (hash: string): boolean => {
        return !suspects.has(batchOf(hash)?.header.author ?? '') || isWide(state, hash)
      }
      const first = offers.map((offer) => ({ ...offer, admits: (hash: string) => offer.admits(hash) && isGood(hash) }))
      return [...first, ...offers]
    },
    /** A block has batches of these authors. */
    committed(authors: readonly string[]): void {
      for (const author of authors) suspects.delete(author)
    }
  }
}
