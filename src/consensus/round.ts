import { assertInvariant } from '../base/errors.js'
import type { VoteKind } from '../ledger/vote.js'
import { judgementOf } from './blocks.js'
import { carriesQuorum, fullCertificate } from './intake.js'
import { intendProposal, intendVote } from './own.js'
import {
  andThen,
  type ConsensusState,
  proposerOf,
  ROUND_MAX,
  ROUNDS_BEHIND_MAX,
  roundOf,
  scheduleTimeout,
  stop,
  type Transition,
  unchanged
} from './state.js'
import { hasAnyQuorum, hasNilQuorum, quorumBlock, votesFor } from './votes.js'

/** L49-L54: decides on a quorum of precommits of any round, once the block is here and valid by own computation. */
export function decideCertified(state: ConsensusState): Transition | null {
  const { certified } = state
  const block = certified === null ? undefined : state.blocks.get(certified.block)
  if (certified === null || block === undefined) return null
  if (block.verdict !== 'valid' && block.verdict !== 'invalid') return null
  const certificate = fullCertificate(state, certified)
  if (block.verdict === 'valid') {
    const decided: ConsensusState = { ...state, step: 'decided', certified: certificate, stopped: null, unsigned: [] }
    return { state: decided, effects: [{ type: 'decide', certificate }] }
  }
  // Rule 9: never commits what it did not compute, and lends its signature to nothing more.
  if (state.step === 'stopped') return null
  return stop(state, { type: 'diverged', certificate, reason: block.reason })
}

/** Rule 8: a height begins on votes of f + 1 voters, one of them honest, or on a valid proposal. */
export function activate(state: ConsensusState): Transition | null {
  if (state.step !== 'idle') return null
  const active = state.highest.size > state.start.faults || hasValidProposal(state)
  return active ? beginHeight(state) : null
}

/** L10: leaves idle for the first round, or for a later one where the others are already. */
export function beginHeight(state: ConsensusState): Transition {
  assertInvariant(state.step === 'idle', 'only an idle height begins')
  return enterRound(state, skipTarget(state) ?? state.round)
}

/** L55-L56: f + 1 voters are in later rounds; one of them is honest, so that round has begun. */
export function skipRound(state: ConsensusState): Transition | null {
  if (state.step === 'idle') return null
  const target = skipTarget(state)
  return target === null ? null : enterRound(state, target)
}

/** L22-L27: a fresh proposal. A voter locked on another block prevotes nil. */
export function prevoteFresh(state: ConsensusState): Transition | null {
  const received = roundOf(state, state.round).proposals[0]
  if (state.step !== 'propose' || received === undefined || received.proposal.validRound !== -1) return null
  const judgement = judgementOf(state, state.round)
  if (judgement === null) return null
  if (judgement.refusal !== null) return prevote(state, null, judgement.refusal) // L26
  const { block } = received.proposal
  const { locked } = state
  if (locked === null || locked.block === block) return prevote(state, block, null) // L24
  return prevote(state, null, lockReason(locked.round)) // L26
}

/** L28-L33: a re-proposal with the quorum of prevotes of its validRound, which frees from a lock not newer than that. */
export function prevoteAgain(state: ConsensusState): Transition | null {
  const received = roundOf(state, state.round).proposals[0]
  if (state.step !== 'propose' || received === undefined) return null
  const { block, validRound } = received.proposal
  if (validRound === -1) return null
  const earlier = quorumBlock(roundOf(state, validRound).prevotes, state.start.quorum)
  if (earlier !== block && !carriesQuorum(state, received)) return null
  const judgement = judgementOf(state, state.round)
  if (judgement === null) return null
  if (judgement.refusal !== null) return prevote(state, null, judgement.refusal) // L32
  const { locked } = state
  if (locked === null || locked.round <= validRound || locked.block === block) return prevote(state, block, null) // L30
  return prevote(state, null, lockReason(locked.round)) // L32
}

/**
 * L36-L43: a quorum of prevotes for a valid block. Locks and precommits only while prevoting; but it becomes the block
 * to propose again also after having precommitted, else a lock of others could stay hidden for ever.
 */
export function acceptPolka(state: ConsensusState): Transition | null {
  if (state.step !== 'prevote' && state.step !== 'precommit') return null
  if (state.valid?.round === state.round) return null // for the first time
  const tally = roundOf(state, state.round).prevotes
  const block = quorumBlock(tally, state.start.quorum)
  if (block === null || state.blocks.get(block)?.verdict !== 'valid') return null
  const valid = { block, round: state.round, prevotes: votesFor(tally, block) } // L42-L43
  if (state.step === 'precommit') return unchanged({ ...state, valid })
  const locked = { block, round: state.round } // L38-L39
  return precommit({ ...state, valid, locked }, block, null) // L40-L41
}

/** L44-L46: a quorum of prevotes for nil. A lock stays: only L28-L30 gets a voter past it. */
export function acceptNilPolka(state: ConsensusState): Transition | null {
  if (state.step !== 'prevote') return null
  if (!hasNilQuorum(roundOf(state, state.round).prevotes, state.start.quorum)) return null
  return precommit(state, null, 'a quorum prevoted nil')
}

