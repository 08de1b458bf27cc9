import { authorSequence } from '../ledger/author-sequence.js'
import { partnerOf } from '../ledger/partner-set.js'
import { nonceKey, rejoinBytes } from '../ledger/system-judge.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Peers } from './peers.js'
import type { SignGuard } from './store/sign-guard.js'
import type { TimerHandle, Timers } from './timers.js'

/** Milliseconds between two attempts to be heard. */
const RETRY_MS = 5_000

export interface RejoinDependencies {
  readonly chain: Chain
  readonly self: string
  readonly sign: (bytes: string) => string
  readonly peers: Peers
  readonly timers: Timers
  readonly log: Logger
  readonly guard: SignGuard
  /** Puts a new guard in the place of the lost one, and gives 64 hex digits that nobody could know before. */
  readonly renew: { guard(): Promise<SignGuard>; nonce(): string }
  /** Called when this node signs again. */
  readonly onDone: () => void
  readonly fail: (error: unknown) => void
}

/**
 * A node whose sign guard was lost signs nothing: it might contradict itself. It asks a partner to write down that it
 * comes back with a new incarnation and a fresh nonce; when that is in force, whatever the old incarnation signed counts
 * for nothing, and it signs again with a new guard (design: consensus, point 13).
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
  fail
}: RejoinDependencies) {
  let guard = first
  let request: { readonly incarnation: number; readonly nonce: string } | null = null
  let timer: TimerHandle | null = null
  let renewing = false
  let stopped = false

  const incarnationNow = (): number => partnerOf(chain.rulebook.partners, self)?.incarnation ?? 0

  function isInForce(): boolean {
    if (request === null || incarnationNow() !== request.incarnation) return false
    return chain.store.state.get(nonceKey(self))?.text === request.nonce
  }

  async function ask(): Promise<void> {
    const decided = partnerOf(chain.rulebook.nextPartners, self)
    if (decided === undefined) return
    if (request === null || request.incarnation <= decided.incarnation) {
      // An own request that is decided is waited for; one of another nonce is an old one sent again by somebody.
      if (request !== null && chain.store.state.get(nonceKey(self))?.text === request.nonce) return
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

  /**
   * The new guard knows nothing of what was signed before the loss. So it begins after that: should the copy be thrown
   * away one day, nothing is signed again at these heights and sequences.
   */
  async function markBeginning(fresh: SignGuard): Promise<void> {
    const incarnation = incarnationNow()
    const { epoch } = chain.scope
    const { height } = chain.tip
    fresh.guardVote({ epoch, incarnation, height, round: 0, step: 'proposal' }, 'rejoined', () => '')
    const { next } = authorSequence(chain.store.state, self)
    if (next > 0) fresh.guardBatch({ epoch, incarnation, sequence: next - 1 }, 'rejoined', () => '')
    await fresh.sync()
  }

  function retry(): void {
    timer = timers.set(RETRY_MS, retry)
    void ask()
  }

  async function finish(): Promise<void> {
    renewing = true
    const fresh = await renew.guard()
    await markBeginning(fresh)
    guard = fresh
    renewing = false
    if (timer !== null) timers.clear(timer)
    timer = null
    log.info('this node signs again', { incarnation: incarnationNow() })
    onDone()
  }

  return {
    guard: (): SignGuard => guard,
    needed: (): boolean => !guard.whole,
    /**
     * Not without a whole guard, and not below what it has signed for, whose log is gone; at the very height of its last
     * vote only with the log of it, or a lock would be forgotten.
     */
    maySign(height: number, isLogged: boolean): boolean {
      const last = guard.lastVote?.position.height ?? 0
      return guard.whole && (height > last || (height === last && isLogged))
    },
    /** Looks after the rejoin: asks once the copy is complete, and ends it once it is in force. */
    attend(syncing: boolean): void {
      if (guard.whole || renewing || stopped) return
      if (isInForce()) finish().catch(fail)
      else if (!syncing && timer === null) retry()
    },
    stop(): void {
      stopped = true
      if (timer !== null) timers.clear(timer)
    }
  }
}
