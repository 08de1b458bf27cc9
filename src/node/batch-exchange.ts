import { authorSequence } from '../ledger/author-sequence.js'
import { BATCH_LINE_BYTES_MAX, type Batch, type BatchHeader, batchIsSigned, readBatch } from '../ledger/batch.js'
import { recordsOnDemand } from '../ledger/batch-records.js'
import type { CheckedBatch } from '../ledger/execution.js'
import { type Partner, partnerOf, takesPart } from '../ledger/partner-set.js'
import { createBatchPulls, PULL_BATCHES_MAX, type TakenBatch } from './batch-pulls.js'
import type { BatchPlace, BatchRivals } from './batch-rivals.js'
import { blockBytesMax } from './block-content.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Mempool } from './mempool.js'
import { type BatchMessage, GOSSIP_BYTES_MAX, type Peers } from './peers.js'
import type { TimerHandle, Timers } from './timers.js'
import { createVainAnnouncements } from './vain-announcements.js'

/** Sequences ahead of an author's next one that are kept: a stream in flight is shorter. */
const SEQUENCES_AHEAD_MAX = 64

/** Bytes of batches of one author that wait for a block. */
export const AUTHOR_BYTES_MAX = 32 * 1024 * 1024

/** Hashes that are fetched for one block at a time. */
const WANTED_MAX = 1024

/** Milliseconds until an own batch is announced that went by gossip: mostly it is in a block before. */
const GOSSIP_WAIT_MS = 150

/** Bytes of records that gossip takes, with room for what goes around them. */
const GOSSIPED_BYTES_MAX = GOSSIP_BYTES_MAX - 2048

export interface BatchExchangeDependencies {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly rivals: BatchRivals
  readonly peers: Peers
  readonly timers: Timers
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Logger
  /** A batch of somebody else is durable and in the mempool. */
  readonly onBatch: (batch: CheckedBatch) => void
  readonly fail: (error: unknown) => void
}

const NOTHING = Promise.resolve()

/** A batch that a partner says it holds. */
type Announcement = Omit<BatchMessage, 'type'>

