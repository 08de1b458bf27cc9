import { LedgerError } from '../base/errors.js'
import type { MembershipStep } from '../ledger/membership-proof.js'
import { type PartnerSet, partnerSetText } from '../ledger/partner-set.js'
import type { Chain } from './chain.js'
import type { KnownPeers } from './known-peers.js'
import type { MembershipKnowledge } from './network/peers-options.js'
import type { SetHistory } from './set-history.js'

/** Steps in one answer. */
const STEPS_MAX = 64

/** What this node tells those who were away about the partners, and what it learns of them (design: consensus, point 16). */
export function createMembershipKnowledge(
  chain: Chain,
  sets: SetHistory,
  known: Pick<KnownPeers, 'learned'>
): MembershipKnowledge {
  function stepTo(from: number, set: PartnerSet): MembershipStep {
    const stored = chain.store.header(from - 1)
    if (stored === undefined)
      throw new LedgerError('STORE_DAMAGED', `block ${from - 1} is missing`, { height: from - 1 })
    return { header: stored.header, certificate: stored.certificate, set: partnerSetText(set) }
  }

  return {
    current: () => ({ height: chain.tip.height, set: chain.rulebook.partners }),
    async stepsAfter(height) {
      return sets
        .decided()
        .filter(({ from }) => from - 1 > height && from - 1 <= chain.tip.height)
        .slice(0, STEPS_MAX)
        .map(({ from, set }) => stepTo(from, set))
    },
    learned: known.learned
  }
}
