import { LedgerError } from '../base/errors.js'
import { replay } from '../consensus/log.js'
import { TIMEOUTS_DEFAULT } from '../consensus/timeouts.js'
import { type Partner, partnerOf } from '../ledger/partner-set.js'
import { documentProblem, type RecoveryDocument, type RecoveryGround, recoveryHash } from '../ledger/recovery.js'
import type { Chain } from './chain.js'
import { decodeItems } from './consensus-log.js'
import { startAfterTip } from './height-start.js'
import type { SignGuard } from './store/sign-guard.js'
import type { LogEntry } from './store/write-ahead-log.js'

/** Where a recovery stands on this copy. @throws LedgerError NOT_PERMITTED where an epoch begins already */
export function groundOf(chain: Chain): RecoveryGround {
  const ground = chain.ground()
  if (ground === null) {
    const message = `epoch ${chain.scope.epoch} begins behind block ${chain.tip.height}: start the node, it goes on from there`
    throw new LedgerError('NOT_PERMITTED', message)
  }
  return ground
}

/**
 * Whether a document may be signed on this copy, as far as its chain tells.
 * @param hash as the operators have agreed on it
 * @returns who signs
 * @throws LedgerError NOT_PERMITTED with what speaks against it
 */
export function assertSigner(chain: Chain, self: string, document: RecoveryDocument, hash: string): Partner {
  const own = recoveryHash(document)
  if (hash !== own) {
    throw new LedgerError('NOT_PERMITTED', `this file has the hash ${own}, and not the one that was agreed on, ${hash}`)
  }
  const ground = groundOf(chain)
  assertHeight(chain, document)
  const problem = documentProblem(ground, document)
  if (problem !== null) throw new LedgerError('NOT_PERMITTED', `this recovery does not hold here: ${problem}`)
  const partner = partnerOf(ground.now, self)
  if (partner === undefined || !document.signers.includes(self)) {
    throw new LedgerError('NOT_PERMITTED', `${self} is none of its signers: ${document.signers.join(', ')}`)
  }
  return partner
}

function assertHeight(chain: Chain, { height }: RecoveryDocument): void {
  const { tip } = chain
  if (tip.height > height) {
    const message = `the chain here has block ${tip.height}, above the ${height} of this recovery: propose one on this home instead`
    throw new LedgerError('NOT_PERMITTED', message, { height: tip.height })
  }
  if (tip.height < height) {
    const message = `the chain here ends at block ${tip.height}, and the recovery stands at ${height}: start this node beside the others until it has their blocks`
    throw new LedgerError('NOT_PERMITTED', message, { height: tip.height })
  }
}

/** Nothing that this home has signed may stand above the next block. @throws LedgerError NOT_PERMITTED */
export function assertGuardAllows(chain: Chain, self: string, guard: Pick<SignGuard, 'whole' | 'lastVote'>): void {
  if (!guard.whole) {
    const message = `the sign guard of this home is lost, so nobody knows what it has signed: ${self} cannot sign a recovery`
    throw new LedgerError('NOT_PERMITTED', message)
  }
  const signed = guard.lastVote?.position.height ?? 0
  if (signed <= chain.tip.height + 1) return
  const message = `this home has signed for block ${signed}, and its copy ends at ${chain.tip.height}: blocks are missing`
  throw new LedgerError('NOT_PERMITTED', message)
}

/**
 * Nothing that this home has received may have decided a block above its copy.
 * @param entries of the log, those of the next height among them
 * @throws LedgerError NOT_PERMITTED, LOG_DAMAGED
 */
export function assertLogAllows(chain: Chain, self: string, entries: readonly LogEntry[]): void {
  const next = chain.tip.height + 1
  const items = decodeItems(entries, next)
  const inputs = items.slice(items.findLastIndex(({ kind }) => kind === 'anew') + 1)
  const start = startAfterTip(chain, { self, round: 0, timeouts: TIMEOUTS_DEFAULT })
  const { state } = replay(
    start,
    inputs.flatMap((item) => (item.kind === 'input' ? [item.entry] : []))
  )
  if (state.stopped !== null) {
    const message = 'this node had to stop at the next block, as its log tells: it cannot sign a recovery'
    throw new LedgerError('NOT_PERMITTED', message)
  }
  if (state.certified === null) return
  const message = `this home holds a certificate for block ${next}, which its copy lacks: start it, so that it commits the block`
  throw new LedgerError('NOT_PERMITTED', message)
}
