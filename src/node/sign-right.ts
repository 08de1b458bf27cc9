import { LedgerError } from '../base/errors.js'
import type { BatchHeader } from '../ledger/batch.js'
import type { Certificate } from '../ledger/certificate.js'
import { partnerOf } from '../ledger/partner-set.js'
import type { Chain } from './chain.js'
import type { FreshStart } from './guard-marks.js'
import type { Logger } from './log.js'
import type { Peers } from './peers.js'
import { createRejoin, type GuardRenewal } from './rejoin.js'
import { createSelfKnowledge } from './self-knowledge.js'
import type { SignGuard } from './store/sign-guard.js'
import type { Timers } from './timers.js'

const KEY_REPLACED = 'another key of this partner is in force; ledger show tells what becomes of what waited'

export interface SignRightDependencies {
  readonly chain: Chain
  readonly self: string
  /** Key text of the key that `sign` signs with. */
  readonly key: string
  readonly sign: (bytes: string) => string
  readonly peers: Peers
  readonly timers: Timers
  readonly log: Logger
  readonly guard: SignGuard
  readonly renew: GuardRenewal
  readonly syncing: () => boolean
  /** Own batches that no block has count for nothing any more. Resolves when the guard is written by nobody. */
  readonly abandon: (why: LedgerError) => Promise<void>
  /** Called once, when this node may sign from now on. */
  readonly onSigning: () => void
  /** Called when a new incarnation is in force: own batches may be signed again. */
  readonly onRejoined: () => void
  readonly fail: (error: unknown) => void
  /** Why it signs nothing in this epoch, whatever its guard says; null when it may. */
  readonly barred: string | null
}

/**
 * Whether this node may sign (design: consensus, point 13). With a whole guard once others have said what they know of it.
 * When that is more than the guard knows, or the guard is lost, as a new incarnation; and where nothing is decided without
 * this node, in the old one until then, from a place on that it cannot have reached before.
 */
export function createSignRight(dependencies: SignRightDependencies) {
  const { chain, self, key, sign, peers, timers, log, guard, renew, syncing, abandon, onSigning, onRejoined, fail } =
    dependencies
  const { barred } = dependencies
  const rejoin = createRejoin({
    chain,
    self,
    sign,
    peers,
    timers,
    log,
    guard,
    renew,
    onDone(isFresh) {
      onRejoined()
      // Of an incarnation that was asked for in this run nobody can know anything.
      if (isFresh) knowledge.vouch()
    },
    onRaised() {
      const why = 'a later incarnation of this partner is in force; what waited is void: append it again'
      abandon(new LedgerError('NOT_PERMITTED', why)).then(onRejoined).catch(fail)
    },
    fail
  })
  const knowledge = createSelfKnowledge({
    chain,
    self,
    peers,
    timers,
    log,
    nonce: renew.nonce,
    guard,
    isLost: rejoin.isLost,
    syncing,
    onVouched: onSigning,
    onOld: (why) => {
      loseGuard(`the sign guard is an old one, as after a restored backup: ${why}, which the guard knows nothing of`)
    },
    onBatchLost: (sequence) => {
      loseGuard(`batch ${self}/${sequence} was signed here, and nobody has it: the store must have lost it`)
    },
    onFreshStart: (start) => void beginAnew(start).catch(fail),
    fail
  })

  function loseGuard(message: string): void {
    log.warn('this node signs nothing until it has rejoined, and what it had not got into a block is void', {
      why: message
    })
    const fault = new LedgerError('LOG_DAMAGED', message)
    const refusal = new LedgerError(
      'NOT_PERMITTED',
      `${message}; what waited is void: append it again after the rejoin`
    )
    rejoin.lose(fault, abandon(refusal)).then(attend).catch(fail)
  }

  async function beginAnew(start: FreshStart): Promise<void> {
    if (!(await rejoin.beginAnew(start))) return
    log.warn('this node votes again in its old incarnation, from where it cannot have voted before', { ...start })
    knowledge.vouch()
  }

  function hasKeyInForce(): boolean {
    return partnerOf(chain.rulebook.partners, self)?.key === key
  }

  let wasKeyInForce = hasKeyInForce()

  function attend(): void {
    if (barred !== null) return
    // With another key in force nothing can be asked for or begun: this node ends, or is still behind.
    if (partnerOf(chain.rulebook.partners, self) !== undefined && !hasKeyInForce()) {
      if (wasKeyInForce) abandon(new LedgerError('KEY_CHANGED', KEY_REPLACED)).catch(fail)
      wasKeyInForce = false
      return
    }
    wasKeyInForce = hasKeyInForce()
    rejoin.attend(syncing())
    knowledge.attend()
  }

  return {
    guard: rejoin.guard,
    /** Whether own batches have to wait for a new incarnation. */
    rejoining: rejoin.needed,
    /** Whether others have vouched for this node, or it has begun anew; and its key is the one in force. */
    maySign: (): boolean => barred === null && knowledge.vouched && !rejoin.isLost() && hasKeyInForce(),
    /**
     * As which own batches are signed. With a key that has just been replaced as the incarnation that is over: what it
     * signed as the new one would be taken for the new key's work after the next start.
     */
    incarnation(): number {
      const own = partnerOf(chain.rulebook.partners, self)
      if (own === undefined) return 0
      return own.key === key ? own.incarnation : Math.max(0, own.incarnation - 1)
    },
    remembers: rejoin.remembers,
    firstRound: rejoin.firstRound,
    missing: knowledge.missing,
    why: (): string | null => barred ?? knowledge.why(),
    /** Why it signs nothing in this epoch; null when it may. */
    barred,
    met: (partner: string): void => {
      if (barred === null) knowledge.met(partner)
    },
    left: knowledge.left,
    sawCertificate(certificate: Certificate): void {
      if (barred === null) knowledge.sawCertificate(certificate)
    },
    /** An own batch stands in a block. */
    sawBatch(header: BatchHeader): void {
      if (barred !== null) return
      if (knowledge.vouched) checkBatch(header)
      else knowledge.sawBatch(header)
    },
    /** Looks after it: to be called when the chain has grown, or blocks are fetched or no longer. */
    attend,
    start(): void {
      if (barred !== null) return
      rejoin.attend(syncing())
      knowledge.start()
    },
    stop(): void {
      rejoin.stop()
      knowledge.stop()
    }
  }

  /** Once others have vouched, what the guard does not know can only be another node's. */
  function checkBatch({ incarnation, sequence }: BatchHeader): void {
    if (rejoin.needed()) return
    const last = rejoin.guard().lastBatch?.position
    const isKnown =
      last !== undefined &&
      (incarnation < last.incarnation || (incarnation === last.incarnation && sequence <= last.sequence))
    if (isKnown) return
    const message = `batch ${self}/${sequence} is signed with the key of this node, which knows nothing of it`
    fail(new LedgerError('SIGN_REFUSED', message, { sequence, signed: last?.sequence ?? -1 }))
  }
}

export type SignRight = ReturnType<typeof createSignRight>
