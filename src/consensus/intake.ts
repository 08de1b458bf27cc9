import type { Certificate, CertificateVote } from '../ledger/certificate.js'
import { takeSigned } from './own.js'
import {
  andThen,
  type ConsensusState,
  isKeptRound,
  proposerOf,
  type ReceivedProposal,
  ROUND_MAX,
  ROUNDS_BEHIND_MAX,
  roundOf,
  stop,
  type Transition,
  tallyOf,
  unchanged,
  withRound
} from './state.js'
import type { Message, SignedProposal, SignedVote } from './types.js'
import { addVote, quorumBlock, sortedByVoter, votesFor } from './votes.js'

/** For which height and round a message was signed, and in which incarnation. */
interface Origin {
  readonly height: number
  readonly round: number
  readonly incarnation: number
}

/**
 * Takes in a vote, of any voter and round of this height. What is not of a voter, of its incarnation in the set, or in
 * range, is ignored; a contradiction of a counted vote does not count, but is evidence.
 */
export function takeVote(state: ConsensusState, vote: SignedVote): Transition {
  if (!isAdmissible(state, vote, vote.voter)) return unchanged(state)
  if (vote.voter === state.self && isRemembered(state, vote)) return takeOwnVote(state, vote)
  return countVote(state, vote)
}

/**
 * Takes in the first proposal of a round by its proposer, and a second one that contradicts it as evidence. The
 * prevotes that travel with it count like any others.
 */
export function takeProposal(
  state: ConsensusState,
  proposal: SignedProposal,
  prevotes: readonly SignedVote[]
): Transition {
  if (!isAdmissibleProposal(state, proposal)) return unchanged(state)
  if (proposal.proposer === state.self && isRemembered(state, proposal)) return takeOwnProposal(state, proposal)
  const received: ReceivedProposal = { proposal, prevotes: prevotesFor(state, proposal, prevotes) }
  let transition = keepProposal(state, received)
  for (const vote of prevotes.slice(0, state.start.voters.length)) {
    if (vote.kind !== 'prevote' || vote.round !== proposal.validRound) continue
    if (transition.state.step !== 'stopped') transition = andThen(transition, (next) => takeVote(next, vote))
  }
  return transition
}

/**
 * Takes in a certificate if it is one: signers in the set with their incarnation, none twice, quorum met. Its votes
 * count like any others; but it stands even where a voter's first vote, the one counted here, was another.
 */
export function takeCertificate(state: ConsensusState, certificate: Certificate): Transition {
  if (!isCertificate(state, certificate)) return unchanged(state)
  const { block, height, round } = certificate
  let transition = unchanged(state)
  for (const { voter, incarnation, signature } of certificate.votes) {
    const vote: SignedVote = { block, height, incarnation, kind: 'precommit', round, voter, signature }
    if (transition.state.step !== 'stopped') transition = andThen(transition, (next) => takeVote(next, vote))
  }
  if (transition.state.certified !== null || transition.state.step === 'stopped') return transition
  return { state: { ...transition.state, certified: certificate }, effects: transition.effects }
}

/** All endorsements known for the certified block, sorted: late ones are welcome in the certificate too. */
export function fullCertificate(state: ConsensusState, certified: Certificate): Certificate {
  const votes = new Map<string, CertificateVote>(certified.votes.map((vote) => [vote.voter, vote]))
  for (const vote of votesFor(tallyOf(state, certified.round, 'precommit'), certified.block)) {
    if (!votes.has(vote.voter)) votes.set(vote.voter, endorsement(vote))
  }
  return { ...certified, votes: sortedByVoter([...votes.values()]) }
}

/** Does the proposal itself carry the quorum of prevotes that L28 wants? */
export function carriesQuorum(state: ConsensusState, received: ReceivedProposal): boolean {
  return received.prevotes.length >= state.start.quorum
}

function isAdmissible(state: ConsensusState, origin: Origin, id: string): boolean {
  return (
    origin.height === state.start.height &&
    Number.isInteger(origin.round) &&
    origin.round >= 0 &&
    origin.round <= ROUND_MAX &&
    state.incarnations.get(id) === origin.incarnation
  )
}

function isAdmissibleProposal(state: ConsensusState, proposal: SignedProposal): boolean {
  const { round, validRound, proposer } = proposal
  if (!isAdmissible(state, proposal, proposer) || !isKeptRound(state, round)) return false
  return proposer === proposerOf(state, round) && Number.isInteger(validRound) && validRound >= -1 && validRound < round
}

/** Whether this voter would know of an own message of this round, had it signed one. */
function isRemembered(state: ConsensusState, { round }: { readonly round: number }): boolean {
  return round >= state.start.round
}

