import { canonicalText } from '../base/canonical.js'
import type { Scope } from '../base/tagged.js'
import { taggedBytes } from '../base/tagged.js'

export type VoteKind = 'prevote' | 'precommit'

/** What a voter signs; `block` null is a vote for none. */
export interface VoteBody {
  readonly block: string | null
  readonly height: number
  readonly incarnation: number
  readonly kind: VoteKind
  readonly round: number
  readonly voter: string
}

/** What a proposer signs; `validRound` is -1 for a fresh proposal. */
export interface ProposalBody {
  readonly block: string
  readonly height: number
  readonly incarnation: number
  readonly proposer: string
  readonly round: number
  readonly validRound: number
}

/** Tagged bytes of a vote (docs/formats.md, "Vote and proposal"). */
export function voteBytes(scope: Scope, vote: VoteBody): string {
  const { block, height, incarnation, kind, round, voter } = vote
  return taggedBytes('vote', scope, canonicalText({ block, height, incarnation, kind, round, voter }))
}

/** Tagged bytes of a proposal. */
export function proposalBytes(scope: Scope, proposal: ProposalBody): string {
  const { block, height, incarnation, proposer, round, validRound } = proposal
  return taggedBytes('proposal', scope, canonicalText({ block, height, incarnation, proposer, round, validRound }))
}
