import { type ConsensusState, proposerOf } from '../consensus/state.js'
import type { SignedVote } from '../consensus/types.js'
import { quorumOfSet, votersOf } from '../ledger/partner-set.js'
import { createAbsences } from './absences.js'
import type { Chain } from './chain.js'
import { createClockOffsets } from './clock-offsets.js'
import type { ConsensusDriver } from './consensus-driver.js'
import { createDisputes } from './disputes.js'
import type { Logger } from './log.js'
import type { Mempool, Offer } from './mempool.js'
import { createObjections, REASON_CHARS_MAX } from './objections.js'
import { createScarceBatches } from './scarce-batches.js'
import type { StallSnapshot } from './stall-explanation.js'
import { createStallWatch } from './stall-watch.js'

export interface LookoutDependencies {
  readonly chain: Chain
  readonly self: string
  readonly mempool: Mempool
  readonly driver: () => Pick<ConsensusDriver, 'state' | 'blockOf' | 'missing' | 'isActive' | 'hasBlockToMake'>
  readonly connected: () => readonly string[]
  readonly heightOf: (partner: string) => number | null
  readonly syncing: () => boolean
  readonly rejoining: () => boolean
  readonly rejoinWhy: () => string | null
  /** How many more partners have to say what they know of this node before it signs. */
  readonly asking: () => number
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Logger
}

/** Keeps an eye on the others: what they object to, their clocks, who is away; and says why nothing moves. */
export function createLookout(dependencies: LookoutDependencies) {
  const { chain, self, mempool, driver, connected, heightOf, now, log } = dependencies
  const objections = createObjections()
  const clocks = createClockOffsets()
  const absences = createAbsences(now)
  const disputes = createDisputes({
    objections,
    batchOf: mempool.get,
    blockOf: (hash) => driver().blockOf(hash),
    height: () => chain.tip.height + 1,
    log
  })
  const scarce = createScarceBatches({
    self,
    batchOf: mempool.get,
    blockOf: (hash) => driver().blockOf(hash),
    said: objections.said,
    log
  })
  const stall = createStallWatch({
    now,
    log,
    hasWork: () =>
      dependencies.rejoining() || driver().isActive || driver().hasBlockToMake() || mempool.size().batches > 0,
    snapshot
  })

  function snapshot(): StallSnapshot {
    const { state, missing, hasBlockToMake } = driver()
    const { partners } = chain.rulebook
    const online = connected()
    disputes.look(state)
    return {
      self,
      height: chain.tip.height + 1,
      round: state.round,
      proposerOf: (round) => (state.start.order.length === 0 ? '?' : proposerOf(state, round)),
      clockBehindMs: chain.tip.time - now(),
      rejoining: dependencies.rejoining(),
      rejoinWhy: dependencies.rejoinWhy(),
      asking: dependencies.asking(),
      syncing: dependencies.syncing(),
      voters: votersOf(partners).map(({ id }) => ({
        id,
        online: id === self || online.includes(id),
        awaySince: absences.since(id),
        height: id === self ? chain.tip.height : heightOf(id),
        votedRound: state.highest.get(id) ?? null
      })),
      needed: quorumOfSet(partners),
      objections: objections.latest(),
      setAside: disputes.setAside(),
      hasOther: hasBlockToMake(),
      missing: missing(),
      gaps: mempool.gaps(partners, chain.store.state),
      clocks: clocks.offsets()
    }
  }

  return {
    /** What a proposer had better leave out. */
    disputes: {
      admits: disputes.admits,
      offers: (state: ConsensusState): readonly Offer[] => scarce.offers(state, disputes.offers(state))
    },
    /** A partner lists batches that it holds. */
    onListed: (partner: string, batches: readonly { readonly hash: string }[]): void =>
      scarce.listed(
        partner,
        batches.map(({ hash }) => hash)
      ),
    /** Takes in the times of others' proposals. */
    onTimed: clocks.heard,
    /** A partner says why its prevote at the height under way is nil; only what voters say matters. */
    onObjection(partner: string, round: number, reason: string): void {
      const isVoter = votersOf(chain.rulebook.partners).some(({ id }) => id === partner)
      if (isVoter) objections.heard(partner, round, reason)
    },
    onPeer(partner: string, isConnected: boolean): void {
      absences.onPeer(partner, isConnected)
      if (!isConnected) scarce.gone(partner)
    },
    /** The reason to be sent beside an own vote: what was said once is said again when the vote is sent again. */
    reasonOf(vote: SignedVote, reason: string | null): string | null {
      if (vote.kind !== 'prevote' || vote.block !== null) return reason?.slice(0, REASON_CHARS_MAX) ?? null
      if (reason !== null) objections.heard(self, vote.round, reason)
      return objections.said(self, vote.round)
    },
    look: stall.look,
    /** Why nothing moves although there is work; null when something does. */
    stalled: stall.current,
    /** A block was committed, with batches of these authors. */
    committed(authors: readonly string[]): void {
      objections.clear()
      scarce.committed(authors)
      disputes.committed()
      stall.committed()
    }
  }
}
