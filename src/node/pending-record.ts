import { parseRecordId } from '../base/ids.js'
import type { Chain } from './chain.js'
import type { RecordView } from './ledger-node.js'
import type { Mempool } from './mempool.js'
import { viewOfPending } from './record-view.js'

/** An own record that is stored and in no block yet. */
export function pendingView(chain: Chain, mempool: Mempool, self: string, id: string): RecordView | null {
  const parts = parseRecordId(id)
  if (parts === null || parts.author !== self) return null
  const hash = chain.store.outbox().find(({ sequence }) => sequence === parts.sequence)?.hash
  const record = hash === undefined ? undefined : mempool.get(hash)?.records.at(parts.index)
  return record === undefined ? null : viewOfPending(chain.rulebook.model.objects, id, self, record.body)
}
