import { LedgerError } from '../base/errors.js'
import type { Scope } from '../base/tagged.js'
import { authorSequence } from '../ledger/author-sequence.js'
import { batchBytes } from '../ledger/batch.js'
import type { CheckedBatch } from '../ledger/execution.js'
import { partnerOf } from '../ledger/partner-set.js'
import { storedBatch } from './block-content.js'
import type { Chain } from './chain.js'
import { ALONE } from './store/disk-errors.js'
import type { SignGuard } from './store/sign-guard.js'

export interface OwnBatchesLeft {
  readonly batches: readonly CheckedBatch[]
  /** Hashes of those that were signed again. */
  readonly signedAgain: ReadonlySet<string>
  readonly nextSequence: number
}

/**
 * Own batches that a former run made durable and no block here has yet, in order of sequence, and the next free sequence.
 * Those that the guard did not know are signed again: they must not leave before it is synced.
 * @param mayBeBehind whether others have a copy: then batches that are signed and not here stand in blocks to be fetched
 * @throws LedgerError STORE_DAMAGED when a batch that was signed is gone
 */
export function ownBatchesLeft(
  chain: Chain,
  guard: SignGuard,
  author: string,
  sign: (bytes: string) => string,
  mayBeBehind: boolean
): OwnBatchesLeft {
  const { next } = authorSequence(chain.store.state, author)
  const incarnation = partnerOf(chain.rulebook.partners, author)?.incarnation ?? 0
  // Of an older incarnation they are void: a rejoin came between, and a crash before they were dropped.
  const outbox = [...chain.store.outbox()]
    .filter(({ hash }) => (storedBatch(chain, hash)?.header.incarnation ?? incarnation) >= incarnation)
    .sort((a, b) => a.sequence - b.sequence)
  const batches = outbox.map(({ sequence, hash }, index) => {
    const batch = storedBatch(chain, hash)
    if (batch === null || (sequence !== next + index && !mayBeBehind)) throw lostBatch(author, next + index)
    return batch
  })
  const last = guard.lastBatch?.position.sequence ?? -1
  const free = Math.max(next, ...outbox.map(({ sequence }) => sequence + 1))
  if (last >= free && !mayBeBehind) throw lostBatch(author, last)
  const unknown = batches.filter(({ header }) => header.sequence > last)
  signAgain(chain.scope, guard, unknown, sign)
  const signedAgain = new Set(unknown.map(({ hash }) => hash))
  return { batches, signedAgain, nextSequence: Math.max(free, last + 1) }
}

/** As {@link ownBatchesLeft}, where what a former run made counts for nothing. */
export function noneLeft(chain: Chain, author: string): OwnBatchesLeft {
  return { batches: [], signedAgain: new Set(), nextSequence: authorSequence(chain.store.state, author).next }
}

/** Hashes of own batches in the outbox that a newer incarnation has made void. */
export function voidOutbox(chain: Chain, author: string): string[] {
  const incarnation = partnerOf(chain.rulebook.partners, author)?.incarnation ?? 0
  return chain.store
    .outbox()
    .map(({ hash }) => hash)
    .filter((hash) => (storedBatch(chain, hash)?.header.incarnation ?? incarnation) < incarnation)
}

/** Batches without own ones: those are looked after by whoever has to tell of them, or signs them again. */
export function othersAmong(chain: Chain, hashes: readonly string[]): string[] {
  const own = new Set(hashes.length === 0 ? [] : chain.store.outbox().map(({ hash }) => hash))
  return hashes.filter((hash) => !own.has(hash))
}

/** A batch whose body became durable just before a crash may be unknown to the guard: the same bytes, signed again. */
function signAgain(
  scope: Scope,
  guard: SignGuard,
  batches: readonly CheckedBatch[],
  sign: (bytes: string) => string
): void {
  for (const { header } of batches) {
    const { incarnation, sequence } = header
    guard.guardBatch({ epoch: scope.epoch, incarnation, sequence }, batchBytes(scope, header), sign)
  }
}

/**
 * What the guard has signed must be in the store: otherwise the store is an older one than the guard. With others who
 * have a copy that mends itself: the blocks are fetched, and nothing is signed below what was signed before.
 */
export function checkStoreAgainstGuard(chain: Chain, guard: SignGuard, hasPeers: boolean): void {
  if (hasPeers) return
  if (!guard.whole) {
    const message = `${guard.fault?.message ?? 'the sign guard is damaged'}; without it this node could contradict itself; ${ALONE}`
    throw new LedgerError('LOG_DAMAGED', message, {}, guard.fault)
  }
  const signed = guard.lastVote?.position.height ?? 0
  if (signed <= chain.tip.height + 1) return
  const message = `the store ends at block ${chain.tip.height}, but this node has signed for block ${signed}: blocks are missing`
  throw new LedgerError('STORE_DAMAGED', message, { height: chain.tip.height, signed })
}

function lostBatch(author: string, sequence: number): LedgerError {
  return new LedgerError('STORE_DAMAGED', `the store has lost the batch ${author}/${sequence}, which was signed here`, {
    author,
    sequence
  })
}
