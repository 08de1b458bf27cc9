import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { readSystemRecord } from '../ledger/system-record.js'
import { type EvidenceSummary, evidenceSummary } from '../ledger/verify-evidence.js'
import type { Chain } from './chain.js'
import type { EvidenceOptions, ListedEvidence } from './ledger-node.js'
import { LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX } from './queries.js'
import type { Receipts } from './receipts.js'
import type { CommittedRecord, RecordReader } from './record-reader.js'
import type { HistoryCursor } from './store/store-types.js'

/** Records of the network about itself have no key. */
const KEY = '[]'

/** Lists the lies that stand on the chain, oldest first. */
export function createEvidenceList(chain: Chain, reader: RecordReader, receipts: Receipts) {
  function summaryOf(record: CommittedRecord | null): EvidenceSummary {
    const read = record?.body == null ? null : readSystemRecord(record.body.object, record.body.data)
    if (record === null || read?.ok !== true || read.value.object !== '_evidence') {
      throw new LedgerError('STORE_DAMAGED', `the record ${record?.id} is listed as evidence and is none`)
    }
    const { object: _, ...evidence } = read.value
    return evidenceSummary(evidence, record)
  }

  return async function evidence(options: EvidenceOptions): Promise<readonly ListedEvidence[]> {
    const { limit = LIST_LIMIT_DEFAULT, after, proof = false } = options
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIST_LIMIT_MAX) {
      throw new LedgerError('USAGE', `a limit is a number from 1 to ${LIST_LIMIT_MAX}`, { limit })
    }
    const from = after === undefined ? {} : { after: cursorOf(after) }
    const entries = await chain.store.history('_evidence', KEY, { limit, ...from })
    return entries.map(({ height, batch, index }) => {
      const summary = summaryOf(reader.at(height, batch, index))
      const receipt = proof ? receipts.receipt(summary.id) : null
      return {
        ...summary,
        ...(receipt === null ? {} : { receipt: JSON.parse(receipt) as JsonObject }),
        cursor: `${height}.${batch}.${index}`
      }
    })
  }
}

/** @throws LedgerError USAGE when it is none of an earlier answer */
function cursorOf(text: string): HistoryCursor {
  const match = /^(\d{1,15})\.(\d{1,7})\.(\d{1,7})$/.exec(text)
  if (match === null) {
    throw new LedgerError('USAGE', 'this is no cursor of an earlier answer', { cursor: text.slice(0, 100) })
  }
  return { key: KEY, height: Number(match[1]), batch: Number(match[2]), index: Number(match[3]) }
}
