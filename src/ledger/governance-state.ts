import { canonicalText } from '../base/canonical.js'
import type { Json } from '../base/json.js'
import type { NetworkChange } from './governance-change.js'
import type { StateReader } from './state.js'

/** One partner's say on a proposal. */
export interface Ballot {
  /** Of the block that has it. */
  readonly height: number
  readonly partner: string
  readonly reason: string
  readonly yes: boolean
}

/** What the chain says of a proposal. A passed one is in force from `effective` on. */
export type ProposalState = 'open' | 'passed' | 'rejected' | 'withdrawn' | 'expired' | 'stale'

/** A proposal as it stands in the state. */
export interface GovernanceProposal {
  /** One of each partner, sorted by partner. */
  readonly ballots: readonly Ballot[]
  /** What the change rests on, see baseOf. */
  readonly base: string
  readonly by: string
  readonly change: NetworkChange
  /** Height at which it was decided; 0 while it is open. */
  readonly closed: number
  /** First height at which the change is in force; 0 unless it passed. */
  readonly effective: number
  /** Milliseconds since 1970, held against block time. */
  readonly expires: number
  /** Id of the record that made it. */
  readonly id: string
  /** Height at which it was made. */
  readonly opened: number
  readonly reason: string
  readonly state: ProposalState
}

/** State key of the ids of all open proposals, in the order in which they were made. */
export const OPEN_PROPOSALS_KEY = 'g:'

/** State key of one proposal. */
export function proposalKey(id: string): string {
  return `g:${id}`
}

/** A state entry to write. */
export interface GovernanceWrite {
  readonly key: string
  readonly text: string
}

export function openProposalsIn(state: StateReader): readonly string[] {
  const entry = state.get(OPEN_PROPOSALS_KEY)
  if (entry === undefined) return []
  entry.memo ??= JSON.parse(entry.text)
  return entry.memo as readonly string[]
}

export function writeOpenProposals(ids: readonly string[]): GovernanceWrite {
  return { key: OPEN_PROPOSALS_KEY, text: canonicalText([...ids]) }
}

export function proposalIn(state: StateReader, id: string): GovernanceProposal | null {
  const entry = state.get(proposalKey(id))
  if (entry === undefined) return null
  entry.memo ??= JSON.parse(entry.text)
  return entry.memo as GovernanceProposal
}

export function writeProposal(proposal: GovernanceProposal): GovernanceWrite {
  return { key: proposalKey(proposal.id), text: canonicalText(proposal as unknown as Json) }
}
