import { authorSequence } from '../ledger/author-sequence.js'
import { type Batch, type BatchHeader, batchIsSigned, readBatch } from '../ledger/batch.js'
import type { CheckedBatch } from '../ledger/execution.js'
import { partnerOf } from '../ledger/partner-set.js'
import { checkRecord } from '../ledger/record.js'
import { blockBytesMax } from './block-content.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Mempool } from './mempool.js'
import { type BatchMessage, GOSSIP_BYTES_MAX, type Peers } from './peers.js'
import type { TimerHandle, Timers } from './timers.js'

/** Sequences ahead of an author's next one that are kept: a stream in flight is shorter. */
const SEQUENCES_AHEAD_MAX = 64

/** Bytes of batches of one author that wait for a block. */
const AUTHOR_BYTES_MAX = 32 * 1024 * 1024

/** Hashes that are fetched for one block at a time. */
const WANTED_MAX = 1024

/** Announced batches that are waited for or being fetched at a time, for each partner that announces. */
const ANNOUNCED_MAX = 128

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
  /** Being stored: they count as if they were here. */
  const busy = new Map<string, BatchHeader>()
  /** By partner: what it announced and does not have to be asked for yet, or is being asked for. */
  const announcements = new Map<string, Map<string, TimerHandle | null>>()
  /** Bodies that a block under way names: they are taken whatever else is here, or nobody could vote on it. */
  const needed = { height: 0, hashes: new Set<string>() }
  let stopped = false

  /** Why a batch is not taken now; null when it is. What is refused here may be taken later. */
  function unwanted({ author, sequence }: Pick<BatchMessage, 'author' | 'sequence'>, hash: string): string | null {
    if (stopped || busy.has(hash) || mempool.get(hash) !== undefined) return 'it is here'
    if (incarnationsOf(author).length === 0) return `${author} is no partner`
    const { next } = authorSequence(chain.store.state, author)
    if (sequence < next) return 'it is past'
    if (sequence >= next + SEQUENCES_AHEAD_MAX) return 'it is too far ahead'
    if (needed.height === chain.tip.height + 1 && needed.hashes.has(hash)) return null
    let bytes = mempool.bytesOf(author)
    let rivals = mempool.rivals(author, sequence)
    for (const header of busy.values()) {
      if (header.author !== author) continue
      bytes += header.bytes
      if (header.sequence === sequence) rivals++
    }
    if (bytes > AUTHOR_BYTES_MAX) return `${author} has too much waiting`
    return rivals >= 2 ? 'there are two of this sequence' : null
  }

  /** Those that may stand in the next block or the one after: a rejoin may lie between. */
  function incarnationsOf(author: string): number[] {
    const { partners, nextPartners } = chain.rulebook
    return [partnerOf(partners, author), partnerOf(nextPartners, author)].flatMap((partner) =>
      partner === undefined ? [] : [partner.incarnation]
    )
  }

  /** Takes a batch in stored form. Anybody may have sent it: its author's signature says whose it is. */
  async function take(text: string): Promise<void> {
    const read = readBatch(chain.scope, chain.limits, text)
    if (!read.ok) return log.debug('a batch was refused', { refusal: read.refusal })
    const batch = read.value
    if (unwanted(batch.header, batch.hash) !== null) return
    const { partners, nextPartners } = chain.rulebook
    const author = partnerOf(nextPartners, batch.header.author) ?? partnerOf(partners, batch.header.author)
    if (author === undefined || !incarnationsOf(author.id).includes(batch.header.incarnation)) return
    if (!batchIsSigned(chain.scope, batch, author.key)) return log.warn('a batch is not signed', { author: author.id })
    busy.set(batch.hash, batch.header)
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
    // More than a block may hold is not taken for one: it is invalid whatever the rest says.
    let room = 2 * blockBytesMax(chain.limits, 0)
    for (const partner of from) {
      for (let start = 0; start < missing.length && !stopped; start += PULL_BATCHES_MAX) {
        const asked = missing.slice(start, start + PULL_BATCHES_MAX)
        try {
          const answer = await peers.request(partner, { type: 'batches', hashes: asked }, {})
          for (const text of answer.batches) {
            room -= text.length
            if (room > 0) await take(text)
          }
        } catch (error) {
          log.debug('batches could not be pulled', { partner, error })
          break
        }
      }
      missing = missing.filter((hash) => mempool.get(hash) === undefined)
      if (missing.length === 0 || stopped) return
    }
  }

  /** Only who announces is asked, so that nobody can send others asking around; who else has it says so in its status. */
  function announced(from: string, message: Omit<BatchMessage, 'type'>, delayMs: number): void {
    const { hash } = message
    const ofPartner = announcements.get(from) ?? new Map<string, TimerHandle | null>()
    if (ofPartner.has(hash) || ofPartner.size >= ANNOUNCED_MAX || unwanted(message, hash) !== null) return
    announcements.set(from, ofPartner)
    const done = (): void => {
      ofPartner.delete(hash)
      if (ofPartner.size === 0) announcements.delete(from)
    }
    ofPartner.set(
      hash,
      timers.set(delayMs, () => {
        if (stopped || unwanted(message, hash) !== null) return done()
        ofPartner.set(hash, null)
        void pull([hash], [from]).finally(done)
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
      const height = chain.tip.height + 1
      if (needed.height !== height) needed.hashes.clear()
      needed.height = height
      for (const hash of hashes.slice(0, WANTED_MAX)) needed.hashes.add(hash)
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
      for (const ofPartner of announcements.values()) {
        for (const timer of ofPartner.values()) if (timer !== null) timers.clear(timer)
      }
      announcements.clear()
    }
  }
}

export type BatchExchange = ReturnType<typeof createBatchExchange>
