import { assertInvariant } from '../base/errors.js'
import { askCheck, askFetch, openQuestions, takeVerdict } from './blocks.js'
import { takeCertificate, takeProposal, takeVote } from './intake.js'
import { intendProposal, signEffect } from './own.js'
import { ownMessagesOf } from './progress.js'
import {
  acceptNilPolka,
  acceptPolka,
  activate,
  beginHeight,
  decideCertified,
  onPrecommitTimeout,
  onPrevoteTimeout,
  onProposeTimeout,
  prevoteAgain,
  prevoteFresh,
  skipRound,
  startPrecommitTimer,
  startPrevoteTimer
} from './round.js'
import { type ConsensusState, startedState, type Transition, unchanged } from './state.js'
import type { BlockBuilt, Effect, Input, LogEntry, NothingToPropose, TimeoutFired } from './types.js'

/** Most transitions that one input can lead to; a loop beyond it is a fault. */
const TURNS_MAX = 32

/** Most own messages sent again at once: the newest ones. Older ones are served to whoever asks for them. */
export const RESEND_MESSAGES_MAX = 32

/**
 * What may happen whenever it is possible, most decisive first. The order never changes what is signed, but spares
 * timers that would be stale at once.
 */
const ARMS: readonly ((state: ConsensusState) => Transition | null)[] = [
  decideCertified,
  activate,
  skipRound,
  askCheck,
  askFetch,
  prevoteFresh,
  prevoteAgain,
  acceptPolka,
  acceptNilPolka,
  startPrevoteTimer,
  startPrecommitTimer
]

/**
 * The consensus machine (arXiv 1807.04938, Algorithm 1): what follows from an input. Pure; states share what did not
 * change, so a step costs what it changes. Inputs that are stale, forged in range or repeated change nothing and have
 * no effects. Every input that changed the state (beside `start-height`) is to be persisted before all else.
 * @returns the next state, and the effects to carry out in order
 * @throws LedgerError INVARIANT when the interpreter or the machine broke its rules; sign nothing after that
 */
export function step(state: ConsensusState, input: Input): Transition {
  if (input.type === 'start-height') {
    assertInvariant(input.height > state.start.height, 'heights only go up')
    return unchanged(startedState(input))
  }
  if (input.type === 'resend') return { state, effects: isOver(state) ? [] : sendAgain(state) }
  const after = settle(take(state, input))
  if (after.state === state) {
    assertInvariant(after.effects.length === 0, 'what changes nothing does nothing')
    return after
  }
  return { state: after.state, effects: [{ type: 'persist', entry: input }, ...after.effects] }
}

/** Is there nothing left to do at this height? */
function isOver({ step: at }: ConsensusState): boolean {
  return at === 'unstarted' || at === 'decided' || at === 'stopped'
}

/** Takes in one input, without drawing the consequences. */
function take(state: ConsensusState, input: LogEntry): Transition {
  if (state.stopped?.type === 'diverged' && input.type === 'block-checked') return takeVerdict(state, input)
  if (isOver(state)) return unchanged(state)
  switch (input.type) {
    case 'work-available':
      return input.height === state.start.height ? onWork(state) : unchanged(state)
    case 'block-built':
      return onBuilt(state, input)
    case 'nothing-to-propose':
      return onNothing(state, input)
    case 'proposal':
      return takeProposal(state, input.proposal, input.prevotes)
    case 'block-checked':
      return takeVerdict(state, input)
    case 'vote':
      return takeVote(state, input.vote)
    case 'certificate':
      return takeCertificate(state, input.certificate)
    case 'timeout':
      return onTimeout(state, input)
  }
}

/** Draws the consequences: lets arms act until none can. */
function settle(taken: Transition): Transition {
  let transition = taken
  for (let turn = 0; ; turn++) {
    assertInvariant(turn < TURNS_MAX, 'the arms come to rest')
    const { state } = transition
    const arm = firstArm(state)
    if (arm === null) return transition
    transition = { state: arm.state, effects: [...transition.effects, ...arm.effects] }
  }
}

function firstArm(state: ConsensusState): Transition | null {
  if (state.stopped?.type === 'diverged') return decideCertified(state)
  if (isOver(state)) return null
  for (const arm of ARMS) {
    const transition = arm(state)
    if (transition !== null) return transition
  }
  return null
}

/** Rule 8: an idle height begins; a proposer that had nothing asks again. */
function onWork(state: ConsensusState): Transition {
  if (state.step === 'idle') return beginHeight(state)
  if (state.step !== 'propose' || state.build !== 'nothing') return unchanged(state)
  const { start, round } = state
  return {
    state: { ...state, build: 'asked' },
    effects: [{ type: 'build-block', height: start.height, round }]
  }
}

/** L18-L19: the fresh proposal, unless its time is over. */
function onBuilt(state: ConsensusState, input: BlockBuilt): Transition {
  if (!isAwaitedBuild(state, input)) return unchanged(state)
  return intendProposal({ ...state, build: 'built' }, input.block, -1, [])
}

/** Rule 8: never an empty block. A height that only this voter began, over nothing, is idle again. */
function onNothing(state: ConsensusState, input: NothingToPropose): Transition {
  if (!isAwaitedBuild(state, input)) return unchanged(state)
  const alone = state.round === state.start.round && state.highest.size === 0 && state.rounds.size === 0
  return unchanged(alone ? { ...state, step: 'idle', build: 'none' } : { ...state, build: 'nothing' })
}

function isAwaitedBuild(state: ConsensusState, { height, round }: { height: number; round: number }): boolean {
  const now = height === state.start.height && round === state.round
  return now && state.step === 'propose' && state.build === 'asked'
}

/** Timeouts of other heights and rounds are stale. */
function onTimeout(state: ConsensusState, { kind, height, round }: TimeoutFired): Transition {
  if (height !== state.start.height || round !== state.round) return unchanged(state)
  if (kind === 'propose') return onProposeTimeout(state)
  return kind === 'prevote' ? onPrevoteTimeout(state) : onPrecommitTimeout(state)
}

/** Rule 20: never assumes that a message arrived, a signature was made or a question was heard. */
function sendAgain(state: ConsensusState): Effect[] {
  const messages = ownMessagesOf(state).slice(-RESEND_MESSAGES_MAX)
  const effects: Effect[] = messages.length > 0 ? [{ type: 'resend', messages }] : []
  if (state.unsigned[0] !== undefined) effects.push(signEffect(state.unsigned[0]))
  return [...effects, ...openQuestions(state)]
}
