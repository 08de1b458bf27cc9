import { canonicalText } from '../base/canonical.js'
import { assertInvariant } from '../base/errors.js'
import type { Json } from '../base/json.js'
import { compiledModel } from './compiled-models.js'
import type { Change, KeptChange, VotedChange } from './governance-change.js'
import type { Model, ModelLimits } from './model.js'
import type { NetworkDefinition } from './network-definition.js'
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
  readonly change: KeptChange
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

/**
 * State key of the network definition that a proposal would bring into force, as canonical text: apart from the proposal,
 * which every ballot writes anew.
 */
export function definitionKey(proposal: string): string {
  return `G:${proposal}`
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

/** The definition that a proposal would bring into force; undefined when it is about something else. */
export function definitionIn(state: StateReader, proposal: string): NetworkDefinition | undefined {
  const entry = state.get(definitionKey(proposal))
  if (entry === undefined) return undefined
  entry.memo ??= JSON.parse(entry.text)
  return entry.memo as NetworkDefinition
}

export function writeDefinition(proposal: string, { network }: Model): GovernanceWrite {
  return { key: definitionKey(proposal), text: canonicalText(network as unknown as Json) }
}

/** What counting the ballots on a proposal needs to know of it: looked at after every block, so nothing is compiled. */
export function votedChangeIn(state: StateReader, { id, change }: GovernanceProposal): VotedChange {
  if (change.kind !== 'model') return change
  const network = definitionIn(state, id)
  assertInvariant(network !== undefined, 'the definition of a proposal is kept')
  return { kind: 'model', model: { network } }
}

/** What a proposal would do, ready to be carried out. */
export function changeIn(state: StateReader, limits: ModelLimits, { id, change }: GovernanceProposal): Change {
  if (change.kind !== 'model') return change
  const network = definitionIn(state, id)
  assertInvariant(network !== undefined, 'the definition of a proposal is kept')
  const compiled = compiledModel(network, limits)
  assertInvariant(compiled.ok, 'the definition of a proposal was compiled when it was made')
  return { kind: 'model', model: compiled.value }
}
