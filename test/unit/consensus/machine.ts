import * as assert from 'uvu/assert'
import { replay } from '../../../src/consensus/log.js'
import { type ConsensusState, initialState, startedState } from '../../../src/consensus/state.js'
import { step } from '../../../src/consensus/step.js'
import { TIMEOUTS_DEFAULT } from '../../../src/consensus/timeouts.js'
import type {
  CheckResult,
  Effect,
  Input,
  LogEntry,
  Proposal,
  SignedProposal,
  SignedVote,
  StartHeight,
  Vote
} from '../../../src/consensus/types.js'
import type { QuorumRule } from '../../../src/ledger/network-definition.js'
import { faultsOf, quorumOf } from '../../../src/ledger/quorum.js'
import type { VoteKind } from '../../../src/ledger/vote.js'

/** The height that all of these tests play at. */
export const HEIGHT = 7

/** A stand-in for signatures: equal messages have equal ones. */
export function signVote(vote: Vote): SignedVote {
  const { block, height, incarnation, kind, round, voter } = vote
  return { block, height, incarnation, kind, round, voter, signature: `sig:${voter}:${kind}:${round}:${block}` }
}

export function signProposal(proposal: Proposal): SignedProposal {
  const { proposer, round, block, validRound } = proposal
  return { ...proposal, signature: `sig:${proposer}:proposal:${round}:${block}:${validRound}` }
}

export interface MachineOptions {
  /** @default 4: a, b, c and d */
  readonly voters?: number
  /** @default 'd', the proposer of round 3; 'x' is an observer */
  readonly self?: string
  /** @default 'two-thirds' */
  readonly rule?: QuorumRule
  /** First round. @default 0 */
  readonly round?: number
  /** Feed back what the machine wants signed. @default true */
  readonly signs?: boolean
  /** Hold the state against the log after all that is given. Costs the square of what is given. @default true */
  readonly replays?: boolean
}

/** The start of the height for voters a, b, c ..., who propose in that order. */
export function startOf({ voters = 4, self = 'd', rule = 'two-thirds', round = 0 }: MachineOptions = {}): StartHeight {
  const ids = Array.from({ length: voters }, (_, index) => String.fromCharCode(97 + index))
  return {
    type: 'start-height',
    height: HEIGHT,
    round,
    epoch: 0,
    voters: ids.map((id) => ({ id, incarnation: 0 })),
    self: self === 'x' ? null : self,
    order: ids,
    quorum: quorumOf(voters, rule),
    faults: faultsOf(voters, rule),
    timeouts: TIMEOUTS_DEFAULT
  }
}

// Inputs, short enough for tables. Block null is nil.

export function vote(kind: VoteKind, voter: string, round: number, block: string | null): Input {
  return { type: 'vote', vote: signVote({ block, height: HEIGHT, incarnation: 0, kind, round, voter }) }
}

export function prevote(voter: string, round: number, block: string | null): Input {
  return vote('prevote', voter, round, block)
}

export function precommit(voter: string, round: number, block: string | null): Input {
  return vote('precommit', voter, round, block)
}

/** Prevotes of several voters, such as 'abc'. */
export function prevotes(voters: string, round: number, block: string | null): Input[] {
  return [...voters].map((voter) => prevote(voter, round, block))
}

export function precommits(voters: string, round: number, block: string | null): Input[] {
  return [...voters].map((voter) => precommit(voter, round, block))
}

/** The proposal of a round by its proposer among four; `carried` voters' prevotes of validRound travel with it. */
export function proposal(round: number, block: string, validRound = -1, carried = ''): Input {
  const proposer = String.fromCharCode(97 + (round % 4))
  const signed = signProposal({ block, height: HEIGHT, incarnation: 0, proposer, round, validRound })
  const votes = prevotes(carried, validRound, block).map((input) =>
    input.type === 'vote' ? input.vote : assert.unreachable()
  )
  return { type: 'proposal', proposal: signed, prevotes: votes as SignedVote[] }
}

export function checked(round: number, block: string, result: CheckResult['type'] = 'valid'): Input {
  const reason = `${block} is ${result}`
  const full: CheckResult = result === 'invalid' || result === 'unfit' ? { type: result, reason } : { type: result }
  return { type: 'block-checked', height: HEIGHT, round, block, result: full }
}

