import type { TimeoutSettings } from '../consensus/timeouts.js'
import type { StartHeight } from '../consensus/types.js'
import { chargesIn } from '../ledger/charges.js'
import { votersOf } from '../ledger/partner-set.js'
import { proposerOrder } from '../ledger/proposer-order.js'
import { faultsOf, quorumOf } from '../ledger/quorum.js'
import type { Chain } from './chain.js'

/** How a node takes part in a height: own id or null, the first round, and how long it waits. */
export type Part = Pick<StartHeight, 'self' | 'round'> & { readonly timeouts: TimeoutSettings }

/** The start of the height after the tip, as the chain has it. */
export function startAfterTip(chain: Chain, { self, round, timeouts }: Part): StartHeight {
  const { partners } = chain.rulebook
  const voters = votersOf(partners).map(({ id, incarnation }) => ({ id, incarnation }))
  const ids = voters.map(({ id }) => id)
  const height = chain.tip.height + 1
  return {
    type: 'start-height',
    height,
    round,
    epoch: chain.scope.epoch,
    voters,
    self,
    order: proposerOrder(height, ids, chargesIn(chain.store.state)),
    quorum: quorumOf(voters.length, partners.quorum),
    faults: faultsOf(voters.length, partners.quorum),
    timeouts
  }
}
