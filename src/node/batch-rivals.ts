import { type Batch, type BatchHeader, readBatch } from '../ledger/batch.js'
import { batchEvidenceKey } from '../ledger/evidence.js'
import type { Chain } from './chain.js'
import type { EvidenceDuty } from './evidence-duty.js'
import type { Mempool } from './mempool.js'

/** Where a batch stands: no honest partner signs two of one place. */
export type BatchPlace = Pick<BatchHeader, 'author' | 'incarnation' | 'sequence'>

export interface BatchRivalsDependencies {
  readonly chain: Chain
  readonly mempool: Pick<Mempool, 'at'>
  readonly self: string
  readonly evidence: Pick<EvidenceDuty, 'lacks' | 'report'>
}

/** Sees authors that sign two batches for one place, also when one of them is committed or is not kept. */
export function createBatchRivals({ chain, mempool, self, evidence }: BatchRivalsDependencies) {
  /** Hash of another batch of this place that is here; null when there is none, or when no proof of it is wanted. */
  function rivalOf(place: BatchPlace, hash: string): string | null {
    const { author, incarnation, sequence } = place
    if (author === self) return null
    const waiting = mempool
      .at(author, sequence)
      .find((batch) => batch.hash !== hash && batch.header.incarnation === incarnation)
    const rival = waiting?.hash ?? committedAt(place, hash)
    return rival !== null && evidence.lacks(batchEvidenceKey(place), author, incarnation) ? rival : null
  }

  function committedAt({ author, incarnation, sequence }: BatchPlace, hash: string): string | null {
    const committed = chain.store.locate(author, sequence)
    if (committed === undefined || committed.hash === hash) return null
    const listed = chain.store.block(committed.height)?.batches[committed.position]
    return listed?.incarnation === incarnation ? committed.hash : null
  }

  function signedHeader(hash: string): (BatchHeader & { readonly signature: string }) | null {
    const text = chain.store.readBatch(hash)
    const read = text === undefined ? null : readBatch(chain.scope, chain.limits, text)
    return read?.ok === true ? { ...read.value.header, signature: read.value.signature } : null
  }

  return {
    /** Whether a batch of this hash, once its signature is seen, would prove that its author lies. */
    isRival: (place: BatchPlace, hash: string): boolean => rivalOf(place, hash) !== null,
    /**
     * A batch that its author signed was seen, kept or not.
     * @param signature null when the batch is in the store
     */
    seen({ header, hash }: Pick<Batch, 'header' | 'hash'>, signature: string | null): void {
      const rival = rivalOf(header, hash)
      const first = rival === null ? null : signedHeader(rival)
      const second = signature === null ? signedHeader(hash) : { ...header, signature }
      if (first !== null && second !== null) evidence.report({ kind: 'batch', first, second })
    }
  }
}

export type BatchRivals = ReturnType<typeof createBatchRivals>
