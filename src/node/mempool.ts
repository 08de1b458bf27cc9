import { authorSequence } from '../ledger/author-sequence.js'
import type { CheckedBatch } from '../ledger/execution.js'
import { type PartnerSet, partnerOf, takesPart } from '../ledger/partner-set.js'
import type { StateReader } from '../ledger/state.js'

/** Which batches a proposer offers, beside what a block may hold at all. */
export interface Offer {
  readonly batchesMax: number
  admits(hash: string): boolean
}

/** Batches durably here that no block has yet. */
export interface Mempool {
  /** Takes a batch that is stored durably and whose records were checked. */
  add(batch: CheckedBatch): void
  get(hash: string): CheckedBatch | undefined
  /**
   * What a block after this state may hold: each author's batches contiguous from its next sequence, authors taking turns
   * to be first, up to `bytesMax` bytes of bodies in all; the first batch always fits. Nothing but what the offer admits,
   * and of an author nothing that comes after what it does not.
   */
  candidates(
    partners: PartnerSet,
    state: StateReader,
    limits: { readonly bytesMax: number; readonly offer: Offer }
  ): CheckedBatch[]
  /** Whether a block after this state could hold any batch that is admitted: others wait for a missing one, or are void. */
  hasCandidates(partners: PartnerSet, state: StateReader, admits: (hash: string) => boolean): boolean
  /** Batches that are not here and that others of their author wait for, the first of each author. */
  gaps(partners: PartnerSet, state: StateReader): { readonly author: string; readonly sequence: number }[]
  /**
   * Forgets what a committed block has made superfluous: what it holds, what is past after this state, and what is of an
   * older incarnation than these partners'. Returns the hashes of batches that can never commit.
   */
  settle(committed: readonly CheckedBatch[], partners: PartnerSet, state: StateReader): string[]
  /** Batches of one author for one sequence. */
  at(author: string, sequence: number): readonly CheckedBatch[]
  /** The batch of an author that it signed last: by incarnation, then by sequence. */
  newestOf(author: string): CheckedBatch | undefined
  /** Forgets all batches of an author. */
  forget(author: string): void
  /** Bytes of all batches of an author. */
  bytesOf(author: string): number
  /** All that waits, at most `max`. */
  some(max: number): CheckedBatch[]
  size(): { readonly batches: number; readonly records: number }
}

export function createMempool(): Mempool {
  const byHash = new Map<string, CheckedBatch>()
  const byAuthor = new Map<string, Map<number, CheckedBatch[]>>()
  let records = 0
  let turn = 0

  function remove(batch: CheckedBatch): void {
    if (!byHash.delete(batch.hash)) return
    records -= batch.header.count
    const sequences = byAuthor.get(batch.header.author)
    const left = sequences?.get(batch.header.sequence)?.filter((other) => other.hash !== batch.hash) ?? []
    if (left.length > 0) sequences?.set(batch.header.sequence, left)
    else sequences?.delete(batch.header.sequence)
    if (sequences?.size === 0) byAuthor.delete(batch.header.author)
  }

  return {
    add(batch) {
      const { author, sequence, count } = batch.header
      if (byHash.has(batch.hash)) return
      byHash.set(batch.hash, batch)
      records += count
      const sequences = byAuthor.get(author) ?? new Map<number, CheckedBatch[]>()
      byAuthor.set(author, sequences)
      sequences.set(sequence, [...(sequences.get(sequence) ?? []), batch])
    },
    get: (hash) => byHash.get(hash),
    candidates(partners, state, { bytesMax, offer }) {
      const authors = [...byAuthor.keys()].sort()
      const first = authors.length === 0 ? 0 : turn % authors.length
      const chosen: CheckedBatch[] = []
      let bytes = 0
      for (const author of [...authors.slice(first), ...authors.slice(0, first)]) {
        const incarnation = incarnationOf(partners, author)
        for (let { next } = authorSequence(state, author); ; next++) {
          const rivals = byAuthor.get(author)?.get(next)
          const batch = rivals?.find((rival) => rival.header.incarnation === incarnation && offer.admits(rival.hash))
          if (batch === undefined || chosen.length >= offer.batchesMax) break
          if (chosen.length > 0 && bytes + batch.header.bytes > bytesMax) break
          chosen.push(batch)
          bytes += batch.header.bytes
        }
      }
      if (chosen.length > 0) turn++
      return chosen
    },
    hasCandidates(partners, state, admits) {
      for (const [author, sequences] of byAuthor) {
        const incarnation = incarnationOf(partners, author)
        const rivals = sequences.get(authorSequence(state, author).next)
        if (rivals?.some(({ header, hash }) => header.incarnation === incarnation && admits(hash))) return true
      }
      return false
    },
    gaps(partners, state) {
      const found: { author: string; sequence: number }[] = []
      for (const [author, sequences] of byAuthor) {
        const incarnation = incarnationOf(partners, author)
        const { next: sequence } = authorSequence(state, author)
        const isHere = sequences.get(sequence)?.some(({ header }) => header.incarnation === incarnation) ?? false
        if (!isHere) found.push({ author, sequence })
      }
      return found
    },
    settle(committed, partners, state) {
      const lost: string[] = []
      const kept = new Set(committed.map(({ hash }) => hash))
      for (const batch of byHash.values()) {
        const { author, incarnation, sequence } = batch.header
        const partner = partnerOf(partners, author)
        const past = sequence < authorSequence(state, author).next
        // Of somebody not yet known here it may become good: then this node is behind.
        if (!past && (partner === undefined || incarnation >= partner.incarnation)) continue
        if (!kept.has(batch.hash)) lost.push(batch.hash)
        remove(batch)
      }
      return lost
    },
    at: (author, sequence) => byAuthor.get(author)?.get(sequence) ?? [],
    newestOf(author) {
      return [...(byAuthor.get(author)?.values() ?? [])]
        .flat()
        .sort((a, b) => b.header.incarnation - a.header.incarnation || b.header.sequence - a.header.sequence)[0]
    },
    forget(author) {
      for (const batch of [...(byAuthor.get(author)?.values() ?? [])].flat()) remove(batch)
    },
    bytesOf(author) {
      let bytes = 0
      for (const rivals of byAuthor.get(author)?.values() ?? []) for (const { header } of rivals) bytes += header.bytes
      return bytes
    },
    some(max) {
      const found: CheckedBatch[] = []
      for (const batch of byHash.values()) {
        if (found.length === max) break
        found.push(batch)
      }
      return found
    },
    size: () => ({ batches: byHash.size, records })
  }
}

/** Of an author whose batches blocks take; undefined of any other. */
function incarnationOf(partners: PartnerSet, author: string): number | undefined {
  const partner = partnerOf(partners, author)
  return partner !== undefined && takesPart(partner) ? partner.incarnation : undefined
}
