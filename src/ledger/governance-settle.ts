import { closeAdmission } from './admission-ballot.js'
import { formerKeyWrite } from './former-keys.js'
import { applyChange, baseOf, changeProblem, governingIn, isOwnAffair } from './governance-change.js'
import {
  type GovernanceProposal,
  type GovernanceWrite,
  openProposalsIn,
  type ProposalState,
  proposalIn,
  writeOpenProposals,
  writeProposal
} from './governance-state.js'
import type { NetworkDefinition } from './network-definition.js'
import type { PartnerSet } from './partner-set.js'
import type { StateReader } from './state.js'
import { THRESHOLDS_DEFAULT, votesNeeded } from './threshold.js'

/** Where a block stands when all its records were judged. */
export interface SettleGround {
  readonly network: NetworkDefinition
  readonly state: StateReader
  readonly height: number
  /** Milliseconds since 1970, of the block. */
  readonly time: number
  /** With every change decided so far, in this block too. */
  readonly latest: PartnerSet
}

/** What open proposals come to. */
export interface Settled {
  readonly latest: PartnerSet
  readonly writes: readonly GovernanceWrite[]
}

/** How many have said what, of those who count, and how many yes are needed. */
export interface Tally {
  readonly yes: number
  readonly no: number
  readonly governing: number
  readonly needed: number
}

/** Counts the ballots of those whose role governs in this set; of others they are void. */
export function tallyOfBallots(network: NetworkDefinition, set: PartnerSet, proposal: GovernanceProposal): Tally {
  const governing = new Set(governingIn(network, set).map(({ id }) => id))
  const counted = proposal.ballots.filter(({ partner }) => governing.has(partner))
  const yes = counted.filter((ballot) => ballot.yes).length
  const threshold = isOwnAffair(proposal.by, proposal.change) ? 'one' : THRESHOLDS_DEFAULT[proposal.change.kind]
  return { yes, no: counted.length - yes, governing: governing.size, needed: votesNeeded(threshold, governing.size) }
}

/**
 * Decides open proposals at the end of a block, in the order in which they were made: who may vote, what the change rests
 * on and the time may all have changed in it. A change that passes may decide others, so they are looked at again.
 */
export function settleGovernance(ground: SettleGround): Settled {
  const open = openProposalsIn(ground.state)
  if (open.length === 0) return { latest: ground.latest, writes: [] }
  let { latest } = ground
  const closed: GovernanceProposal[] = []
  const writes: GovernanceWrite[] = []
  let left = open.flatMap((id) => proposalIn(ground.state, id) ?? [])
  for (let isNews = true; isNews; ) {
    isNews = false
    const still: GovernanceProposal[] = []
    for (const proposal of left) {
      const state = stateOf({ ...ground, latest }, proposal)
      if (state === 'open') {
        still.push(proposal)
        continue
      }
      isNews = true
      if (state === 'passed') {
        const { change } = proposal
        const former = change.kind === 'key' ? formerKeyWrite(ground.state, latest, change.partner) : null
        if (former !== null) writes.push(former)
        latest = applyChange(ground.network, latest, change)
      }
      writes.push(...closeAdmission(proposal, state))
      const effective = state === 'passed' ? ground.height + 2 : 0
      closed.push({ ...proposal, closed: ground.height, effective, state })
    }
    left = still
  }
  if (closed.length === 0) return { latest, writes }
  return { latest, writes: [...writes, ...closed.map(writeProposal), writeOpenProposals(left.map(({ id }) => id))] }
}

function stateOf({ network, latest, time }: SettleGround, proposal: GovernanceProposal): ProposalState {
  const { base, by, change, expires } = proposal
  if (time >= expires) return 'expired'
  if (baseOf(latest, change) !== base) return 'stale'
  // Nobody can be admitted to a role that is gone, however many would have him.
  if (change.kind === 'admit' && changeProblem(network, latest, change) !== null) return 'stale'
  const { yes, no, governing, needed } = tallyOfBallots(network, latest, proposal)
  if (isOwnAffair(by, change) || yes >= needed) {
    return changeProblem(network, latest, change) === null ? 'passed' : 'stale'
  }
  return governing - no < needed ? 'rejected' : 'open'
}
