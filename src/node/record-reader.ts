import { LRUCache } from 'lru-cache'
import { LedgerError, type Refusal } from '../base/errors.js'
import { parseRecordId, recordId } from '../base/ids.js'
import { type Batch, readBatch } from '../ledger/batch.js'
import { type BlockHeader, readHeader } from '../ledger/block.js'
import { type RecordBody, readRecord } from '../ledger/record.js'
import type { Chain } from './chain.js'
import { decodeRefusals } from './stored-refusals.js'

/** A committed record and where it stands. */
export interface CommittedRecord {
  readonly id: string
  readonly author: string
  readonly height: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly batch: number
  readonly index: number
  /** Exact text. */
  readonly text: string
  /** Null when the text is no record. */
  readonly body: RecordBody | null
  readonly refusal: Refusal | null
}

/** A committed block with its refusals at hand. */
export interface ReadBlock {
  readonly header: BlockHeader
  readonly hash: string
  readonly headerText: string
  readonly certificate: string
  readonly batches: readonly {
    readonly author: string
    readonly sequence: number
    readonly hash: string
    readonly count: number
  }[]
  /** By `BATCH/INDEX`. */
  readonly refusals: ReadonlyMap<string, Refusal>
}

/** Bytes of batches and count of blocks kept ready for readers that go through the chain in order. */
const BATCHES_BYTES_MAX = 16 * 1024 * 1024
const BLOCKS_MAX = 256

/** Reads committed records from the store, keeping the last few blocks and batches at hand. */
export function createRecordReader(chain: Chain) {
  const blocks = new LRUCache<number, ReadBlock>({ max: BLOCKS_MAX })
  const batches = new LRUCache<string, Batch>({
    maxSize: BATCHES_BYTES_MAX,
    sizeCalculation: (batch) => 2 * batch.header.bytes + 1
  })

  function block(height: number): ReadBlock | null {
    const cached = blocks.get(height)
    if (cached !== undefined) return cached
    const stored = chain.store.block(height)
    if (stored === undefined) return null
    const header = readHeader(stored.header)
    if (!header.ok) throw damaged(`block ${height}`, header.refusal.message)
    const refusals = new Map(
      decodeRefusals(stored.refusals).map(({ batch, index, refusal }) => [`${batch}/${index}`, refusal])
    )
    const { certificate, hash } = stored
    const read = {
      header: header.value,
      hash,
      headerText: stored.header,
      certificate,
      batches: stored.batches,
      refusals
    }
    blocks.set(height, read)
    return read
  }

  /** @param height of the block that has it */
  function batch(hash: string, height: number): Batch {
    const cached = batches.get(hash)
    if (cached !== undefined) return cached
    const text = chain.store.readBatch(hash)
    if (text === undefined) throw damaged(`batch ${hash}`, 'it is missing')
    const read = readBatch(chain.scopeAt(height), chain.limits, text)
    if (!read.ok) throw damaged(`batch ${hash}`, read.refusal.message)
    if (read.value.hash !== hash) throw damaged(`batch ${hash}`, 'it is another one')
    batches.set(hash, read.value)
    return read.value
  }

  /** The record at a place in the chain; null when there is none. */
  function at(height: number, position: number, index: number): CommittedRecord | null {
    const container = block(height)
    const ref = container?.batches[position]
    if (container === null || ref === undefined) return null
    const text = batch(ref.hash, height).records[index]
    if (text === undefined) return null
    const body = readRecord(text, chain.limits.recordBytesMax)
    return {
      id: recordId(ref.author, ref.sequence, index),
      author: ref.author,
      height,
      time: container.header.time,
      batch: position,
      index,
      text,
      body: body.ok ? body.value : null,
      refusal: container.refusals.get(`${position}/${index}`) ?? null
    }
  }

  return {
    block,
    batch,
    at,
    /** The committed record of this id; null when there is none, or its batch is not committed. */
    byId(id: string): CommittedRecord | null {
      const parts = parseRecordId(id)
      if (parts === null) return null
      const location = chain.store.locate(parts.author, parts.sequence)
      return location === undefined ? null : at(location.height, location.position, parts.index)
    }
  }
}

export type RecordReader = ReturnType<typeof createRecordReader>

function damaged(what: string, problem: string): LedgerError {
  return new LedgerError('STORE_DAMAGED', `${what} in the store cannot be read: ${problem}`, { what })
}
