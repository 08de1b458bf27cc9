import { assertInvariant, LedgerError } from '../base/errors.js'
import { replay } from '../consensus/log.js'
import { ownMessagesOf } from '../consensus/progress.js'
import { type ConsensusState, initialState } from '../consensus/state.js'
import { step } from '../consensus/step.js'
import { TIMEOUTS_DEFAULT, type TimeoutSettings } from '../consensus/timeouts.js'
import type { Effect, Input, Message, Proposal, StartHeight, StopCause, Vote } from '../consensus/types.js'
import type { Certificate } from '../ledger/certificate.js'
import { chargesIn } from '../ledger/charges.js'
import { votersOf } from '../ledger/partner-set.js'
import { proposerOrder } from '../ledger/proposer-order.js'
import { faultsOf, quorumOf } from '../ledger/quorum.js'
import { proposalBytes, voteBytes } from '../ledger/vote.js'
import { buildBlock, type CandidateBlock, checkBlock, type ProposedBlock } from './block-content.js'
import type { Chain, CommittedBlock } from './chain.js'
import { decodeItems, encodeItem } from './consensus-log.js'
import type { Logger } from './log.js'
import type { Mempool } from './mempool.js'
import { type SignGuard, STEPS, type VotePosition } from './store/sign-guard.js'
import type { LogEntry, WriteAheadLog } from './store/write-ahead-log.js'

export interface ConsensusDriverOptions {
  /** Own partner id. */
  readonly self: string
  readonly incarnation: number
  /** @default TIMEOUTS_DEFAULT */
  readonly timeouts?: TimeoutSettings
}

export interface ConsensusDriverDependencies {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly wal: WriteAheadLog
  readonly guard: SignGuard
  readonly sign: (bytes: string) => string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Logger
  /** Sends an own message to the partners; what it rests on is durable. */
  readonly publish: (message: Message) => void
  /** Called after each commit, before the next height starts. */
  readonly onCommitted: (block: CommittedBlock) => void
  /** Called once when the node must stop. */
  readonly fail: (error: unknown) => void
}

interface Signed {
  readonly position: VotePosition
  readonly bytes: string
  readonly signature: string
}

/**
 * Carries out what the consensus machine asks for, one height after the other. Inputs are taken in bursts: the machine
 * runs until it has nothing more to do, then the log is synced, then the sign guard, and only then anything leaves: a
 * message, or the commit of a block. A crash in between loses the burst as a whole.
 */
