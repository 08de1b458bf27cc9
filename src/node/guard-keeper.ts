import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import type { Logger } from './log.js'
import { createGuard, type GuardOwner, type SignGuard } from './store/sign-guard.js'

/** Keeps the sign guard of a running node: a rejoin puts a new one in the place of one that was lost or damaged. */
export function createGuardKeeper(path: string, owner: GuardOwner, first: SignGuard, log: Logger) {
  let current = first
  if (!first.whole)
    log.warn('the sign guard is lost: this node signs nothing until it has rejoined', { error: first.fault })
  return {
    first,
    /** The old file is kept beside the new one, for whoever wants to know what happened. */
    async guard(): Promise<SignGuard> {
      await current.close()
      if (existsSync(path)) await rename(path, `${path}.lost-${Date.now()}`)
      current = await createGuard(path, owner)
      return current
    },
    /** The newest incarnation that anything was signed as. */
    incarnation: (): number =>
      Math.max(current.lastVote?.position.incarnation ?? 0, current.lastBatch?.position.incarnation ?? 0),
    nonce: (): string => randomBytes(32).toString('hex'),
    close: (): Promise<void> => current.close()
  }
}
