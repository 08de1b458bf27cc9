import { sha256Hex } from '../../src/base/crypto.js'
import { type Batch, batchBytes, batchHeader, encodeBatch, readBatch } from '../../src/ledger/batch.js'
import type { BatchMessage, PeerMessage, PullResponse, StatusMessage } from '../../src/node/peers.js'
import type { Lying } from './liar.js'

/** Twins that a liar remembers, to serve them. */
const TWINS_MAX = 100

/** What a liar says of batches: its own are two for one sequence, are kept back, or come again. */
export function createBatchLies({ id, ways, deceived, founded, random, scope, sign, replica }: Lying) {
  /** The second batch for each own one, by the hash of either. */
  const twins = new Map<string, { readonly hash: string; readonly text: string }>()
  let first: string | null = null

  function read(text: string): Batch | null {
    const batch = readBatch(scope, founded.genesis.genesis.limits, text)
    return batch.ok ? batch.value : null
  }

  function signed(author: string, incarnation: number, sequence: number, records: readonly string[]) {
    const header = batchHeader(author, incarnation, sequence, records)
    const bytes = batchBytes(scope, header)
    const hash = sha256Hex(bytes)
    return { hash, text: encodeBatch(scope, { header, hash, signature: sign(bytes), records }) }
  }

  /** Another batch of the same sequence: the same records and the first of them once more. */
  function twinOf(hash: string): { readonly hash: string; readonly text: string } | null {
    const known = twins.get(hash)
    if (known !== undefined) return known
    const text = replica()?.chain.store.readBatch(hash)
    const batch = text === undefined ? null : read(text)
    if (batch?.header.author !== id || twins.size >= TWINS_MAX) return null
    const { incarnation, sequence } = batch.header
    const twin = signed(id, incarnation, sequence, [...batch.records, batch.records[0]!])
    twins.set(hash, twin)
    return twin
  }

  /** What is told of an own batch: of the other one, to those who are deceived. */
  function told<T extends Omit<BatchMessage, 'type'>>(to: string, batch: T): T {
    const twin = ways.has('two batches') && deceived.has(to) && batch.author === id ? twinOf(batch.hash) : null
    return twin === null ? batch : { ...batch, hash: twin.hash }
  }

  /** A sequence that a block has already, used once more. */
  function usedSequence(text: string): string {
    const batch = read(text)
    first ??= text
    const old = read(first)
    if (batch === null || old === null || old.hash === batch.hash) return text
    return signed(id, batch.header.incarnation, old.header.sequence, batch.records).text
  }

  /** The batch that somebody might write next, signed by the liar. */
  function forged(text: string): string[] {
    const batch = read(text)
    if (batch === null) return []
    const { author, incarnation, sequence } = batch.header
    return [signed(author, incarnation, sequence + 1, batch.records).text]
  }

  const withholds = (to: string): boolean =>
    ways.has('bodies for nobody') || (ways.has('no bodies') && deceived.has(to))

  return {
    status: (to: string, message: StatusMessage): PeerMessage[] => [
      { ...message, batches: message.batches.map((batch) => told(to, batch)) }
    ],
    announcement: (to: string, message: BatchMessage): PeerMessage[] => [told(to, message)],
    body(to: string, text: string): string | null {
      if (withholds(to)) return null
      if (ways.has('used sequences') && random() < 0.3) return usedSequence(text)
      const batch = ways.has('two batches') && deceived.has(to) ? read(text) : null
      return batch === null ? text : (twinOf(batch.hash)?.text ?? text)
    },
    answer(to: string, hashes: readonly string[], batches: readonly string[]): PullResponse {
      if (withholds(to)) return { type: 'batches', batches: [] }
      const asked = [...twins.values()].filter(({ hash }) => hashes.includes(hash)).map(({ text }) => text)
      const more = ways.has('forged batches') ? batches.flatMap(forged) : []
      return { type: 'batches', batches: [...batches, ...asked, ...more] }
    }
  }
}
