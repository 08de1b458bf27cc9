import { recordId } from '../base/ids.js'
import type { JsonObject } from '../base/json.js'
import { readBatch } from '../ledger/batch.js'
import { readRecord } from '../ledger/record.js'
import type { Chain } from './chain.js'
import { createRecordReader } from './record-reader.js'
import type { StoppedHome } from './recovery-home.js'
import { barredBy } from './recovery-standing.js'

/** A record that an epoch's end left behind: it stands in no block of the new one, unless somebody appended it again. */
export interface OrphanedRecord {
  readonly id: string
  readonly object: string
  readonly author: string
  /** Block of the epoch that has ended; absent when no block had it. */
  readonly height?: number
  readonly data: JsonObject
}

/** What the end of an epoch has left behind in a home: nothing unless its copy is of an epoch that is over. */
export function* orphansHere({
  chain,
  self,
  files
}: Pick<StoppedHome, 'chain' | 'self' | 'files'>): Generator<OrphanedRecord> {
  const barred = barredBy(chain, files)
  if (barred?.kind === 'over') yield* orphanedRecords(chain, self, barred.document.height)
}

/** Records in blocks above a height, and own ones that no block has. */
export function* orphanedRecords(chain: Chain, self: string, after: number): Generator<OrphanedRecord> {
  const reader = createRecordReader(chain)
  for (let height = after + 1; height <= chain.tip.height; height++) {
    const block = reader.block(height)
    for (const [position, { count }] of (block?.batches ?? []).entries()) {
      for (let index = 0; index < count; index++) {
        const record = reader.at(height, position, index)
        if (record?.body == null || record.refusal !== null) continue
        const { id, author, body } = record
        yield { id, object: body.object, author, height, data: body.data }
      }
    }
  }
  yield* pendingRecords(chain, self)
}

/** Own records that no block has, of whatever epoch. */
export function* pendingRecords(chain: Chain, self: string): Generator<OrphanedRecord> {
  for (const { sequence, hash } of [...chain.store.outbox()].sort((a, b) => a.sequence - b.sequence)) {
    const text = chain.store.readBatch(hash)
    for (const [index, record] of recordsOf(chain, text).entries()) {
      const body = readRecord(record, chain.limits.recordBytesMax)
      if (!body.ok) continue
      yield { id: recordId(self, sequence, index), object: body.value.object, author: self, data: body.value.data }
    }
  }
}

/** Records of a batch of this epoch or an earlier one. */
function recordsOf(chain: Chain, text: string | undefined): readonly string[] {
  if (text === undefined) return []
  const { genesis } = chain.scope
  for (let epoch = chain.scope.epoch; epoch >= 0; epoch--) {
    const read = readBatch({ genesis, epoch }, chain.limits, text)
    if (read.ok) return read.value.records
  }
  return []
}