export function createConsensusDriver(options: ConsensusDriverOptions, dependencies: ConsensusDriverDependencies) {
  const { chain, mempool, wal, guard, sign, now, log, publish, onCommitted, fail } = dependencies
  const inputs: Input[] = []
  const timers = new Set<NodeJS.Timeout>()
  const known = new Map<string, CandidateBlock | ProposedBlock>()
  let state: ConsensusState = initialState()
  let outbound: Message[] = []
  let signed: Signed[] = []
  let decided: Certificate | null = null
  let running: Promise<void> | null = null
  let stopped = false

  function start(): StartHeight {
    const { partners } = chain.rulebook
    const voters = votersOf(partners).map(({ id, incarnation }) => ({ id, incarnation }))
    const height = chain.tip.height + 1
    const order = proposerOrder(
      height,
      voters.map(({ id }) => id),
      chargesIn(chain.store.state)
    )
    return {
      type: 'start-height',
      height,
      epoch: chain.scope.epoch,
      voters,
      self: options.self,
      order,
      quorum: quorumOf(voters.length, partners.quorum),
      faults: faultsOf(voters.length, partners.quorum),
      timeouts: options.timeouts ?? TIMEOUTS_DEFAULT
    }
  }

  function take(input: Input): void {
    const transition = step(state, input)
    state = transition.state
    carryOut(transition.effects)
  }

  function carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) carryOutOne(effect)
  }

  function carryOutOne(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        wal.append(state.start.height, encodeItem({ kind: 'input', entry: effect.entry }))
        break
      case 'sign-vote':
        signVote(effect.vote)
        break
      case 'sign-proposal':
        signProposal(effect.proposal)
        break
      case 'publish-vote':
        outbound.push({ type: 'vote', vote: effect.vote })
        break
      case 'publish-proposal':
        outbound.push({ type: 'proposal', proposal: effect.proposal, prevotes: effect.prevotes })
        break
      case 'resend':
        outbound.push(...effect.messages)
        break
      case 'build-block':
        build(effect.height, effect.round)
        break
      case 'check-block':
        check(effect.height, effect.round, effect.block, effect.proposer, effect.validRound < 0)
        break
      case 'fetch-block':
        check(effect.height, effect.round, effect.block, '', false)
        break
      case 'schedule-timeout':
        schedule({ type: 'timeout', kind: effect.kind, height: effect.height, round: effect.round }, effect.ms)
        break
      case 'decide':
        decided = effect.certificate
        break
      case 'evidence':
        log.warn('a voter signed two conflicting messages', { evidence: effect.evidence })
        break
      case 'stop':
        throw stopError(effect.cause)
    }
  }

  function signVote(vote: Vote): void {
    const signature = signAt(vote, vote.kind, voteBytes(chain.scope, vote))
    inputs.push({ type: 'vote', vote: { ...vote, signature } })
  }

  function signProposal(proposal: Proposal): void {
    const signature = signAt(proposal, 'proposal', proposalBytes(chain.scope, proposal))
    inputs.push({ type: 'proposal', proposal: { ...proposal, signature }, prevotes: [] })
  }

  /** Signs in memory; the guard hears of it before it leaves, and after the log that led to it is durable. */
  function signAt(at: Vote | Proposal, step: VotePosition['step'], bytes: string): string {
    const signature = sign(bytes)
    guardLater(at, step, bytes, signature)
    return signature
  }

  function guardLater(at: Vote | Proposal, step: VotePosition['step'], bytes: string, signature: string): void {
    const { height, incarnation, round } = at
    signed.push({ position: { epoch: chain.scope.epoch, incarnation, height, round, step }, bytes, signature })
  }

  /** A crash between log and guard leaves own messages that the guard has not seen; it must, before they leave again. */
  function reguard(): void {
    for (const message of ownMessagesOf(state)) {
      if (message.type === 'vote') {
        const { signature, ...vote } = message.vote
        guardLater(vote, vote.kind, voteBytes(chain.scope, vote), signature)
      } else {
        const { signature, ...proposal } = message.proposal
        guardLater(proposal, 'proposal', proposalBytes(chain.scope, proposal), signature)
      }
    }
    signed.sort(
      (a, b) => a.position.round - b.position.round || STEPS.indexOf(a.position.step) - STEPS.indexOf(b.position.step)
    )
  }

  function build(height: number, round: number): void {
    // Rule 19: a proposer waits until its clock has passed the time of the block before.
    const wait = chain.tip.time + 1 - now()
    if (wait > 0) {
      schedule({ type: 'work-available', height }, wait)
      inputs.push({ type: 'nothing-to-propose', height, round })
      return
    }
    const candidate = buildBlock(chain, mempool, { round, proposer: options.self, time: now() })
    if (candidate === null) {
      inputs.push({ type: 'nothing-to-propose', height, round })
      return
    }
    const { hash, text } = candidate.executed
    known.set(hash, candidate)
    const block = { header: text, batches: candidate.batches.map((batch) => batch.hash) }
    wal.append(height, encodeItem({ kind: 'block', hash, block }))
    inputs.push({ type: 'block-built', height, round, block: hash })
  }

  function check(height: number, round: number, block: string, proposer: string, fresh: boolean): void {
    const content = known.get(block)
    if (content === undefined) {
      inputs.push({ type: 'block-checked', height, round, block, result: { type: 'unavailable' } })
      return
    }
    if ('executed' in content) {
      inputs.push({ type: 'block-checked', height, round, block, result: { type: 'valid' } })
      return
    }
    const { result, candidate } = checkBlock(chain, mempool, content, { round, proposer, fresh }, now())
    if (candidate !== null) known.set(block, candidate)
    inputs.push({ type: 'block-checked', height, round, block, result })
  }

  function schedule(input: Input, ms: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      feed(input)
    }, ms)
    timers.add(timer)
  }

  function feed(input: Input): void {
    if (stopped) return
    inputs.push(input)
    running ??= run().finally(() => {
      running = null
    })
  }

  async function run(): Promise<void> {
    try {
      while (!stopped && (inputs.length > 0 || decided !== null)) await burst()
    } catch (error) {
      stop()
      fail(error)
    }
  }

  async function burst(): Promise<void> {
    for (let input = inputs.shift(); input !== undefined && decided === null; input = inputs.shift()) take(input)
    await makeDurable()
    for (const message of outbound) publish(message)
    outbound = []
    if (decided !== null) await commit(decided)
  }

  async function makeDurable(): Promise<void> {
    await wal.sync()
    if (signed.length === 0) return
    for (const { position, bytes, signature } of signed) guard.guardVote(position, bytes, () => signature)
    signed = []
    await guard.sync()
  }

  async function commit(certificate: Certificate): Promise<void> {
    const candidate = known.get(certificate.block)
    assertInvariant(candidate !== undefined && 'executed' in candidate, 'a decided block was executed here')
    const block = await chain.commit(candidate.executed, candidate.batches, certificate)
    await wal.committed(block.header.height)
    const lost = mempool.settle(candidate.batches)
    if (lost.length > 0) await chain.store.dropBatches(lost)
    endHeight()
    onCommitted(block)
    take(start())
    if (mempool.size().batches > 0) inputs.push({ type: 'work-available', height: chain.tip.height + 1 })
  }

  /** Whatever still waits for the height that is over is stale. */
  function endHeight(): void {
    decided = null
    known.clear()
    inputs.length = 0
    for (const timer of timers) clearTimeout(timer)
    timers.clear()
  }

  function stop(): void {
    stopped = true
    endHeight()
  }

  return {
    /** Takes up the height after the tip where the log left it. */
    start(entries: readonly LogEntry[]): void {
      const first = start()
      const items = decodeItems(entries, first.height)
      for (const item of items) if (item.kind === 'block') known.set(item.hash, item.block)
      const restored = replay(
        first,
        items.flatMap((item) => (item.kind === 'input' ? [item.entry] : []))
      )
      state = restored.state
      for (const [hash] of known) check(first.height, 0, hash, '', false)
      reguard()
      // Only what was executed again counts; the answers themselves are in the log already.
      inputs.length = 0
      carryOut(restored.effects)
      feed({ type: 'work-available', height: first.height })
    },
    /** There is a batch that a block could hold. */
    workAvailable(): void {
      feed({ type: 'work-available', height: chain.tip.height + 1 })
    },
    /** Finishes the burst under way and takes no further input. */
    async stop(): Promise<void> {
      stop()
      await running
    },
    get round() {
      return state.round
    }
  }
}

export type ConsensusDriver = ReturnType<typeof createConsensusDriver>

function stopError(cause: StopCause): LedgerError {
  if (cause.type === 'own-key-elsewhere') {
    return new LedgerError('SIGN_REFUSED', 'another node signs with the key of this one: stop it, then start again', {})
  }
  const { height, block } = cause.certificate
  const message = `block ${height} is committed by the others and invalid here: ${cause.reason}`
  return new LedgerError('VERIFICATION_FAILED', message, { height, block })
}