/** Brings in the batches of others: checks structure, root and signature of each once, stores it durably, and gives those that others lack. */
export function createBatchExchange(dependencies: BatchExchangeDependencies) {
  const { chain, mempool, rivals, peers, timers, now, log, onBatch, fail } = dependencies
  const vain = createVainAnnouncements(now, (partner, why) => peers.blame?.(partner, why))
  const pulls = createBatchPulls({
    peers,
    timers,
    log,
    take,
    batchBytesMax: chain.limits.batchBytesMax + BATCH_LINE_BYTES_MAX,
    onVain: vain.add
  })
  /** Being stored: they count as if they were here. */
  const busy = new Map<string, BatchHeader>()
  /**
   * Bodies that a block under way names: they are taken whatever else is here, or nobody could vote on it. `room`: bytes
   * that are taken so, as more than a block may hold is not taken for one: it is invalid whatever the rest says.
   */
  const needed = { height: 0, hashes: new Set<string>(), room: 0 }
  /** Of own batches that went by gossip. */
  const announcing = new Set<TimerHandle>()
  let stopped = false

  /** Why a batch is not taken now; null when it is. What is refused here may be taken later. */
  function unwanted({ author, incarnation, sequence }: BatchPlace, hash: string): string | null {
    if (stopped || isHere(hash)) return 'it is here'
    const incarnations = incarnationsOf(author)
    if (incarnations.length === 0) return `${author} is no partner`
    if (!incarnations.includes(incarnation)) return `incarnation ${incarnation} of ${author} is not in force`
    const { next } = authorSequence(chain.store.state, author)
    if (sequence < next) return 'it is past'
    if (sequence >= next + SEQUENCES_AHEAD_MAX) return 'it is too far ahead'
    if (isNeeded(hash) && needed.room > 0) return null
    let bytes = mempool.bytesOf(author)
    let rivals = mempool.at(author, sequence).length
    for (const header of busy.values()) {
      if (header.author !== author) continue
      bytes += header.bytes
      if (header.sequence === sequence) rivals++
    }
    if (bytes > AUTHOR_BYTES_MAX) return `${author} has too much waiting`
    return rivals >= 2 ? 'there are two of this sequence' : null
  }

  const isHere = (hash: string): boolean => busy.has(hash) || mempool.get(hash) !== undefined

  const isNeeded = (hash: string): boolean => needed.height === chain.tip.height + 1 && needed.hashes.has(hash)

  /** An author as it may stand in the next block, or the one after: a rejoin or another key may lie between. */
  function authorsNamed(author: string): Partner[] {
    const { partners, nextPartners } = chain.rulebook
    const named = [partnerOf(partners, author), partnerOf(nextPartners, author)]
    return named.flatMap((partner) => (partner !== undefined && takesPart(partner) ? [partner] : []))
  }

  const incarnationsOf = (author: string): number[] => authorsNamed(author).map(({ incarnation }) => incarnation)

  /** Takes a batch in stored form. Anybody may have sent it: its author's signature says whose it is. */
  function take(text: string): TakenBatch {
    const read = readBatch(chain.scope, chain.limits, text)
    if (!read.ok) {
      log.debug('a batch was refused', { refusal: read.refusal })
      // Recoveries reach partners one after the other: whoever is an epoch behind or ahead sends what is genuine there.
      if (isOfOtherEpoch(chain, text)) return { verdict: 'ignore', hash: null, stored: NOTHING }
      return { verdict: 'reject', hash: null, stored: NOTHING }
    }
    const batch = read.value
    const { header, hash, signature } = batch
    const isRefused = unwanted(header, hash) !== null
    const ignored: TakenBatch = { verdict: 'ignore', hash, stored: NOTHING }
    if (isRefused && (stopped || isHere(hash) || !rivals.isRival(header, hash))) return ignored
    // An incarnation has one key for ever, so whether its signature holds is the same for everybody.
    const author = authorsNamed(header.author).find(({ incarnation }) => incarnation === header.incarnation)
    if (author === undefined) return ignored
    if (!batchIsSigned(chain.scope, batch, author.key)) {
      log.warn('a batch is not signed', { author: author.id })
      return { verdict: 'reject', hash, stored: NOTHING }
    }
    if (!isRefused) return { verdict: 'accept', hash, stored: store(batch, text) }
    // It is not kept, and proves all the same that its author signed two.
    rivals.seen(batch, signature)
    return { verdict: 'accept', hash, stored: NOTHING }
  }

  /** Makes a batch durable that is taken. */
  async function store(batch: Batch, text: string): Promise<void> {
    const { header, hash, signature } = batch
    if (isNeeded(hash)) needed.room -= header.bytes
    busy.set(hash, header)
    try {
      const records = recordsOnDemand(chain.rulebook.model, batch.records, chain.limits.recordBytesMax)
      const checked = { header, hash, records }
      await chain.store.putBatches([{ hash, text }])
      if (stopped) return
      mempool.add(checked)
      rivals.seen(batch, signature)
      onBatch(checked)
    } catch (error) {
      if (!stopped) fail(error)
    } finally {
      busy.delete(hash)
    }
  }

  /**
   * A partner says that it holds a batch: it is asked at once, as who announces does not expect that gossip brings it. Only who
   * announces is asked, so that nobody can send others asking around; who else has it says so in its status.
   */
  function announced(from: string, { hash, ...place }: Announcement): void {
    // A rival of what is here is fetched although it will not be kept: its signature proves a lie.
    const wanted = (): boolean =>
      !stopped && !isHere(hash) && (unwanted(place, hash) === null || isCurrentRival(place, hash))
    if (wanted()) pulls.announced(from, hash, wanted)
  }

  function isCurrentRival(place: BatchPlace, hash: string): boolean {
    return incarnationsOf(place.author).includes(place.incarnation) && rivals.isRival(place, hash)
  }

  return {
    take,
    /** Batches being stored, and batches waited for. */
    sizes: () => ({ storing: busy.size, announced: pulls.waiting() }),
    announced,
    /** Batches that a block needs: pulled at once, from those who should have them first. */
    fetch(hashes: readonly string[], holders: readonly string[]): void {
      const connected = peers.connected()
      const order = [...holders, ...connected].filter((partner) => connected.includes(partner))
      const height = chain.tip.height + 1
      if (needed.height !== height) needed.hashes.clear()
      needed.height = height
      needed.room = 2 * blockBytesMax(chain.limits, 0)
      const wanted = hashes.slice(0, WANTED_MAX)
      for (const hash of wanted) needed.hashes.add(hash)
      pulls.need(wanted, [...new Set(order)], (hash) => !stopped && isNeeded(hash) && !isHere(hash))
    },
    /** Spreads an own batch that is durable: by gossip if it is small, and announced where that is too large or too slow. */
    spread({ header, hash }: CheckedBatch, text: string): void {
      const { author, incarnation, sequence, bytes } = header
      const announce = (): void => peers.broadcast({ type: 'batch', hash, author, incarnation, sequence })
      if (bytes >= GOSSIPED_BYTES_MAX) {
        announce()
        return
      }
      peers.gossipBatch(text)
      const timer = timers.set(GOSSIP_WAIT_MS, () => {
        announcing.delete(timer)
        if (mempool.get(hash) !== undefined) announce()
      })
      announcing.add(timer)
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
      pulls.stop()
      for (const timer of announcing) timers.clear(timer)
      announcing.clear()
    }
  }
}

export type BatchExchange = ReturnType<typeof createBatchExchange>

/** Whether a text is a batch that its author signed in the epoch before, or the one after. */
function isOfOtherEpoch({ scope, limits, rulebook }: Chain, text: string): boolean {
  return [scope.epoch - 1, scope.epoch + 1].some((epoch) => {
    const other = { ...scope, epoch }
    const read = readBatch(other, limits, text)
    const key = read.ok ? partnerOf(rulebook.partners, read.value.header.author)?.key : undefined
    return read.ok && key !== undefined && batchIsSigned(other, read.value, key)
  })
}
