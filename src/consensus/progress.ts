import type { ConsensusState, RoundState, Step } from './state.js'
import type { Message } from './types.js'

/** How far a machine is, and which messages of a height it has: what partners exchange to find out who lacks what. */
export interface Progress {
  readonly height: number
  readonly round: number
  readonly step: Step
  /** By round, ascending; rounds of which nothing is known are left out. */
  readonly rounds: readonly RoundProgress[]
}

export interface RoundProgress {
  readonly round: number
  readonly proposal: boolean
  /** Ids of the voters whose vote is here, sorted. */
  readonly prevotes: readonly string[]
  readonly precommits: readonly string[]
}

/** Sums up what is known of the height (rule 20). Also once it is decided or stopped. */
export function progressOf(state: ConsensusState): Progress {
  const rounds = sortedRounds(state).map(([round, record]) => ({
    round,
    proposal: record.proposals.length > 0,
    prevotes: [...record.prevotes.votes.keys()].sort(),
    precommits: [...record.precommits.votes.keys()].sort()
  }))
  return { height: state.start.height, round: state.round, step: state.step, rounds }
}

/** Every signed message of the height that is kept, by round, own ones and others' alike, to be served. */
export function messagesOf(state: ConsensusState): Message[] {
  return sortedRounds(state).flatMap(([, record]) => messagesOfRound(record))
}

/** The own signed messages of the height that are kept, oldest first; not those of rounds before the first. */
export function ownMessagesOf(state: ConsensusState): Message[] {
  if (state.self === null) return []
  return messagesOf(state).filter((message) => {
    return authorOf(message) === state.self && roundOf(message) >= state.start.round
  })
}

/** Id of whoever signed a message. */
export function authorOf(message: Message): string {
  return message.type === 'vote' ? message.vote.voter : message.proposal.proposer
}

function roundOf(message: Message): number {
  return message.type === 'vote' ? message.vote.round : message.proposal.round
}

function messagesOfRound(record: RoundState): Message[] {
  const votes = [...record.prevotes.votes.values(), ...record.precommits.votes.values()]
  return [
    ...record.proposals.slice(0, 1).map((received): Message => ({ type: 'proposal', ...received })),
    ...votes.map((vote): Message => ({ type: 'vote', vote }))
  ]
}

function sortedRounds(state: ConsensusState): [number, RoundState][] {
  return [...state.rounds].sort(([a], [b]) => a - b)
}
