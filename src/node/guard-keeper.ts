import { randomBytes } from 'node:crypto'
import type { LedgerError } from '../base/errors.js'
import type { Logger } from './log.js'
import { putAside } from './store/put-aside.js'
import { createGuard, type GuardMarks, type GuardOwner, lostGuard, type SignGuard } from './store/sign-guard.js'

/** Keeps the sign guard of a running node: a rejoin puts a new one in the place of one that was lost or damaged. */
export function createGuardKeeper(path: string, owner: GuardOwner, first: SignGuard, log: Logger) {
  let current = first
  if (!first.whole)
    log.warn('the sign guard is lost: this node signs nothing until it has rejoined', { error: first.fault })
  return {
    first,
    /** A new one that begins with these marks, durable when the promise resolves. */
    async guard(marks: GuardMarks): Promise<SignGuard> {
      await current.close()
      await putAside(path)
      current = await createGuard(path, owner, marks)
      return current
    },
    /** The present one cannot be trusted: no start finds it any more once the promise has resolved. */
    async lose(fault: LedgerError): Promise<void> {
      const former = current
      current = lostGuard(fault)
      await former.close()
      await putAside(path)
    },
    /** The newest incarnation that anything was signed as. */
    incarnation: (): number =>
      Math.max(current.lastVote?.position.incarnation ?? 0, current.lastBatch?.position.incarnation ?? 0),
    nonce: (): string => randomBytes(32).toString('hex'),
    close: (): Promise<void> => current.close()
  }
}
