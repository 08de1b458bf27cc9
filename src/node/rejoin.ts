import type { LedgerError } from '../base/errors.js'
import { authorSequence } from '../ledger/author-sequence.js'
import { partnerOf } from '../ledger/partner-set.js'
import { rejoinBytes } from '../ledger/system-judge.js'
import { nonceKey } from '../ledger/system-keys.js'
import type { Chain } from './chain.js'
import { type FreshStart, firstRoundOf, freshStartIn, isMark, marksOfFreshStart, marksOfRejoin } from './guard-marks.js'
import type { Logger } from './log.js'
import type { Peers } from './peers.js'
import { compareVotes, type GuardMarks, lostGuard, type SignGuard } from './store/sign-guard.js'
import type { TimerHandle, Timers } from './timers.js'

/** Milliseconds between two attempts to be heard. */
const RETRY_MS = 5_000

/** What a rejoin needs of whoever keeps the guard's file. */
export interface GuardRenewal {
  /** Puts a new guard in the place of a lost one; it is there with its marks, durably, or not at all. */
  guard(marks: GuardMarks): Promise<SignGuard>
  /** Puts away a guard that cannot be trusted: no start finds it any more once the promise has resolved. */
  lose(fault: LedgerError): Promise<void>
  /** 64 hex digits that nobody could know before. */
  nonce(): string
}

export interface RejoinDependencies {
  readonly chain: Chain
  readonly self: string
  readonly sign: (bytes: string) => string
  readonly peers: Peers
  readonly timers: Timers
  readonly log: Logger
  readonly guard: SignGuard
  readonly renew: GuardRenewal
  /**
   * Called when the new incarnation is in force, and this node signs in it. `isFresh`: nothing was ever signed in it, as it
   * was asked for in this run.
   */
  readonly onDone: (isFresh: boolean) => void
  /** Called when yet another incarnation is in force: of two requests both were written down, one of them late. */
  readonly onRaised: () => void
  readonly fail: (error: unknown) => void
}

/**
 * - `whole`: the guard knows all that this incarnation has signed
 * - `lost`: it does not; nothing is signed
 * - `anew`: a new guard stands behind all votes that the former self can have signed; no batch of this incarnation is
 */
type Standing = 'whole' | 'lost' | 'anew'

/**
 * A node whose sign guard was lost signs nothing: it might contradict itself. It asks a partner to write down that it
 * comes back with a new incarnation and a fresh nonce; when that is in force, whatever the old incarnation signed counts
 * for nothing, and it signs again with a new guard (design: consensus, point 13). Where nothing can be written down without
 * it, it first votes again in its old incarnation, from a round on that the former self cannot have reached.
 */
