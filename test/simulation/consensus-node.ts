import { replay } from '../../src/consensus/log.js'
import type { ConsensusState } from '../../src/consensus/state.js'
import { step } from '../../src/consensus/step.js'
import type { Effect, Input, LogEntry, Proposal, StartHeight, Vote } from '../../src/consensus/types.js'

/** Everything but persisting and signing, which the node does itself. */
export type Outgoing = Exclude<Effect, { type: 'persist' | 'sign-vote' | 'sign-proposal' }>

/** A machine with a log and a sign guard that survive crashes as files would. */
export interface SimNode {
  readonly state: ConsensusState
  /** How often it has crashed: what was asked for before a crash is not answered after it. */
  readonly lives: number
  /** Everything ever signed at this height, by the place it takes: `round/phase`. */
  readonly signed: ReadonlyMap<string, string>
  /**
   * Gives one input and carries its effects out.
   * @param crashAfter crash after so many effects, the asking for signatures and their feeding back included
   */
  give(input: Input, crashAfter?: number): void
  /** Loses what the log had not synced, except so many entries that the disk had taken anyway; comes back by replay. */
  crash(luckyEntries?: number): void
  /** Begins a height with an empty log. */
  start(start: StartHeight): void
}

const PHASE = { proposal: 0, prevote: 1, precommit: 2 }

/**
 * @param out carries out the other effects; called in order, must not give inputs at once
 * @throws Error when the guard would have to refuse: a regression, or a message contradicting a signed one
 */
export function simNode(first: StartHeight, out: (effect: Outgoing) => void): SimNode {
  let { state, log, synced, lives } = { ...begin(first), lives: 0 }
  let height = first
  let guardLast = -1
  let signed = new Map<string, string>()
  let effectsLeft = Number.POSITIVE_INFINITY

  function begin(start: StartHeight): { state: ConsensusState; log: LogEntry[]; synced: number } {
    return { state: replay(start, []).state, log: [], synced: 0 }
  }

  /** Signs as the guard allows: never back, and never something else in the same place. */
  function guard(round: number, phase: number, content: string): void {
    const place = round * 3 + phase
    const name = `${round}/${phase}`
    if (place < guardLast) throw new Error(`the guard refuses a regression to ${name}`)
    const known = signed.get(name)
    if (known !== undefined && known !== content) throw new Error(`the guard refuses ${content} after ${known}`)
    guardLast = place
    signed.set(name, content)
  }

  function signVote(vote: Vote): Input {
    guard(vote.round, PHASE[vote.kind], `${vote.kind} ${vote.block}`)
    return { type: 'vote', vote: { ...vote, signature: `${vote.voter}:${vote.kind}:${vote.round}:${vote.block}` } }
  }

  function signProposal(proposal: Proposal): Input {
    const { proposer, round, block, validRound } = proposal
    guard(round, PHASE.proposal, `proposal ${block} ${validRound}`)
    const signature = `${proposer}:proposal:${round}:${block}:${validRound}`
    return { type: 'proposal', proposal: { ...proposal, signature }, prevotes: [] }
  }

  /** Returns false when it crashed on the way. */
  function carryOut(effects: readonly Effect[]): boolean {
    for (const effect of effects) {
      if (effectsLeft-- <= 0) {
        node.crash()
        return false
      }
      if (effect.type === 'persist') log.push(effect.entry)
      else if (effect.type === 'sign-vote' || effect.type === 'sign-proposal') {
        synced = log.length
        const back = effect.type === 'sign-vote' ? signVote(effect.vote) : signProposal(effect.proposal)
        if (!giveOne(back)) return false
      } else out(effect)
    }
    return true
  }

  function giveOne(input: Input): boolean {
    const after = step(state, input)
    state = after.state
    return carryOut(after.effects)
  }

  const node: SimNode = {
    get state() {
      return state
    },
    get lives() {
      return lives
    },
    get signed() {
      return signed
    },
    give(input, crashAfter = Number.POSITIVE_INFINITY) {
      effectsLeft = crashAfter
      giveOne(input)
      effectsLeft = Number.POSITIVE_INFINITY
    },
    crash(luckyEntries = 0) {
      effectsLeft = Number.POSITIVE_INFINITY
      lives += 1
      log = log.slice(0, synced + luckyEntries)
      synced = log.length
      const back = replay(height, log)
      state = back.state
      carryOut(back.effects)
    },
    start(start) {
      height = start
      ;({ state, log, synced } = begin(start))
      guardLast = -1
      signed = new Map()
    }
  }
  return node
}
