import { type Recovery, readRecovery } from '../ledger/recovery.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Peers } from './peers.js'

/** Milliseconds for which a partner that knew of no later epoch is not asked again. */
const AGAIN_MS = 2_000

export interface RecoveryPullDependencies {
  readonly chain: Chain
  readonly peers: Peers
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Logger
  /** Proves and keeps what was told; whether it begins the next epoch here. Null: nothing is learned. */
  readonly learn: ((recoveries: readonly Recovery[]) => Promise<boolean>) | null
}

/**
 * Asks partners for recoveries: what they send is of an epoch that is not known here.
 * @returns whether one was learned that begins the next epoch
 */
export function createRecoveryPull({ chain, peers, now, log, learn }: RecoveryPullDependencies) {
  const asked = new Map<string, number>()

  return async (partner: string): Promise<boolean> => {
    const since = now() - (asked.get(partner) ?? Number.NEGATIVE_INFINITY)
    if (learn === null || (since >= 0 && since < AGAIN_MS)) return false
    asked.set(partner, now())
    try {
      const { recoveries } = await peers.request(partner, { type: 'recoveries', after: chain.scope.epoch }, {})
      const read = recoveries.map(readRecovery).flatMap((one) => (one.ok ? [one.value] : []))
      return await learn(read)
    } catch (error) {
      log.debug('a partner could not be asked for recoveries', { partner, error })
      return false
    }
  }
}