export function createRejoin({
  chain,
  self,
  sign,
  peers,
  timers,
  log,
  guard: first,
  renew,
  onDone,
  onRaised,
  fail
}: RejoinDependencies) {
  let guard = first
  /** The newest incarnation that this node can have signed in. */
  let newest = 0
  let standing: Standing = standingOf(first)
  let request: { readonly incarnation: number; readonly nonce: string } | null = null
  let timer: TimerHandle | null = null
  let renewing = false
  let stopped = false

  const incarnationNow = (): number => partnerOf(chain.rulebook.partners, self)?.incarnation ?? 0

  /** Whether what is under way of an older incarnation has become void. */
  function isRaised(): boolean {
    const before = newest
    const signed = [guard.lastVote, guard.lastBatch].map((last) => last?.position.incarnation ?? 0)
    newest = Math.max(before, incarnationNow(), ...signed)
    return standing === 'whole' && incarnationNow() > Math.max(before, ...signed)
  }

  function isInForce(): boolean {
    // Of the incarnation after the one that was begun anew nothing was ever signed, whoever asked for it.
    if (standing === 'anew') return incarnationNow() > (freshStartIn(guard)?.incarnation ?? 0)
    if (request === null || incarnationNow() !== request.incarnation) return false
    return chain.store.state.get(nonceKey(self))?.text === request.nonce
  }

  async function ask(): Promise<void> {
    const decided = partnerOf(chain.rulebook.nextPartners, self)
    if (decided === undefined) return
    if (request === null || request.incarnation <= decided.incarnation) {
      // An own request that is decided is waited for; one of another nonce is an old one sent again by somebody. Where the
      // same block has raised the incarnation once more, as for a suspension, the one asked for never comes into force.
      const isDecided = request !== null && chain.store.state.get(nonceKey(self))?.text === request.nonce
      if (isDecided && request?.incarnation === decided.incarnation) return
      request = { incarnation: decided.incarnation + 1, nonce: renew.nonce() }
    }
    const body = { partner: self, ...request }
    const signature = sign(rejoinBytes(chain.scope, body))
    for (const partner of peers.connected()) {
      try {
        const answer = await peers.request(partner, { type: 'rejoin', ...body, signature }, { timeoutMs: 30_000 })
        if (answer.accepted) return log.info('the rejoin was written down', { by: partner })
        log.warn('the rejoin was refused', { by: partner, why: answer.why })
      } catch (error) {
        log.debug('a partner could not be asked to write down the rejoin', { partner, error })
      }
    }
  }

  function retry(): void {
    timer = timers.set(RETRY_MS, retry)
    void ask()
  }

  function stopAsking(): void {
    if (timer !== null) timers.clear(timer)
    timer = null
  }

  /** Has to come before anything else is signed in the new incarnation, so the marks are made at once. */
  async function finish(): Promise<void> {
    renewing = true
    const { next } = authorSequence(chain.store.state, self)
    const marks = marksOfRejoin(chain.scope, incarnationNow(), chain.tip.height, next)
    const isFresh = standing === 'lost'
    if (standing === 'anew') {
      mark(guard, marks)
      await guard.sync()
    } else {
      guard = await renew.guard(marks)
    }
    standing = 'whole'
    renewing = false
    stopAsking()
    log.info('this node signs again', { incarnation: incarnationNow() })
    onDone(isFresh)
  }

  return {
    guard: (): SignGuard => guard,
    needed: (): boolean => standing !== 'whole',
    isLost: (): boolean => standing === 'lost',
    /**
     * Whether this node knows what it has signed at a height: not without a whole guard, and not below what that has
     * signed for, whose log is gone; at the very height of its last vote only with the log of it, or a lock would be
     * forgotten.
     */
    remembers(height: number, isLogged: boolean): boolean {
      const last = guard.lastVote
      if (!guard.whole || last === null) return guard.whole
      return height > last.position.height || (height === last.position.height && (isLogged || isMark(last)))
    },
    firstRound: (height: number): number => firstRoundOf(guard, height),
    /** The guard turns out to be an old one. Its file is put away once `quiet` has resolved: nobody writes it any more. */
    async lose(fault: LedgerError, quiet: Promise<void>): Promise<void> {
      if (standing === 'lost') return
      standing = 'lost'
      guard = lostGuard(fault)
      stopAsking()
      renewing = true
      await quiet
      await renew.lose(fault)
      renewing = false
    },
    /** Votes again in the old incarnation, from there on. */
    async beginAnew(start: FreshStart): Promise<boolean> {
      if (standing !== 'lost' || renewing || stopped) return false
      renewing = true
      const decided = partnerOf(chain.rulebook.nextPartners, self)?.incarnation ?? 0
      guard = await renew.guard(marksOfFreshStart(chain.scope, { now: incarnationNow(), decided }, start))
      standing = 'anew'
      renewing = false
      return true
    },
    /** Looks after the rejoin: asks once the copy is complete, and ends it once it is in force. */
    attend(syncing: boolean): void {
      const raised = isRaised()
      if (raised && !stopped) onRaised()
      if (standing === 'whole' || renewing || stopped) return
      if (isInForce()) finish().catch(fail)
      else if (!syncing && timer === null) retry()
    },
    stop(): void {
      stopped = true
      stopAsking()
    }
  }
}

export type Rejoin = ReturnType<typeof createRejoin>

function standingOf(guard: SignGuard): Standing {
  if (!guard.whole) return 'lost'
  return freshStartIn(guard) === null ? 'whole' : 'anew'
}

/** Moves a whole guard behind the marks; votes of the new incarnation may be there already. */
function mark(guard: SignGuard, { vote, batch }: GuardMarks): void {
  const last = guard.lastVote
  if (vote !== undefined && (last === null || compareVotes(vote.position, last.position) > 0)) {
    guard.guardVote(vote.position, vote.message, () => vote.signature)
  }
  if (batch !== undefined) guard.guardBatch(batch.position, batch.message, () => batch.signature)
}
