import { type ErrorCode, LedgerError } from '../base/errors.js'
import type { StopCause } from '../consensus/types.js'
import { readResultDiffers } from './result-difference.js'

/** What an operator is told when the consensus machine will sign nothing more. */
export function stopError(cause: StopCause | { readonly type: 'own-key-elsewhere' }): LedgerError {
  if (cause.type === 'own-key-elsewhere') {
    return new LedgerError('SIGN_REFUSED', 'another node signs with the key of this one: stop it, then start again', {})
  }
  const { height, block } = cause.certificate
  return divergedError(height, block, cause.reason)
}

/**
 * A block that a quorum has certified is not what this node makes of it: nothing more is signed or served.
 * @param reason why it is invalid here, naming the record that differs where that is known
 */
export function divergedError(height: number, block: string, reason: string): LedgerError {
  const what = readResultDiffers(reason)?.difference ?? reason
  const message =
    `block ${height} (${block.slice(0, 16)}) is certified by a quorum and not what this node computes: ${what}. ` +
    'It signs and serves nothing more. Compare `ledger-node --version` with the other partners, and run `ledger verify` ' +
    'on this home: a damaged copy is fetched again by `ledger-node start --resync`'
  return new LedgerError('VERIFICATION_FAILED', message, { height, block, reason: what })
}

const OWN_FAULTS: readonly ErrorCode[] = ['STORE_DAMAGED', 'LOG_DAMAGED', 'DISK_FULL', 'INVARIANT']

/** Whether an error, thrown here, is never the fault of whoever sent a message. */
function isOwnFault(error: unknown): boolean {
  return error instanceof LedgerError && OWN_FAULTS.includes(error.code)
}

/**
 * Runs what a message asks for. A fault of this node's own stops it, whatever message it came to light with; nothing is done
 * once it has failed.
 */
export function createFaultGuard(hasFailed: () => boolean, fail: (error: unknown) => void) {
  return <T>(work: () => T, otherwise: T): T => {
    if (hasFailed()) return otherwise
    try {
      return work()
    } catch (error) {
      if (!isOwnFault(error)) throw error
      fail(error)
      return otherwise
    }
  }
}
