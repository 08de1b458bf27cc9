import { verifyReceipt } from '../../src/ledger/verify-receipt.js'
import { createReceipts } from '../../src/node/receipts.js'
import { createRecordReader } from '../../src/node/record-reader.js'
import type { Replica } from '../../src/node/replica-types.js'
import { openSetHistory } from '../../src/node/set-history.js'
import { BrokenPromise } from './broken-promise.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { Submission } from './workload.js'

/** A receipt from any honest node proves what its author was told, without a node. */
export async function checkReceipts(
  { genesis }: SimulatedGenesis,
  { chain }: Replica,
  submissions: readonly Submission[]
): Promise<void> {
  const receipts = createReceipts(chain, createRecordReader(chain), await openSetHistory(chain))
  for (const { author, marker, durable, decided } of submissions) {
    if (durable === null || decided === null) continue
    const text = receipts.receipt(`${author}/${durable.sequence}/${durable.index}`)
    const verified = text === null ? null : verifyReceipt(text, genesis.text)
    const wrong = (what: string): BrokenPromise => new BrokenPromise('receipts verify', `that of ${marker} ${what}`)
    if (verified === null) throw wrong('cannot be made')
    if (!verified.ok) throw wrong(verified.refusal.message)
    const { status, code, height, data } = verified.value
    const isTrue = (status === 'accepted' ? null : (code ?? '')) === decided.refusal
    if (!isTrue || height !== decided.height || data.marker !== marker) throw wrong('says something else')
  }
}
