import { LedgerError } from '../base/errors.js'
import type { MembershipStep, RecoveryStep } from '../ledger/membership-proof.js'
import { partnerSetText } from '../ledger/partner-set.js'
import { type Recovery, recoveryText } from '../ledger/recovery.js'
import type { Chain } from './chain.js'
import type { KnownPeers } from './known-peers.js'
import type { MembershipKnowledge } from './network/peers-options.js'
import type { RecoveryLearning } from './recovery-learning.js'
import type { DecidedSet, SetHistory } from './set-history.js'

/** Steps in one answer. */
const STEPS_MAX = 64

/** What this node tells those who were away about the partners, and what it learns of them (design: consensus, point 16). */
export function createMembershipKnowledge(
  chain: Chain,
  sets: SetHistory,
  known: Pick<KnownPeers, 'learned'>,
  learning: Pick<RecoveryLearning, 'learn'>
): MembershipKnowledge {
  /** All that ever came into force, and a recovery whose first block is still to come. */
  function decided(): readonly DecidedSet[] {
    const { recovery, partners } = chain.rulebook
    if (recovery === undefined) return sets.decided()
    return [...sets.decided(), { from: recovery.document.height + 1, set: partners, recovery }]
  }

  function stepTo({ from, set, recovery }: DecidedSet): MembershipStep | RecoveryStep {
    if (recovery !== undefined) return { recovery: recoveryText(recovery), set: partnerSetText(set) }
    const stored = chain.store.header(from - 1)
    if (stored === undefined)
      throw new LedgerError('STORE_DAMAGED', `block ${from - 1} is missing`, { height: from - 1 })
    return { header: stored.header, certificate: stored.certificate, set: partnerSetText(set) }
  }

  return {
    current: () => ({ height: chain.tip.height, set: chain.rulebook.partners }),
    epoch: () => chain.scope.epoch,
    async stepsAfter(height, epoch) {
      const steps = decided()
      const missed = steps.filter(({ recovery }) => (recovery?.document.epoch ?? 0) > epoch)
      // Blocks of an epoch that is over lie behind it there, or may come: first it has to learn that.
      const [first] = missed
      if (first !== undefined && first.from - 1 <= height) return [stepTo(first)]
      return steps
        .filter(({ from, recovery }) => from - 1 > height && (recovery !== undefined || from - 1 <= chain.tip.height))
        .slice(0, STEPS_MAX)
        .map(stepTo)
    },
    learned: known.learned,
    recovered: (recoveries: readonly Recovery[], isProven: boolean) => void learning.learn(recoveries, isProven)
  }
}
