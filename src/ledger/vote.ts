import { canonicalText } from '../base/canonical.js'
import { isHash, isPartnerId, isSignature } from '../base/ids.js'
import type { Json } from '../base/json.js'
import type { Scope } from '../base/tagged.js'
import { taggedBytes } from '../base/tagged.js'
import { asInteger, asText, type MemberPath, membersOf, ShapeError } from './json-shape.js'

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

/** Checks the shape of a signed vote. Throws ShapeError. */
export function shapeOfVote(json: Json | undefined, path: MemberPath): VoteBody & { readonly signature: string } {
  const vote = membersOf(json, path, ['block', 'height', 'incarnation', 'kind', 'round', 'signature', 'voter'])
  const { kind } = vote
  if (kind !== 'prevote' && kind !== 'precommit') throw new ShapeError(`${path}/kind`, 'must be prevote or precommit')
  return {
    block: vote.block === null ? null : asText(vote.block, `${path}/block`, isHash, 'a hash or null'),
    height: asInteger(vote.height, `${path}/height`, 1, Number.MAX_SAFE_INTEGER - 1),
    incarnation: asInteger(vote.incarnation, `${path}/incarnation`, 0, 2 ** 31),
    kind,
    round: asInteger(vote.round, `${path}/round`, 0, 2 ** 31),
    signature: asText(vote.signature, `${path}/signature`, isSignature, 'a signature'),
    voter: asText(vote.voter, `${path}/voter`, isPartnerId, 'a partner id')
  }
}

/** Checks the shape of a signed proposal. Throws ShapeError. */
export function shapeOfProposal(
  json: Json | undefined,
  path: MemberPath
): ProposalBody & { readonly signature: string } {
  const names = ['block', 'height', 'incarnation', 'proposer', 'round', 'signature', 'validRound']
  const proposal = membersOf(json, path, names)
  return {
    block: asText(proposal.block, `${path}/block`, isHash, 'a hash'),
    height: asInteger(proposal.height, `${path}/height`, 1, Number.MAX_SAFE_INTEGER - 1),
    incarnation: asInteger(proposal.incarnation, `${path}/incarnation`, 0, 2 ** 31),
    proposer: asText(proposal.proposer, `${path}/proposer`, isPartnerId, 'a partner id'),
    round: asInteger(proposal.round, `${path}/round`, 0, 2 ** 31),
    signature: asText(proposal.signature, `${path}/signature`, isSignature, 'a signature'),
    validRound: asInteger(proposal.validRound, `${path}/validRound`, -1, 2 ** 31)
  }
}
