import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { readSystemRecord } from '../ledger/system-record.js'
import { type EvidenceSummary, evidenceSummary } from '../ledger/verify-evidence.js'
import type { Chain } from './chain.js'
import type { EvidenceOptions, ListedEvidence } from './ledger-node.js'
import { listLimit } from './queries.js'
import type { Receipts } from './receipts.js'
import type { CommittedRecord, RecordReader } from './record-reader.js'
import { readSystemCursor, SYSTEM_KEY, systemCursorText } from './system-cursor.js'

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
    const { after, proof = false } = options
    const from = after === undefined ? {} : { after: readSystemCursor(after) }
    const page = { limit: listLimit(options.limit), ...from }
    const entries = await chain.store.history('_evidence', SYSTEM_KEY, page)
    return entries.map(({ height, batch, index }) => {
      const summary = summaryOf(reader.at(height, batch, index))
      const receipt = proof ? receipts.receipt(summary.id) : null
      return {
        ...summary,
        ...(receipt === null ? {} : { receipt: JSON.parse(receipt) as JsonObject }),
        cursor: systemCursorText({ height, batch, index })
      }
    })
  }
}
