import { canonicalText } from '../base/canonical.js'
import { type AdmitChange, baseOf, governingIn } from './governance-change.js'
import {
  type GovernanceProposal,
  type GovernanceWrite,
  openProposalsIn,
  type ProposalState,
  proposalIn,
  writeOpenProposals,
  writeProposal
} from './governance-state.js'
import type { NetworkDefinition, Threshold } from './network-definition.js'
import { type PartnerSet, partnerOf, takesPart } from './partner-set.js'
import type { StateReader } from './state.js'
import { addressKey, invitationKey, nameKey } from './system-keys.js'
import { thresholdOf, votesNeeded } from './threshold.js'

/** Milliseconds of block time that an admission may be voted on: 30 days, however soon the invitation would expire. */
export const ADMISSION_OPEN_MS = 30 * 24 * 3_600_000

/** Open proposals, of all partners and of one: each is looked at after every block. */
export const OPEN_MAX = 64
export const OPEN_OF_ONE_MAX = 8

/** From so many voting partners on another one is voted on; below, every copy is in few hands anyway. */
export const BALLOT_VOTERS_MIN = 4

/**
 * How many yes an admission needs: the inviter's own where the role does not vote or fewer than four partners vote.
 * A partner that is pending counts as a voter, since it becomes one by itself: else one partner could let in any number
 * at once.
 */
export function admissionThreshold(network: NetworkDefinition, latest: PartnerSet, role: string): Threshold {
  if (network.roles[role]?.vote !== true) return 'one'
  const voters = latest.partners.filter((partner) => partner.voter && takesPart(partner)).length
  return voters < BALLOT_VOTERS_MIN ? 'one' : thresholdOf(network, 'admit')
}

/** Whether the inviter's word alone admits to this role. */
export function isAdmittedAtOnce(network: NetworkDefinition, latest: PartnerSet, role: string): boolean {
  const governing = governingIn(network, latest).length
  return votesNeeded(admissionThreshold(network, latest, role), governing) <= 1
}

/** Why an invitation counts for nothing although its inviter still has its place at this height; null when it counts. */
export function inviterProblem(network: NetworkDefinition, sets: InviterSets, inviter: string): string | null {
  const now = partnerOf(sets.partners, inviter)
  const decided = partnerOf(sets.latest, inviter)
  if (decided?.state !== 'active') return `partner ${inviter} is ${decided?.state ?? 'unknown'}`
  if (decided.key !== now?.key) return `partner ${inviter} has another key`
  return network.roles[decided.role]?.govern === true ? null : `role ${decided.role} may not invite`
}

export interface InviterSets {
  /** In force. */
  readonly partners: PartnerSet
  /** With every change decided so far. */
  readonly latest: PartnerSet
}

/** Why no further proposal of this partner may be opened, or null. */
export function roomProblem(state: StateReader, by: string): string | null {
  const open = openProposalsIn(state)
  if (open.length >= OPEN_MAX) return `${OPEN_MAX} proposals are open`
  return openOf(state, by) >= OPEN_OF_ONE_MAX ? `${by} has ${OPEN_OF_ONE_MAX} open proposals` : null
}

/** How many open proposals a partner has: its own, and admissions of those whom it invited. */
export function openOf(state: StateReader, by: string): number {
  return openProposalsIn(state).filter((id) => proposalIn(state, id)?.by === by).length
}

export interface AdmissionBallot {
  readonly state: StateReader
  readonly latest: PartnerSet
  /** Id of the `_admit` record. */
  readonly id: string
  readonly height: number
  /** Milliseconds since 1970, of the block. */
  readonly time: number
  readonly inviter: string
  readonly change: AdmitChange
}

/** What opens the ballot on an admission: the inviter's proposal, its yes, and the invitation kept for this joiner. */
export function openAdmission(ballot: AdmissionBallot): readonly GovernanceWrite[] {
  const { state, latest, id, height, time, inviter, change } = ballot
  const proposal: GovernanceProposal = {
    ballots: [{ height, partner: inviter, reason: '', yes: true }],
    base: baseOf(latest, change),
    by: inviter,
    change,
    closed: 0,
    effective: 0,
    expires: time + ADMISSION_OPEN_MS,
    id,
    opened: height,
    reason: '',
    state: 'open'
  }
  return [
    writeProposal(proposal),
    writeOpenProposals([...openProposalsIn(state), id]),
    { key: invitationKey(change.invitation), text: `waiting ${id}` }
  ]
}

/** What the chain keeps of a newcomer besides its place among the partners. */
export function newcomerWrites({
  invitation,
  partner,
  name,
  addresses
}: Pick<AdmitChange, 'invitation' | 'partner' | 'name' | 'addresses'>): readonly GovernanceWrite[] {
  return [
    { key: invitationKey(invitation), text: `used ${partner}` },
    { key: nameKey(partner), text: name.replaceAll('\n', ' ') },
    { key: addressKey(partner), text: canonicalText([...addresses]) }
  ]
}

/** What follows for the invitation once the ballot on an admission is over; nothing for other proposals. */
export function closeAdmission(
  { id, change }: Pick<GovernanceProposal, 'id' | 'change'>,
  state: Exclude<ProposalState, 'open'>
): readonly GovernanceWrite[] {
  if (change.kind !== 'admit') return []
  if (state === 'passed') return newcomerWrites(change)
  return [{ key: invitationKey(change.invitation), text: `${state} ${id}` }]
}

/** What became of an invitation, as its state entry tells. */
export type InvitationUse =
  | { readonly kind: 'revoked' }
  | { readonly kind: 'used'; readonly partner: string }
  /** A ballot is under way, or is over without an admission. */
  | { readonly kind: 'waiting' | Exclude<ProposalState, 'open' | 'passed'>; readonly proposal: string }

/** @param text of the state entry; undefined while nobody has come with it */
export function readInvitationUse(text: string | undefined): InvitationUse | null {
  if (text === undefined) return null
  const [kind = '', rest = ''] = text.split(' ')
  if (kind === 'revoked') return { kind }
  if (kind === 'used') return { kind, partner: rest }
  return { kind: kind as 'waiting', proposal: rest }
}

/** Completes "the invitation was ...". */
export function useText(use: InvitationUse): string {
  switch (use.kind) {
    case 'revoked':
      return 'revoked'
    case 'used':
      return `used by ${use.partner}`
    case 'waiting':
      return `redeemed: proposal ${use.proposal} decides on the admission`
    default:
      return `used up: proposal ${use.proposal} on the admission is ${use.kind}`
  }
}
