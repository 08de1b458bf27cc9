import { openQuestions } from './blocks.js'
import { signEffect } from './own.js'
import { ownMessagesOf } from './progress.js'
import { type ConsensusState, initialState, scheduleTimeout, type Transition } from './state.js'
import { RESEND_MESSAGES_MAX, step } from './step.js'
import type { Effect, LogEntry, StartHeight } from './types.js'

/**
 * Brings a machine back after a crash. The log holds every input that changed the state, in order, so what comes back
 * is the very state that wrote its last entry: same round, lock, valid block and votes.
 *
 * What was not synced any more is a missing end of the log. Nothing signed can depend on it: the log is synced before a
 * signature is asked for, and only the message at the head of the queue may have been signed without the log knowing.
 * It is asked for again, and the sign guard answers with the identical signature.
 * @param start the height's start, found again from committed chain data
 * @param entries the persisted entries of this height, oldest first
 * @returns the state, and what was under way, to be done again
 */
export function replay(start: StartHeight, entries: readonly LogEntry[]): Transition {
  let state = step(initialState(), start).state
  for (const entry of entries) state = step(state, entry).state
  return { state, effects: pendingEffects(state) }
}

/** What a state waits for, as effects: all that a crash may have swallowed. Doing any of it twice does no harm. */
export function pendingEffects(state: ConsensusState): Effect[] {
  const evidence = evidenceOf(state)
  if (state.step === 'unstarted') return []
  if (state.step === 'stopped' && state.stopped !== null) return [...evidence, { type: 'stop', cause: state.stopped }]
  if (state.step === 'decided' && state.certified !== null) {
    return [...evidence, { type: 'decide', certificate: state.certified }]
  }
  const messages = ownMessagesOf(state).slice(-RESEND_MESSAGES_MAX)
  const effects: Effect[] = messages.length > 0 ? [...evidence, { type: 'resend', messages }] : evidence
  if (state.unsigned[0] !== undefined) effects.push(signEffect(state.unsigned[0]))
  effects.push(...openQuestions(state))
  if (state.step === 'idle') return effects
  if (state.build === 'asked' && state.step === 'propose') {
    effects.push({ type: 'build-block', height: state.start.height, round: state.round })
  }
  return [...effects, ...pendingTimers(state)]
}

function pendingTimers(state: ConsensusState): Effect[] {
  const timers: Effect[] = []
  if (state.step === 'propose') timers.push(scheduleTimeout(state, 'propose'))
  if (state.step === 'prevote' && state.timers.prevote) timers.push(scheduleTimeout(state, 'prevote'))
  if (state.timers.precommit) timers.push(scheduleTimeout(state, 'precommit'))
  return timers
}

function evidenceOf(state: ConsensusState): Effect[] {
  const effects: Effect[] = []
  for (const record of state.rounds.values()) {
    const [first, second] = record.proposals
    if (first !== undefined && second !== undefined) {
      const voter = first.proposal.proposer
      const pair = { type: 'proposals', voter, first: first.proposal, second: second.proposal } as const
      effects.push({ type: 'evidence', evidence: pair })
    }
    for (const tally of [record.prevotes, record.precommits]) {
      for (const [voter, second] of tally.conflicts) {
        const pair = { type: 'votes', voter, first: tally.votes.get(voter)!, second } as const
        effects.push({ type: 'evidence', evidence: pair })
      }
    }
  }
  return effects
}
