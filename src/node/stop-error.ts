import { LedgerError } from '../base/errors.js'
import type { StopCause } from '../consensus/types.js'

/** What an operator is told when the consensus machine will sign nothing more. */
export function stopError(cause: StopCause): LedgerError {
  if (cause.type === 'own-key-elsewhere') {
    return new LedgerError('SIGN_REFUSED', 'another node signs with the key of this one: stop it, then start again', {})
  }
  const { height, block } = cause.certificate
  const message = `block ${height} is committed by the others and invalid here: ${cause.reason}`
  return new LedgerError('VERIFICATION_FAILED', message, { height, block })
}