function takeOwnVote(state: ConsensusState, vote: SignedVote): Transition {
  const known = tallyOf(state, vote.round, vote.kind).votes.get(vote.voter)
  if (known !== undefined && known.block === vote.block) return unchanged(state)
  const signed = takeSigned(state, { type: 'vote', vote })
  if (signed !== null) return andThen(signed, (next) => countVote(next, vote))
  // Of rounds so long ago nothing is known any more, of own votes neither.
  if (vote.round < state.round - ROUNDS_BEHIND_MAX) return unchanged(state)
  return stopForOwnKey(state, { type: 'vote', vote })
}

function takeOwnProposal(state: ConsensusState, proposal: SignedProposal): Transition {
  const known = roundOf(state, proposal.round).proposals[0]
  if (known !== undefined && isSameProposal(known.proposal, proposal)) return unchanged(state)
  const awaited = state.unsigned[0]
  const prevotes = awaited?.type === 'proposal' ? awaited.prevotes : []
  const signed = takeSigned(state, { type: 'proposal', proposal, prevotes })
  if (signed !== null) return andThen(signed, (next) => keepProposal(next, { proposal, prevotes }))
  return stopForOwnKey(state, { type: 'proposal', proposal, prevotes: [] })
}

/** Rule 13: whoever hears its own key elsewhere must not sign on. */
function stopForOwnKey(state: ConsensusState, message: Message): Transition {
  return stop(state, { type: 'own-key-elsewhere', message })
}

function countVote(state: ConsensusState, vote: SignedVote): Transition {
  const { round, voter, kind } = vote
  if (round < state.round - ROUNDS_BEHIND_MAX) return unchanged(state)
  const seen = state.highest.get(voter) ?? -1
  const known = round > seen ? { ...state, highest: new Map(state.highest).set(voter, round) } : state
  if (!isKeptRound(known, round)) return unchanged(known)
  const result = addVote(tallyOf(known, round, kind), vote)
  if (result.type === 'known') return unchanged(known)
  const { tally } = result
  const counted = withRound(known, round, kind === 'prevote' ? { prevotes: tally } : { precommits: tally })
  if (result.type === 'counted') return unchanged(kind === 'precommit' ? withCertified(counted, round) : counted)
  const evidence = { type: 'votes', voter, first: result.first, second: vote } as const
  return { state: counted, effects: [{ type: 'evidence', evidence }] }
}

/** L49, first half: remembers the first quorum of precommits for a block, of whichever round. */
function withCertified(state: ConsensusState, round: number): ConsensusState {
  if (state.certified !== null) return state
  const tally = tallyOf(state, round, 'precommit')
  const block = quorumBlock(tally, state.start.quorum)
  if (block === null) return state
  const votes = votesFor(tally, block).map(endorsement)
  return { ...state, certified: { block, height: state.start.height, round, votes } }
}

function endorsement({ incarnation, signature, voter }: SignedVote): CertificateVote {
  return { incarnation, signature, voter }
}

function keepProposal(state: ConsensusState, received: ReceivedProposal): Transition {
  const { round, proposer } = received.proposal
  const [first, second] = roundOf(state, round).proposals
  if (first === undefined) return unchanged(withRound(state, round, { proposals: [received] }))
  if (isSameProposal(first.proposal, received.proposal)) {
    // The same proposal may come again with the prevotes that it lacked.
    if (received.prevotes.length <= first.prevotes.length) return unchanged(state)
    const proposals = second === undefined ? [received] : [received, second]
    return unchanged(withRound(state, round, { proposals }))
  }
  if (second !== undefined) return unchanged(state)
  const evidence = { type: 'proposals', voter: proposer, first: first.proposal, second: received.proposal } as const
  return {
    state: withRound(state, round, { proposals: [first, received] }),
    effects: [{ type: 'evidence', evidence }]
  }
}

function isSameProposal(a: SignedProposal, b: SignedProposal): boolean {
  return a.block === b.block && a.validRound === b.validRound
}

/** The prevotes that count for a re-proposal: of its validRound, for its block, one per voter. */
function prevotesFor(
  state: ConsensusState,
  proposal: SignedProposal,
  prevotes: readonly SignedVote[]
): readonly SignedVote[] {
  const counted = new Map<string, SignedVote>()
  for (const vote of prevotes.slice(0, state.start.voters.length)) {
    const fits = vote.kind === 'prevote' && vote.round === proposal.validRound && vote.block === proposal.block
    if (fits && isAdmissible(state, vote, vote.voter)) counted.set(vote.voter, vote)
  }
  return [...counted.values()]
}

function isCertificate(state: ConsensusState, certificate: Certificate): boolean {
  const { height, round, votes } = certificate
  const signers = new Set(votes.map((vote) => vote.voter))
  return (
    votes.length <= state.start.voters.length &&
    signers.size === votes.length &&
    signers.size >= state.start.quorum &&
    votes.every(({ incarnation, voter }) => isAdmissible(state, { height, round, incarnation }, voter))
  )
}
