import { closeAdmission } from './admission-ballot.js'
import { formerKeyWrite } from './former-keys.js'
import { governingIn, isOwnAffair, type VotedChange } from './governance-change.js'
import { type Decided, decidedAfter, decisionProblem, isStale, thresholdOfChange } from './governance-decided.js'
import {
  changeIn,
  type GovernanceProposal,
  type GovernanceWrite,
  openProposalsIn,
  type ProposalState,
  proposalIn,
  votedChangeIn,
  writeOpenProposals,
  writeProposal
} from './governance-state.js'
import type { NetworkDefinition } from './network-definition.js'
import type { PartnerSet } from './partner-set.js'
import type { StateReader } from './state.js'
import { votesNeeded } from './threshold.js'

/** Where a block stands when all its records were judged. */
export interface SettleGround {
  readonly state: StateReader
  readonly height: number
  /** Milliseconds since 1970, of the block. */
  readonly time: number
  /** With every change decided so far, in this block too. */
  readonly decided: Decided
}

/** What open proposals come to. */
export interface Settled {
  readonly decided: Decided
  readonly writes: readonly GovernanceWrite[]
}

/** How many have said what, of those who count, and how many yes are needed. */
export interface Tally {
  readonly yes: number
  readonly no: number
  readonly governing: number
  readonly needed: number
}

/**
 * Counts the ballots of those whose role governs in this set; of others they are void. Who governs and how many are needed is
 * as this network definition says: the newest that is decided, never the one that is voted on.
 * @param change of the proposal
 */
export function tallyOfBallots(
  network: NetworkDefinition,
  set: PartnerSet,
  proposal: GovernanceProposal,
  change: VotedChange
): Tally {
  const governing = new Set(governingIn(network, set).map(({ id }) => id))
  const counted = proposal.ballots.filter(({ partner }) => governing.has(partner))
  const yes = counted.filter((ballot) => ballot.yes).length
  const threshold = isOwnAffair(proposal.by, change) ? 'one' : thresholdOfChange(network, change)
  return { yes, no: counted.length - yes, governing: governing.size, needed: votesNeeded(threshold, governing.size) }
}

/**
 * Decides open proposals at the end of a block, in the order in which they were made: who may vote, what the change rests
 * on and the time may all have changed in it. A change that passes may decide others, so they are looked at again.
 */
export function settleGovernance(ground: SettleGround): Settled {
  const open = openProposalsIn(ground.state)
  let { decided } = ground
  if (open.length === 0) return { decided, writes: [] }
  const closed: GovernanceProposal[] = []
  const writes: GovernanceWrite[] = []
  let left = open.flatMap((id) => proposalIn(ground.state, id) ?? [])
  for (let isNews = true; isNews; ) {
    isNews = false
    const still: GovernanceProposal[] = []
    for (const proposal of left) {
      const state = stateOf({ ...ground, decided }, proposal)
      if (state === 'open') {
        still.push(proposal)
        continue
      }
      isNews = true
      if (state === 'passed') {
        const change = changeIn(ground.state, decided.model.limits, proposal)
        const former = change.kind === 'key' ? formerKeyWrite(ground.state, decided.partners, change.partner) : null
        if (former !== null) writes.push(former)
        decided = decidedAfter(decided, change)
      }
      writes.push(...closeAdmission(proposal, state))
      const effective = state === 'passed' ? ground.height + 2 : 0
      closed.push({ ...proposal, closed: ground.height, effective, state })
    }
    left = still
  }
  if (closed.length > 0) writes.push(...closed.map(writeProposal), writeOpenProposals(left.map(({ id }) => id)))
  return { decided, writes }
}

function stateOf({ state, decided, time }: SettleGround, proposal: GovernanceProposal): ProposalState {
  const { base, by, expires } = proposal
  if (time >= expires) return 'expired'
  if (isStale(decided, proposal.change, base)) return 'stale'
  const { model, partners } = decided
  const voted = votedChangeIn(state, proposal)
  const { yes, no, governing, needed } = tallyOfBallots(model.network, partners, proposal, voted)
  if (isOwnAffair(by, voted) || yes >= needed) {
    const change = changeIn(state, model.limits, proposal)
    return decisionProblem(decided, change) === null ? 'passed' : 'stale'
  }
  return governing - no < needed ? 'rejected' : 'open'
}
