import { assertInvariant } from '../base/errors.js'
import { pendingEffects, replay } from '../consensus/log.js'
import { authorOf, messagesOf, ownMessagesOf } from '../consensus/progress.js'
import { type ConsensusState, initialState, proposerOf } from '../consensus/state.js'
import { step } from '../consensus/step.js'
import { TIMEOUTS_DEFAULT } from '../consensus/timeouts.js'
import type { Effect, Input, LogEntry, Message, Proposal, StartHeight, Vote } from '../consensus/types.js'
import type { Certificate } from '../ledger/certificate.js'
import { proposalBytes, voteBytes } from '../ledger/vote.js'
import { createAdoption } from './adoption.js'
import type { CandidateBlock, ProposedBlock } from './block-content.js'
import { createBlockContents } from './block-contents.js'
import { createBlockQuestions } from './block-questions.js'
import { hasBlockToMake } from './block-work.js'
import type { ConsensusDriverDependencies, ConsensusDriverOptions } from './consensus-driver-types.js'
import { encodeItem } from './consensus-log.js'
import { startAfterTip } from './height-start.js'
import { isVersionKnown } from './known-version.js'
import { createLoggedHeights } from './logged-heights.js'
import { createOutbound } from './outbound.js'
import { othersAmong } from './own-state.js'
import { waitForProposal } from './propose-wait.js'
import { stopError } from './stop-error.js'
import type { LogEntry as WalEntry } from './store/write-ahead-log.js'
import { createTimerGroup } from './timer-group.js'
import { createWatchedHeight } from './watched-height.js'

/**
 * Carries out what the consensus machine asks for, one height after the other. Inputs are taken in bursts: the machine
 * runs until it has nothing more to do. Where something is to be said the log is synced, then the sign guard, and only then
 * it leaves; a block that is decided stands for itself. A crash in between loses the burst as a whole.
 */
