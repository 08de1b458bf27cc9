import { assertInvariant } from '../base/errors.js'
import type { Certificate } from '../ledger/certificate.js'
import { VOTERS_MAX } from '../ledger/quorum.js'
import type { VoteKind } from '../ledger/vote.js'
import { timeoutMs } from './timeouts.js'
import type { Effect, Proposal, SignedProposal, SignedVote, StartHeight, StopCause, Vote } from './types.js'
import { EMPTY_TALLY, type Tally } from './votes.js'

/** Highest round that is not out of range. */
export const ROUND_MAX = 2 ** 31 - 1
/** Messages of so many rounds after the current one are kept; of later ones only who was seen there. */
export const ROUNDS_AHEAD_MAX = 32
/**
 * Messages of so many rounds before the current one are kept. Older ones can be done without: a quorum of precommits
 * for a block locks a quorum on it, so no other can be decided, and the block is proposed again (L16) until it is. The
 * log holds the own ones, and a certificate decides for a round of any age.
 */
export const ROUNDS_BEHIND_MAX = 512
/** Own messages waiting for their signature: the one being signed, and so many minus one after it. */
export const UNSIGNED_MAX = 64

/**
 * `unstarted` until the first `start-height`; `idle` while there is nothing to do at the height; then as in the paper;
 * `decided` and `stopped` until the next `start-height`.
 */
export type Step = 'unstarted' | 'idle' | 'propose' | 'prevote' | 'precommit' | 'decided' | 'stopped'

/** A proposal, and those of its prevotes that count for it: of its validRound, for its block, one per voter. */
export interface ReceivedProposal {
  readonly proposal: SignedProposal
  readonly prevotes: readonly SignedVote[]
}

/** What is known of the fresh proposal of a round, beyond the validity of its block: may this round propose it? */
export type Fitness =
  | { readonly type: 'unknown' }
  | { readonly type: 'asked' }
  | { readonly type: 'fit' }
  | { readonly type: 'unfit'; readonly reason: string }

export interface RoundState {
  /** The first proposal counts for L22 and L28; a second one that contradicts it is kept as evidence. */
  readonly proposals: readonly ReceivedProposal[]
  /** Of the first proposal, if it is fresh. */
  readonly fitness: Fitness
  readonly prevotes: Tally
  readonly precommits: Tally
}

/** What is known of a block, whichever round proposes it. */
export interface BlockState {
  readonly verdict: 'pending' | 'unavailable' | 'valid' | 'invalid'
  /** Why it is invalid, else empty. */
  readonly reason: string
  readonly fetchAsked: boolean
}

/** An own message that waits for its signature. */
export type Unsigned =
  | { readonly type: 'vote'; readonly vote: Vote; readonly reason: string | null }
  | { readonly type: 'proposal'; readonly proposal: Proposal; readonly prevotes: readonly SignedVote[] }

/** Everything the machine knows. Never changed in place: what is unchanged is shared with the state before. */
export interface ConsensusState {
  readonly start: StartHeight
  readonly incarnations: ReadonlyMap<string, number>
  /** Own id if it is a voter's, else null: nothing is signed. */
  readonly self: string | null
  readonly step: Step
  readonly round: number
  /** lockedValue and lockedRound. */
  readonly locked: { readonly block: string; readonly round: number } | null
  /** validValue and validRound, with the quorum of prevotes that made it valid. */
  readonly valid: { readonly block: string; readonly round: number; readonly prevotes: readonly SignedVote[] } | null
  readonly rounds: ReadonlyMap<number, RoundState>
  readonly blocks: ReadonlyMap<string, BlockState>
  /** Highest round in which each voter was seen voting, however far ahead. */
  readonly highest: ReadonlyMap<string, number>
  /** Which timers of the current round were started, beside that for the proposal. */
  readonly timers: { readonly prevote: boolean; readonly precommit: boolean }
  /** How far the own fresh proposal for the current round has come. */
  readonly build: 'none' | 'asked' | 'nothing' | 'built'
  /** The first one is being signed, the others wait for it. */
  readonly unsigned: readonly Unsigned[]
  /** The first quorum of precommits for a block, of any round. */
  readonly certified: Certificate | null
  readonly stopped: StopCause | null
}

/** A next state and what has to be done, in order. */
export interface Transition {
  readonly state: ConsensusState
  readonly effects: readonly Effect[]
}

const EMPTY_ROUND: RoundState = {
  proposals: [],
  fitness: { type: 'unknown' },
  prevotes: EMPTY_TALLY,
  precommits: EMPTY_TALLY
}

