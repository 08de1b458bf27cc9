import { canonicalText } from '../base/canonical.js'
import { LedgerError } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { leafHash, leafOfHash, merklePath } from '../base/merkle.js'
import { logPath } from '../base/merkle-log.js'
import { type AmendmentVote, amendmentIn } from '../ledger/amendment-state.js'
import { readCertificate } from '../ledger/certificate.js'
import { partnerSetText } from '../ledger/partner-set.js'
import {
  AMENDED_MAX,
  type AmendedProof,
  type LinkedBlock,
  RECEIPT_CHARS_MAX,
  type Receipt,
  receiptText,
  type SetChange
} from '../ledger/receipt.js'
import { amendedByIn } from '../ledger/standing-record.js'
import { verdictLeaf } from '../ledger/verdict.js'
import type { Chain } from './chain.js'
import type { ReadBlock, RecordReader } from './record-reader.js'
import type { SetHistory } from './set-history.js'

/** Makes receipts and checkpoints from what is committed. */
export function createReceipts(chain: Chain, reader: RecordReader, sets: SetHistory) {
  /** Leaves of all verdicts of a block, from the refusals kept with it. */
  function verdictLeavesOf(block: ReadBlock): string[] {
    return block.batches.flatMap(({ count }, position) => {
      return Array.from({ length: count }, (_, index) => {
        return verdictLeaf(position, index, block.refusals.get(`${position}/${index}`) ?? null)
      })
    })
  }

  function certificateOf(block: ReadBlock) {
    const certificate = readCertificate(block.certificate)
    if (certificate.ok) return certificate.value
    throw new LedgerError('STORE_DAMAGED', `the certificate of block ${block.header.height} cannot be read`)
  }

  /** A block, tied to a newer one by the path into its history. */
  function linked(block: ReadBlock, newest: number): LinkedBlock {
    return { certificate: certificateOf(block), header: block.header, path: pathTo(block.header.height, newest) }
  }

  function pathTo(height: number, newest: number): string[] {
    return logPath(height - 1, newest - 1, (level, index) => chain.store.treeNode(level, index))
  }

  /** The newest block, and the path to it from an older one; null when the older one is the newest. */
  function recentAfter(height: number, newest: number): LinkedBlock | null {
    const block = newest === height ? null : reader.block(newest)
    return block === null
      ? null
      : { certificate: certificateOf(block), header: block.header, path: pathTo(height, newest) }
  }

  /** The blocks before the newest whose headers name another set for the next height. */
  function changesBefore(newest: number): SetChange[] {
    return sets.decided().flatMap(({ from, set, recovery }): SetChange[] => {
      const block = recovery === undefined && from - 1 < newest ? reader.block(from - 1) : null
      return block === null ? [] : [{ ...linked(block, newest), set }]
    })
  }

  /** Recoveries before the newest block; no member where there was none. */
  function recoveriesBefore(newest: number): Pick<Receipt, 'recoveries'> {
    const recoveries = chain.recoveries.map((kept) => ({ ...kept, path: pathTo(kept.document.height, newest) }))
    return recoveries.length === 0 ? {} : { recoveries }
  }

  /** What amended a record since, each the one before it. */
  function amendedAfter(id: string): Pick<Receipt, 'amended'> {
    const proofs: AmendedProof[] = []
    let chars = 0
    for (let record = reader.byId(id); record !== null && proofs.length < AMENDED_MAX; ) {
      const by: string | null = amendedByIn(chain.store.state, record.body?.object ?? '', record.id)
      const amendment = by === null ? null : receiptOf(by)
      if (by === null || amendment === null) break
      const last = approvalOf(by)
      const approval = last === null ? null : receiptOf(last)
      const proof = { amendment, ...(approval && { approval }) }
      chars += canonicalText(proof as unknown as Json).length
      // What no reader would take is of no use.
      if (chars > RECEIPT_CHARS_MAX / 2) break
      proofs.push(proof)
      record = reader.byId(by)
    }
    return proofs.length === 0 ? {} : { amended: proofs }
  }

  /** Id of the word by which an amendment was approved; null where nobody had to. */
  function approvalOf(amendment: string): string | null {
    const votes = amendmentIn(chain.store.state, amendment)?.votes.filter(({ yes }) => yes) ?? []
    return (
      votes.reduce<AmendmentVote | null>(
        (last, vote) => (last !== null && last.height > vote.height ? last : vote),
        null
      )?.id ?? null
    )
  }

  /** Of a record alone, without what amended it; null when no committed record has this id. */
  function receiptOf(id: string): Receipt | null {
    const record = reader.byId(id)
    if (record === null) return null
    const block = reader.block(record.height)
    const ref = block?.batches[record.batch]
    if (block === null || ref === undefined) return null
    const batch = reader.batch(ref.hash, record.height)
    const leaves = verdictLeavesOf(block)
    const before = block.batches.slice(0, record.batch).reduce((sum, { count }) => sum + count, 0)
    const verdictIndex = before + record.index
    const newest = chain.tip.height
    return {
      format: 1,
      genesis: chain.scope.genesis,
      epoch: chain.scopeAt(record.height).epoch,
      record: record.text,
      index: record.index,
      recordPath: merklePath(batch.records.map(leafHash), record.index),
      batch: batch.header,
      signature: batch.signature,
      position: record.batch,
      batchPath: merklePath(
        block.batches.map(({ hash }) => leafOfHash(hash)),
        record.batch
      ),
      verdict: JSON.parse(leaves[verdictIndex] ?? 'null') as Json[],
      verdictIndex,
      verdictPath: merklePath(leaves.map(leafHash), verdictIndex),
      header: block.header,
      certificate: certificateOf(block),
      recent: recentAfter(record.height, newest),
      changes: changesBefore(newest),
      ...recoveriesBefore(newest),
      set: sets.at(newest)
    }
  }

  return {
    /** The receipt's canonical text; null when no committed record has this id. */
    receipt(id: string): string | null {
      const receipt = receiptOf(id)
      return receipt === null ? null : receiptText({ ...receipt, ...amendedAfter(id) })
    },
    checkpoint(): JsonObject {
      const { height, hash } = chain.tip
      return { genesis: chain.scope.genesis, hash, height, set: JSON.parse(partnerSetText(sets.at(height))) }
    }
  }
}

export type Receipts = ReturnType<typeof createReceipts>
