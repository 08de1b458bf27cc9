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
  const asked = new Map<string, { readonly since: number; readonly isLearned: Promise<boolean> }>()

  async function ask(partner: string): Promise<boolean> {
    if (learn === null) return false
    try {
      const { recoveries } = await peers.request(partner, { type: 'recoveries', after: chain.scope.epoch }, {})
      return await learn(recoveries.map(readRecovery).flatMap((one) => (one.ok ? [one.value] : [])))
    } catch (error) {
      log.debug('a partner could not be asked for recoveries', { partner, error })
      return false
    }
  }

  return (partner: string): Promise<boolean> => {
    const before = asked.get(partner)
    const ageMs = now() - (before?.since ?? Number.NEGATIVE_INFINITY)
    // One answer serves whoever asks while it is on its way: what does not fit comes in blocks and votes at once.
    if (before !== undefined && ageMs >= 0 && ageMs < AGAIN_MS) return before.isLearned
    const isLearned = ask(partner)
    asked.set(partner, { since: now(), isLearned })
    return isLearned
  }
}