const NO_HEIGHT: StartHeight = {
  type: 'start-height',
  height: 0,
  round: 0,
  epoch: 0,
  voters: [],
  self: null,
  order: [],
  quorum: 1,
  faults: 0,
  timeouts: {
    propose: { firstMs: 0, growthMs: 0, capMs: 0 },
    prevote: { firstMs: 0, growthMs: 0, capMs: 0 },
    precommit: { firstMs: 0, growthMs: 0, capMs: 0 }
  }
}

/** A machine that has not been told any height yet. */
export function initialState(): ConsensusState {
  return stateOf(NO_HEIGHT, 'unstarted')
}

/**
 * The state at the beginning of a height: idle, in its first round.
 * @throws LedgerError INVARIANT when the set of voters, the order or the quorum contradict each other
 */
export function startedState(start: StartHeight): ConsensusState {
  assertStart(start)
  return stateOf(start, 'idle')
}

function stateOf(start: StartHeight, step: Step): ConsensusState {
  const incarnations = new Map(start.voters.map((voter) => [voter.id, voter.incarnation]))
  return {
    start,
    incarnations,
    self: start.self !== null && incarnations.has(start.self) ? start.self : null,
    step,
    round: start.round,
    locked: null,
    valid: null,
    rounds: new Map(),
    blocks: new Map(),
    highest: new Map(),
    timers: { prevote: false, precommit: false },
    build: 'none',
    unsigned: [],
    certified: null,
    stopped: null
  }
}

function assertStart(start: StartHeight): void {
  const ids = new Set(start.voters.map((voter) => voter.id))
  const count = start.voters.length
  assertInvariant(Number.isSafeInteger(start.height) && start.height >= 1, 'a height is an integer from 1')
  assertInvariant(isRound(start.round), 'the first round is an integer from 0')
  assertInvariant(count >= 1 && count <= VOTERS_MAX && ids.size === count, '1 to 128 voters, each once')
  assertInvariant(start.order.length === count, 'the order names every voter once')
  assertInvariant(new Set(start.order).size === count, 'the order names no voter twice')
  for (const id of start.order) assertInvariant(ids.has(id), 'the order names voters only')
  assertInvariant(start.quorum > count / 2 && start.quorum <= count, 'a quorum is more than half of the voters')
  assertInvariant(start.faults === count - start.quorum, 'as many may be missing as a quorum does not need')
}

function isRound(round: number): boolean {
  return Number.isInteger(round) && round >= 0 && round <= ROUND_MAX
}

/** Id of the voter who proposes in a round. */
export function proposerOf(state: ConsensusState, round: number): string {
  const { order } = state.start
  const proposer = order[round % order.length]
  assertInvariant(proposer !== undefined, 'every round has a proposer')
  return proposer
}

/** What is known of a round; an empty record when nothing is. */
export function roundOf(state: ConsensusState, round: number): RoundState {
  return state.rounds.get(round) ?? EMPTY_ROUND
}

/** The state with changed members of one round's record. */
export function withRound(state: ConsensusState, round: number, change: Partial<RoundState>): ConsensusState {
  return { ...state, rounds: new Map(state.rounds).set(round, { ...roundOf(state, round), ...change }) }
}

/** The state with changed members of one block's record. */
export function withBlock(state: ConsensusState, block: string, change: Partial<BlockState>): ConsensusState {
  const known: BlockState = state.blocks.get(block) ?? { verdict: 'pending', reason: '', fetchAsked: false }
  return { ...state, blocks: new Map(state.blocks).set(block, { ...known, ...change }) }
}

/** Is the round near enough to the current one for its messages to be kept? */
export function isKeptRound(state: ConsensusState, round: number): boolean {
  return round >= state.round - ROUNDS_BEHIND_MAX && round <= state.round + ROUNDS_AHEAD_MAX
}

export function tallyOf(state: ConsensusState, round: number, kind: VoteKind): Tally {
  const record = roundOf(state, round)
  return kind === 'prevote' ? record.prevotes : record.precommits
}

/** The effect that starts a timer of the current round. */
export function scheduleTimeout(state: ConsensusState, kind: 'propose' | 'prevote' | 'precommit'): Effect {
  const { height, timeouts } = state.start
  return { type: 'schedule-timeout', kind, height, round: state.round, ms: timeoutMs(timeouts, kind, state.round) }
}

/** A transition that changes nothing: the input is stale, known, or not for this machine. */
export function unchanged(state: ConsensusState): Transition {
  return { state, effects: [] }
}

/** One transition after the other. */
export function andThen(before: Transition, next: (state: ConsensusState) => Transition): Transition {
  const after = next(before.state)
  return { state: after.state, effects: [...before.effects, ...after.effects] }
}

/** Signs nothing more at this height. */
export function stop(state: ConsensusState, cause: StopCause): Transition {
  return { state: { ...state, step: 'stopped', stopped: cause, unsigned: [] }, effects: [{ type: 'stop', cause }] }
}