export function certificate(round: number, block: string, voters: string): Input {
  const votes = [...voters].map((voter) => ({
    incarnation: 0,
    signature: `sig:${voter}:precommit:${round}:${block}`,
    voter
  }))
  return { type: 'certificate', certificate: { block, height: HEIGHT, round, votes } }
}

export function timeout(kind: 'propose' | 'prevote' | 'precommit', round: number): Input {
  return { type: 'timeout', kind, height: HEIGHT, round }
}

export const work: Input = { type: 'work-available', height: HEIGHT }
export const resend: Input = { type: 'resend' }

export function built(round: number, block: string): Input {
  return { type: 'block-built', height: HEIGHT, round, block }
}

export function nothing(round: number): Input {
  return { type: 'nothing-to-propose', height: HEIGHT, round }
}

/** A machine that is given inputs, signs at once, keeps its log, and whose effects read as short lines. */
export interface Machine {
  state: ConsensusState
  readonly log: LogEntry[]
  /** Gives inputs one after the other; returns the effects of all, own messages included, without `persist`. */
  give(...inputs: Input[]): Effect[]
}

export function machine(options: MachineOptions = {}): Machine {
  const log: LogEntry[] = []
  const start = startOf(options)
  const self: Machine = {
    state: step(initialState(), start).state,
    log,
    give(...inputs) {
      const effects: Effect[] = []
      const queue = [...inputs]
      for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
        const before = self.state
        const after = step(before, input)
        self.state = after.state
        for (const effect of after.effects) {
          if (effect.type === 'persist') log.push(effect.entry)
          else effects.push(effect)
        }
        if (options.signs !== false) queue.unshift(...after.effects.flatMap(signed))
      }
      if (options.replays !== false) {
        assert.equal(replay(start, log).state, self.state, 'the log brings the very state back')
      }
      return effects
    }
  }
  assert.equal(self.state, startedState(start))
  return self
}

/** What the interpreter feeds back for a wish to sign. */
export function signed(effect: Effect): Input[] {
  if (effect.type === 'sign-vote') return [{ type: 'vote', vote: signVote(effect.vote) }]
  if (effect.type === 'sign-proposal')
    return [{ type: 'proposal', proposal: signProposal(effect.proposal), prevotes: [] }]
  return []
}

/** One effect as one short line, for tables. */
export function line(effect: Effect): string {
  switch (effect.type) {
    case 'sign-vote':
      return `sign ${effect.vote.kind} ${effect.vote.round} ${effect.vote.block ?? 'nil'}`
    case 'sign-proposal':
      return `sign proposal ${effect.proposal.round} ${effect.proposal.block} ${effect.proposal.validRound}`
    case 'publish-vote':
      return `publish ${effect.vote.kind} ${effect.vote.round} ${effect.vote.block ?? 'nil'}`
    case 'publish-proposal': {
      const { round, block, validRound } = effect.proposal
      const carried = effect.prevotes.map((carriedVote) => carriedVote.voter).join('')
      return `publish proposal ${round} ${block} ${validRound}${carried === '' ? '' : ` with ${carried}`}`
    }
    case 'build-block':
      return `build ${effect.round}`
    case 'check-block':
      return `check ${effect.round} ${effect.block}`
    case 'fetch-block':
      return `fetch ${effect.round} ${effect.block} from ${effect.holders.join('')}`
    case 'schedule-timeout':
      return `timer ${effect.kind} ${effect.round}`
    case 'decide': {
      const { round, block, votes } = effect.certificate
      return `decide ${round} ${block} ${votes.map((endorsement) => endorsement.voter).join('')}`
    }
    case 'evidence':
      return `evidence ${effect.evidence.type} ${effect.evidence.voter}`
    case 'resend':
      return `resend ${effect.messages.length}`
    case 'stop':
      return `stop ${effect.cause.type}`
    case 'persist':
      return `persist ${effect.entry.type}`
  }
}

/** The lines of effects, without the publishing that only follows from signing. */
export function lines(effects: readonly Effect[]): string[] {
  return effects.map(line).filter((text) => !text.startsWith('publish'))
}