/** L34-L35: a quorum of any prevotes for the first time. */
export function startPrevoteTimer(state: ConsensusState): Transition | null {
  if (state.step !== 'prevote' || state.timers.prevote) return null
  if (!hasAnyQuorum(roundOf(state, state.round).prevotes, state.start.quorum)) return null
  return {
    state: { ...state, timers: { ...state.timers, prevote: true } },
    effects: [scheduleTimeout(state, 'prevote')]
  }
}

/** L47-L48: a quorum of any precommits for the first time. */
export function startPrecommitTimer(state: ConsensusState): Transition | null {
  if (state.step === 'idle' || state.timers.precommit) return null
  if (!hasAnyQuorum(roundOf(state, state.round).precommits, state.start.quorum)) return null
  return {
    state: { ...state, timers: { ...state.timers, precommit: true } },
    effects: [scheduleTimeout(state, 'precommit')]
  }
}

/** L57-L60: no proposal that can be prevoted came in time. */
export function onProposeTimeout(state: ConsensusState): Transition {
  if (state.step !== 'propose') return unchanged(state)
  return prevote(state, null, missingReason(state))
}

/** L61-L64: the prevotes do not agree in time, or the block they agree on is not here. */
export function onPrevoteTimeout(state: ConsensusState): Transition {
  if (state.step !== 'prevote') return unchanged(state)
  return precommit(state, null, 'no quorum of prevotes for a block that is here')
}

/** L65-L67: the round has failed. */
export function onPrecommitTimeout(state: ConsensusState): Transition {
  if (state.step === 'idle' || state.round === ROUND_MAX) return unchanged(state)
  return enterRound(state, state.round + 1)
}

/** L11-L21: StartRound. The proposer's timer runs too, as building a block may fail or take long. */
function enterRound(state: ConsensusState, round: number): Transition {
  assertInvariant(round >= state.round && round <= ROUND_MAX, 'rounds only go up, and stay in range')
  const entered: ConsensusState = {
    ...forgetOldRounds(state, round),
    round,
    step: 'propose',
    timers: { prevote: false, precommit: false },
    build: 'none'
  }
  const timer: Transition = { state: entered, effects: [scheduleTimeout(entered, 'propose')] }
  return proposerOf(entered, round) === entered.self ? andThen(timer, propose) : timer
}

/** L14-L19: proposes the valid block again, with its round and prevotes, or asks for a new one. */
function propose(state: ConsensusState): Transition {
  const { valid, round, start } = state
  if (valid === null) {
    const asked: ConsensusState = { ...state, build: 'asked' }
    return { state: asked, effects: [{ type: 'build-block', height: start.height, round }] }
  }
  return intendProposal(state, valid.block, valid.round, valid.prevotes)
}

function prevote(state: ConsensusState, block: string | null, reason: string | null): Transition {
  return vote({ ...state, step: 'prevote' }, 'prevote', block, reason)
}

function precommit(state: ConsensusState, block: string | null, reason: string | null): Transition {
  return vote({ ...state, step: 'precommit' }, 'precommit', block, reason)
}

function vote(state: ConsensusState, kind: VoteKind, block: string | null, reason: string | null): Transition {
  assertInvariant((block === null) === (reason !== null), 'nil, and only nil, has a reason')
  return intendVote(state, kind, block, reason)
}

/**
 * The highest round that f + 1 voters have reached or passed, if it is later than the current one. The paper counts
 * voters in the very same round; where that holds, this round is at least as late, and it needs one number per voter.
 */
function skipTarget(state: ConsensusState): number | null {
  const later: number[] = []
  for (const round of state.highest.values()) if (round > state.round) later.push(round)
  // Mostly nobody is, and this is asked after every input.
  if (later.length === 0) return null
  return later.sort((a, b) => b - a)[state.start.faults] ?? null
}

function hasValidProposal(state: ConsensusState): boolean {
  for (const round of state.rounds.keys()) if (judgementOf(state, round)?.refusal === null) return true
  return false
}

/** Drops what lies too far behind, and the blocks that nothing left speaks of. */
function forgetOldRounds(state: ConsensusState, round: number): ConsensusState {
  const rounds = new Map([...state.rounds].filter(([kept]) => kept >= round - ROUNDS_BEHIND_MAX))
  if (rounds.size === state.rounds.size) return state
  const named = new Set([state.locked?.block, state.valid?.block, state.certified?.block])
  for (const record of rounds.values()) {
    for (const { proposal } of record.proposals) named.add(proposal.block)
    named.add(quorumBlock(record.prevotes, state.start.quorum) ?? undefined)
  }
  return { ...state, rounds, blocks: new Map([...state.blocks].filter(([block]) => named.has(block))) }
}

function lockReason(round: number): string {
  return `locked on another block in round ${round}`
}

function missingReason(state: ConsensusState): string {
  const proposal = roundOf(state, state.round).proposals[0]?.proposal
  if (proposal === undefined) return 'no proposal in time'
  if (judgementOf(state, state.round) === null) return `block ${proposal.block} was not here or not checked in time`
  return `the prevotes of round ${proposal.validRound} were missing`
}
