import { assertInvariant } from '../base/errors.js'
import type { VoteKind } from '../ledger/vote.js'
import { type ConsensusState, type Transition, UNSIGNED_MAX, type Unsigned } from './state.js'
import type { Effect, Message, Proposal, SignedVote, Vote } from './types.js'

/** Place of a message within its round: the order in which the sign guard lets them pass. */
const PHASE = { proposal: 0, prevote: 1, precommit: 2 } as const

/** Means to vote in the current round; an observer means nothing. `reason` says why the vote is nil. */
export function intendVote(
  state: ConsensusState,
  kind: VoteKind,
  block: string | null,
  reason: string | null
): Transition {
  if (state.self === null) return { state, effects: [] }
  const vote: Vote = {
    block,
    height: state.start.height,
    incarnation: state.incarnations.get(state.self)!,
    kind,
    round: state.round,
    voter: state.self
  }
  return intend(state, { type: 'vote', vote, reason })
}

/** Means to propose in the current round, whose proposer this voter is. */
export function intendProposal(
  state: ConsensusState,
  block: string,
  validRound: number,
  prevotes: readonly SignedVote[]
): Transition {
  assertInvariant(state.self !== null, 'an observer never proposes')
  const proposal: Proposal = {
    block,
    height: state.start.height,
    incarnation: state.incarnations.get(state.self)!,
    proposer: state.self,
    round: state.round,
    validRound
  }
  return intend(state, { type: 'proposal', proposal, prevotes })
}

function intend(state: ConsensusState, message: Unsigned): Transition {
  const last = state.unsigned.at(-1)
  assertInvariant(last === undefined || isBefore(last, message), 'own messages never go back')
  const waiting = [...state.unsigned, message]
  // While signing is stuck, the newest messages are the useful ones. The first one may have been signed already.
  if (waiting.length > UNSIGNED_MAX) waiting.splice(1, 1)
  return { state: { ...state, unsigned: waiting }, effects: waiting.length === 1 ? [signEffect(message)] : [] }
}

/** Asks for the signature of a message. */
export function signEffect(message: Unsigned): Effect {
  if (message.type === 'vote') return { type: 'sign-vote', vote: message.vote, reason: message.reason }
  return { type: 'sign-proposal', proposal: message.proposal }
}

/**
 * Is this the own message whose signature was asked for? Then it goes out, with the prevotes a re-proposal needs, and
 * the next one is signed.
 * @returns null when no signature of this message was asked for
 */
export function takeSigned(state: ConsensusState, message: Message): Transition | null {
  const [awaited, ...waiting] = state.unsigned
  if (awaited === undefined || !isSame(awaited, message)) return null
  const effects: Effect[] = [publishEffect(awaited, message)]
  if (waiting[0] !== undefined) effects.push(signEffect(waiting[0]))
  return { state: { ...state, unsigned: waiting }, effects }
}

function publishEffect(awaited: Unsigned, message: Message): Effect {
  if (message.type === 'vote') {
    return { type: 'publish-vote', vote: message.vote, reason: awaited.type === 'vote' ? awaited.reason : null }
  }
  const prevotes = awaited.type === 'proposal' ? awaited.prevotes : []
  return { type: 'publish-proposal', proposal: message.proposal, prevotes }
}

/** Height, incarnation and author have been compared before. */
function isSame(awaited: Unsigned, message: Message): boolean {
  if (awaited.type === 'vote' && message.type === 'vote') {
    const { kind, round, block } = awaited.vote
    return message.vote.kind === kind && message.vote.round === round && message.vote.block === block
  }
  if (awaited.type === 'proposal' && message.type === 'proposal') {
    const { round, block, validRound } = awaited.proposal
    const { proposal } = message
    return proposal.round === round && proposal.block === block && proposal.validRound === validRound
  }
  return false
}

function isBefore(a: Unsigned, b: Unsigned): boolean {
  const [roundA, phaseA] = placeOf(a)
  const [roundB, phaseB] = placeOf(b)
  return roundA < roundB || (roundA === roundB && phaseA < phaseB)
}

function placeOf(message: Unsigned): [round: number, phase: number] {
  if (message.type === 'proposal') return [message.proposal.round, PHASE.proposal]
  return [message.vote.round, PHASE[message.vote.kind]]
}
