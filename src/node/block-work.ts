import { isSettling } from '../ledger/execution.js'
import type { Chain } from './chain.js'
import type { Disputes } from './disputes.js'
import { isVersionKnown } from './known-version.js'
import type { Mempool } from './mempool.js'

/** Rule 8: whether there is a block to make: a batch that could be included, or a change that is to come into force. */
export function hasBlockToMake(
  chain: Chain,
  mempool: Pick<Mempool, 'hasCandidates'>,
  disputes: Pick<Disputes, 'admits'>
): boolean {
  if (!isVersionKnown(chain)) return false
  const { rulebook, store } = chain
  return isSettling(rulebook) || mempool.hasCandidates(rulebook.partners, store.state, disputes.admits)
}
