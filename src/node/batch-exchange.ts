import { authorSequence } from '../ledger/author-sequence.js'
import { type Batch, batchIsSigned, readBatch } from '../ledger/batch.js'
import type { CheckedBatch } from '../ledger/execution.js'
import { partnerOf } from '../ledger/partner-set.js'
import { checkRecord } from '../ledger/record.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Mempool } from './mempool.js'
import { type BatchMessage, GOSSIP_BYTES_MAX, type Peers } from './peers.js'
import type { TimerHandle, Timers } from './timers.js'

/** Sequences ahead of an author's next one that are kept: a stream in flight is shorter. */
const SEQUENCES_AHEAD_MAX = 64

/** Bytes of batches of one author that wait for a block. */
const AUTHOR_BYTES_MAX = 32 * 1024 * 1024

/** Hashes that are being fetched or stored at a time. */
const WANTED_MAX = 1024

/** Milliseconds until an announced small batch is pulled: gossip usually brings it before. */
const GOSSIP_WAIT_MS = 150

/** Batches asked for in one request. */
const PULL_BATCHES_MAX = 8

export interface BatchExchangeDependencies {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly peers: Peers
  readonly timers: Timers
  readonly log: Logger
  /** A batch of somebody else is durable and in the mempool. */
  readonly onBatch: () => void
  readonly fail: (error: unknown) => void
}

/** Brings in the batches of others: checks each once, stores it durably, and gives those that others lack. */
export function createBatchExchange(dependencies: BatchExchangeDependencies) {
  const { chain, mempool, peers, timers, log, onBatch, fail } = dependencies
  const busy = new Set<string>()
  const waiting = new Map<string, TimerHandle>()
  let stopped = false

  /** Why a batch is not taken now; null when it is. What is refused here may be taken later. */
  function unwanted({ author, sequence }: Pick<BatchMessage, 'author' | 'sequence'>, hash: string): string | null {
    if (stopped || busy.has(hash) || mempool.get(hash) !== undefined) return 'it is here'
    if (partnerOf(chain.rulebook.nextPartners, author) === undefined) return `${author} is no partner`
    const { next } = authorSequence(chain.store.state, author)
    if (sequence < next) return 'it is past'
    if (sequence >= next + SEQUENCES_AHEAD_MAX) return 'it is too far ahead'
    if (mempool.bytesOf(author) > AUTHOR_BYTES_MAX) return `${author} has too much waiting`
    return mempool.rivals(author, sequence) >= 2 ? 'there are two of this sequence' : null
  }

  /** Takes a batch in stored form. Anybody may have sent it: its author's signature says whose it is. */
  async function take(text: string): Promise<void> {
    const read = readBatch(chain.scope, chain.limits, text)
    if (!read.ok) return log.debug('a batch was refused', { refusal: read.refusal })
    const batch = read.value
    if (unwanted(batch.header, batch.hash) !== null) return
    const author = partnerOf(chain.rulebook.nextPartners, batch.header.author)
    if (author === undefined || batch.header.incarnation !== author.incarnation) return
    if (!batchIsSigned(chain.scope, batch, author.key)) return log.warn('a batch is not signed', { author: author.id })
    busy.add(batch.hash)
    try {
      const checked = checkBatch(batch)
      await chain.store.putBatches([{ hash: batch.hash, text }])
      if (stopped) return
      mempool.add(checked)
      onBatch()
    } catch (error) {
      if (!stopped) fail(error)
    } finally {
      busy.delete(batch.hash)
    }
  }

  function checkBatch({ header, hash, records }: Batch): CheckedBatch {
    const { model } = chain.rulebook
    return { header, hash, records: records.map((text) => checkRecord(model, text, chain.limits.recordBytesMax)) }
  }

  /** Asks partners one after the other until all are here or nobody is left to ask. */
  async function pull(hashes: readonly string[], from: readonly string[]): Promise<void> {
    let missing = hashes.filter((hash) => mempool.get(hash) === undefined && !busy.has(hash)).slice(0, WANTED_MAX)
    for (const partner of from) {
      for (let start = 0; start < missing.length && !stopped; start += PULL_BATCHES_MAX) {
        const asked = missing.slice(start, start + PULL_BATCHES_MAX)
        try {
          const answer = await peers.request(partner, { type: 'batches', hashes: asked }, {})
          for (const text of answer.batches) await take(text)
        } catch (error) {
          log.debug('batches could not be pulled', { partner, error })
          break
        }
      }
      missing = missing.filter((hash) => mempool.get(hash) === undefined)
      if (missing.length === 0 || stopped) return
    }
  }

  /** The partner named first, then all others. */
  function orderFrom(partner: string): string[] {
    const connected = peers.connected()
    return [partner, ...connected.filter((other) => other !== partner)].filter((each) => connected.includes(each))
  }

  function announced(from: string, message: Omit<BatchMessage, 'type'>, delayMs: number): void {
    const { hash } = message
    if (waiting.has(hash) || waiting.size >= WANTED_MAX || unwanted(message, hash) !== null) return
    waiting.set(
      hash,
      timers.set(delayMs, () => {
        waiting.delete(hash)
        if (unwanted(message, hash) === null) void pull([hash], orderFrom(from))
      })
    )
  }

  return {
    take,
    /** A partner says that it holds a batch. */
    announced: (from: string, message: BatchMessage): void => announced(from, message, GOSSIP_WAIT_MS),
    /** A partner lists what it holds: no gossip is to be expected any more. */
    listed(from: string, batches: readonly Omit<BatchMessage, 'type'>[]): void {
      for (const batch of batches) announced(from, batch, 0)
    },
    /** Batches that a block needs: pulled at once, from those who should have them first. */
    fetch(hashes: readonly string[], holders: readonly string[]): void {
      const connected = peers.connected()
      const order = [...holders, ...connected].filter((partner) => connected.includes(partner))
      void pull(hashes, [...new Set(order)])
    },
    /** Spreads an own batch that is durable. */
    spread(batch: CheckedBatch, text: string): void {
      if (batch.header.bytes < GOSSIP_BYTES_MAX - 2048) peers.gossipBatch(text)
      peers.broadcast({ type: 'batch', hash: batch.hash, author: batch.header.author, sequence: batch.header.sequence })
    },
    /** Stored forms of the batches that are here, for a partner that lacks them. */
    serve(hashes: readonly string[], bytesMax: number): string[] {
      const texts: string[] = []
      let bytes = 0
      for (const hash of hashes.slice(0, PULL_BATCHES_MAX)) {
        const text = chain.store.readBatch(hash)
        if (text === undefined) continue
        bytes += Buffer.byteLength(text)
        if (bytes > bytesMax && texts.length > 0) break
        texts.push(text)
      }
      return texts
    },
    stop(): void {
      stopped = true
      for (const timer of waiting.values()) timers.clear(timer)
      waiting.clear()
    }
  }
}

export type BatchExchange = ReturnType<typeof createBatchExchange>