export function createConsensusDriver(options: ConsensusDriverOptions, dependencies: ConsensusDriverDependencies) {
  const { chain, mempool, wal, signer, disputes, isGone, publish, onEvidence, onCommitted, fail } = dependencies
  const inputs: Input[] = []
  const timers = createTimerGroup(dependencies.timers)
  const running = { burst: null as Promise<void> | null, busy: false }
  const contents = createBlockContents(chain, mempool, dependencies)
  let state: ConsensusState = initialState()
  let decided: Certificate | null = null
  const outbound = createOutbound(state, { wal, signer, timers, send, wake: () => wake() })
  /** Whether what was signed here at the height under way is known. */
  let remembered = false
  let beginning = false
  let paused = false
  let stopped = false
  const logged = createLoggedHeights(contents)
  const watched = createWatchedHeight(wal, logged, signer)
  const questions = createBlockQuestions(
    {
      ...options,
      contents,
      offers: () => disputes.offers(state),
      buildIn: (ms, height) => timers.set(ms, () => feed({ type: 'work-available', height }))
    },
    dependencies
  )
  const adoption = createAdoption(chain, questions.inSlices)
  const isHalted = (): boolean => !isVersionKnown(chain)

  function heightStart(): StartHeight {
    const height = chain.tip.height + 1
    remembered = watched.knows(height)
    const self = remembered && signer.maySign() ? options.self : null
    return startAfterTip(chain, {
      self,
      round: signer.firstRound(height),
      timeouts: options.timeouts ?? TIMEOUTS_DEFAULT
    })
  }

  function take(input: Input): void {
    const transition = step(state, input)
    state = transition.state
    for (const effect of transition.effects) carryOut(effect)
  }

  function carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        wal.append(state.start.height, encodeItem({ kind: 'input', entry: effect.entry }))
        if (state.start.self === null) watched.saw(effect.entry)
        break
      case 'sign-vote':
        signVote(effect.vote)
        break
      case 'sign-proposal':
        signProposal(effect.proposal)
        break
      case 'publish-vote':
        outbound.push({ type: 'vote', vote: effect.vote }, effect.reason)
        break
      case 'publish-proposal':
        outbound.push({ ...effect, type: 'proposal' })
        break
      case 'resend':
        for (const message of effect.messages) outbound.push(message)
        break
      case 'build-block':
        questions.build(effect.height, effect.round)
        break
      case 'check-block':
        questions.check({ ...effect, fresh: effect.validRound < 0, holders: [effect.proposer] })
        break
      case 'fetch-block':
        questions.check({ ...effect, fresh: false, proposer: '' })
        break
      case 'schedule-timeout':
        startTimeout(effect)
        break
      case 'decide':
        decided = effect.certificate
        break
      case 'evidence':
        onEvidence(effect.evidence)
        break
      case 'stop':
        throw stopError(effect.cause)
    }
  }

  function signVote(vote: Vote): void {
    const signature = signer.sign(vote, vote.kind, voteBytes(chain.scope, vote))
    inputs.push({ type: 'vote', vote: { ...vote, signature } })
  }

  function signProposal(proposal: Proposal): void {
    const signature = signer.sign(proposal, 'proposal', proposalBytes(chain.scope, proposal))
    inputs.push({ type: 'proposal', proposal: { ...proposal, signature }, prevotes: [] })
  }

  function startTimeout({ kind, height, round, ms }: Extract<Effect, { type: 'schedule-timeout' }>): void {
    const end = (): void => feed({ type: 'timeout', kind, height, round })
    const proposer = proposerOf(state, round)
    if (kind === 'propose') waitForProposal(timers, ms, () => isGone(proposer), end)
    else timers.set(ms, end)
  }

  function feed(input: Input): void {
    if (stopped || paused || isHalted()) return
    inputs.push(input)
    wake()
  }

  function wake(): void {
    if (running.busy || stopped) return
    // Before it begins: what a burst does at once may ask for another one.
    running.busy = true
    running.burst = run().finally(() => {
      running.busy = false
      running.burst = null
      if (hasWork()) wake()
    })
  }

  function hasWork(): boolean {
    const isAsked = inputs.length > 0 || !questions.isEmpty
    return !stopped && (isAsked || beginning || outbound.isDue || decided !== null || adoption.isWaiting)
  }

  async function run(): Promise<void> {
    try {
      while (hasWork()) await burst()
    } catch (error) {
      stop()
      fail(error)
    }
  }

  async function burst(): Promise<void> {
    if (beginning) begin()
    while (decided === null && !adoption.isWaiting) {
      const input = questions.isEmpty ? inputs.shift() : await questions.answer()
      if (stopped) return
      if (input === undefined) break
      take(input)
      if (input.type === 'block-checked' && watched.isExplainable(input.height)) beginning = true
    }
    await outbound.settle(state, decided !== null || adoption.isWaiting)
    if (adoption.isWaiting) await adoption.carryOut(commit)
    else if (decided !== null) await decide(decided)
  }

  /** Signed messages of the height under way, to be served: own ones once they are durable, and while this node signs. */
  function messages(): readonly Message[] {
    const { self, height } = outbound.durable.start
    if (height !== chain.tip.height + 1) return []
    return messagesOf(outbound.durable).filter((message) => self !== null || authorOf(message) !== options.self)
  }

  function send(message: Message, reason: string | null): void {
    publish(message, reason, message.type === 'proposal' ? contents.blockOf(message.proposal.block) : null)
  }

  async function decide(certificate: Certificate): Promise<void> {
    const candidate = contents.candidateOf(certificate.block)
    assertInvariant(candidate !== null, 'a decided block was executed here')
    await commit(candidate, certificate)
  }

  async function commit(candidate: CandidateBlock, certificate: Certificate): Promise<void> {
    const block = await chain.commit(candidate.executed, candidate.batches, certificate)
    // At once: what comes in from now on is for the next height, and must not be swept away with this one.
    endHeight()
    const lost = othersAmong(chain, mempool.settle(candidate.batches, chain.rulebook.partners, chain.store.state))
    await wal.committed(block.header.height)
    if (lost.length > 0) await chain.store.dropBatches(lost)
    onCommitted(block)
    if (!paused && !isHalted()) startHeight()
  }

  function startHeight(): void {
    const height = chain.tip.height + 1
    logged.forgetBelow(height)
    if (logged.has(height)) {
      resumeLogged()
      return
    }
    take(heightStart())
    offerWork()
  }

  /** Takes up a height where the log left it. */
  function resumeLogged(): void {
    const height = chain.tip.height + 1
    logged.restoreBlocks(height)
    // Who cannot take up what it signed here does without the log, and watches until it can, or begins anew.
    watched.resume(height)
    takeUp(height, heightStart())
  }

  /** Takes part in the height under way as if it had all along; or watches it with what the log says, now that it can. */
  function begin(): void {
    beginning = false
    const height = chain.tip.height + 1
    if (paused || state.start.self !== null || state.start.height !== height) return
    const isExplained = watched.isExplainable(height)
    if (isExplained) watched.explain(height)
    const first = heightStart()
    if (first.self === null && !isExplained) return
    clearTimers()
    takeUp(height, first)
  }

  function takeUp(height: number, first: StartHeight): void {
    resumeFrom(first, first.self === null ? watched.entries : watched.end(height))
  }

  function offerWork(): void {
    if (!hasBlockToMake(chain, mempool, disputes)) return
    inputs.push({ type: 'work-available', height: chain.tip.height + 1 })
  }

  function clearTimers(): void {
    timers.clear()
    outbound.timersCleared()
  }

  /** Whatever still waits for the height that is over is stale. */
  function endHeight(): void {
    decided = null
    outbound.clear()
    contents.clear()
    watched.clear()
    inputs.length = 0
    questions.clear()
    clearTimers()
    if (isHalted()) state = initialState()
  }

  function stop(): void {
    stopped = true
    endHeight()
    adoption.stop()
  }

  /** Takes up the height after the tip where the log left it. */
  function restore(entries: readonly WalEntry[]): void {
    logged.read(entries)
    if (!isHalted()) resumeLogged()
  }

  function resumeFrom(first: StartHeight, entries: readonly LogEntry[]): void {
    const restored = replay(first, entries)
    state = restored.state
    signer.guardAgain(ownMessagesOf(state))
    for (const effect of restored.effects) carryOut(effect)
    offerWork()
    wake()
  }

  /** Timers that ran out and answers that came during a pause were not taken in: they are asked for again. */
  function goOn(): void {
    clearTimers()
    for (const effect of pendingEffects(state)) carryOut(effect)
    offerWork()
  }

  return {
    start: restore,
    feed,
    /** A proposal's content, before the proposal itself is fed: kept for this height, and in the log. */
    learn(hash: string, block: ProposedBlock): void {
      if (!isHalted() && contents.learn(hash, block))
        wal.append(chain.tip.height + 1, encodeItem({ kind: 'block', hash, block }))
    },
    /** There is a batch that a block could hold, and perhaps one that a block was waiting for. */
    workAvailable(): void {
      if (stopped || paused || isHalted()) return
      for (const wanted of contents.takeCheckable()) questions.check(wanted)
      if (!questions.isEmpty) wake()
      if (hasBlockToMake(chain, mempool, disputes)) {
        feed({ type: 'work-available', height: chain.tip.height + 1 })
      }
    },
    /** Executes and commits a block that its certificate proves, whatever the machine is at. */
    adopt(...what: Parameters<typeof adoption.ask>): Promise<void> {
      const adopted = adoption.ask(...what)
      wake()
      return adopted
    },
    /** This node may sign from now on, at the height under way too. */
    beginSigning(): void {
      if (stopped || state.step === 'unstarted') return
      beginning = true
      wake()
    },
    /** While blocks are fetched nothing is signed, and nothing is taken in. */
    pause(): void {
      paused = true
    },
    resume(): void {
      if (!paused || stopped || isHalted()) return
      paused = false
      beginning = true
      try {
        if (state.start.height !== chain.tip.height + 1) startHeight()
        else goOn()
      } catch (error) {
        stop()
        fail(error)
      }
      wake()
    },
    /** Finishes the burst under way and takes no further input. */
    async stop(): Promise<void> {
      stop()
      await running.burst
    },
    blockOf: contents.blockOf,
    missing: contents.missing,
    messages,
    get remembered() {
      return remembered
    },
    get state() {
      return state
    },
    get round() {
      return state.round
    },
    /** Whether a height is under way, and there is something to be lost. */
    get isActive() {
      return state.step === 'propose' || state.step === 'prevote' || state.step === 'precommit'
    },
    hasBlockToMake: () => hasBlockToMake(chain, mempool, disputes)
  }
}

export type ConsensusDriver = ReturnType<typeof createConsensusDriver>
