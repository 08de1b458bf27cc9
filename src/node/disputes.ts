import { type ConsensusState, tallyOf } from '../consensus/state.js'
import { votesFor } from '../consensus/votes.js'
import type { CheckedBatch } from '../ledger/execution.js'
import type { ProposedBlock } from './block-content.js'
import type { Logger } from './log.js'
import type { Offer } from './mempool.js'
import type { Objections } from './objections.js'
import { readResultDiffers } from './result-difference.js'

/** A batch for which honest partners compute different results. */
export interface SetAside {
  readonly author: string
  readonly sequence: number
  /** What differs, as far as anybody says. */
  readonly why: string
  /** Height from which on it is offered again, alone and after all others. */
  readonly fromHeight: number
}

interface Doubt {
  readonly author: string
  readonly sequence: number
  /** Batches of the smallest disputed block that held it; 1: it was alone, so it is the one. */
  readonly size: number
  readonly why: string
  /** How many heights it was set aside at, and until when. */
  readonly times: number
  readonly fromHeight: number
}

/** Offers everything. */
export const EVERYTHING: Offer = { batchesMax: Number.POSITIVE_INFINITY, admits: () => true }

/** Heights for which a batch is set aside double each time, up to 2 to this power. */
const DOUBLINGS_MAX = 10

/**
 * The blocks of this height for which two honest voters compute different results, and why as far as known. One that is
 * valid here, and more than f voters say that their result is another: one of those is honest. Or one whose result is
 * another here, and more than f voters prevoted for it. A block that only its proposer stands behind is a wrong block and
 * no dispute: so neither a lying proposer nor f lying voters get a batch set aside.
 * @param differing by block hash: voters that compute another result, and what the difference is
 */
export function disputedBlocks(
  state: ConsensusState,
  differing: ReadonlyMap<string, ReadonlyMap<string, string>>
): { readonly block: string; readonly why: string }[] {
  const { faults } = state.start
  const found: { block: string; why: string }[] = []
  for (const [block, known] of state.blocks) {
    if (known.verdict === 'valid') {
      const objectors = [...(differing.get(block) ?? [])].filter(
        ([id]) => id !== state.self && state.incarnations.has(id)
      )
      const first = objectors[0]
      if (objectors.length > faults && first !== undefined) found.push({ block, why: `${first[0]}: ${first[1]}` })
    } else if (known.verdict === 'invalid') {
      const own = readResultDiffers(known.reason)
      if (own !== null && supporters(state, block) > faults) found.push({ block, why: own.difference })
    }
  }
  return found
}

function supporters(state: ConsensusState, block: string): number {
  const voters = new Set<string>()
  for (const round of state.rounds.keys()) {
    for (const { voter } of votesFor(tallyOf(state, round, 'prevote'), block)) voters.add(voter)
  }
  return voters.size
}

export interface DisputesDependencies {
  readonly objections: Objections
  readonly batchOf: (hash: string) => CheckedBatch | undefined
  readonly blockOf: (hash: string) => ProposedBlock | null
  /** Height being decided. */
  readonly height: () => number
  readonly log: Logger
}

/**
 * Keeps a batch that partners compute differently from stopping all others (design: consensus, point 9). Batches of a
 * disputed block are doubted: they are offered apart from others, in blocks of half the size, until one alone is disputed.
 * That one is set aside for this height, and offered again later, alone, after all others, and less often each time. It is forgotten with a
 * restart, so a mended engine offers it at once. Only what this node proposes depends on it, never what it accepts.
 */
export function createDisputes({ objections, batchOf, blockOf, height, log }: DisputesDependencies) {
  const doubts = new Map<string, Doubt>()
  /** Disputed blocks of this height that were taken in. */
  const seen = new Set<string>()

  function look(state: ConsensusState): void {
    if (state.start.height !== height() || state.blocks.size === 0) return
    for (const { block, why } of disputedBlocks(state, objections.differing())) {
      if (seen.has(block)) continue
      seen.add(block)
      const hashes = blockOf(block)?.batches ?? []
      for (const hash of hashes) doubt(hash, hashes.length, why)
      if (hashes.length < 2) continue
      log.warn('partners compute different results for a block: fewer batches are offered', {
        height: height(),
        block,
        batches: hashes.length,
        why
      })
    }
  }

  function doubt(hash: string, blockSize: number, why: string): void {
    const header = batchOf(hash)?.header
    if (header === undefined) return
    const { author, sequence } = header
    const before = doubts.get(hash)
    const size = Math.min(blockSize, before?.size ?? blockSize)
    const { times, fromHeight } = before ?? { times: 0, fromHeight: 0 }
    if (blockSize > 1 || fromHeight > height()) {
      doubts.set(hash, { author, sequence, size, why, times, fromHeight })
      return
    }
    const next = height() + 2 ** Math.min(times, DOUBLINGS_MAX)
    doubts.set(hash, { author, sequence, size, why, times: times + 1, fromHeight: next })
    log.error('a batch is set aside: partners compute different results for it', {
      batch: `${author}/${sequence}`,
      why,
      height: height(),
      fromHeight: next
    })
  }

  const isDue = (hash: string): boolean => (doubts.get(hash)?.fromHeight ?? 0) <= height()

  return {
    /** Takes in what the height under way has shown so far. */
    look,
    /** What to propose: the first of these that leaves any batch. */
    offers(state: ConsensusState): readonly Offer[] {
      look(state)
      if (doubts.size === 0) return [EVERYTHING]
      const sizes = [...doubts.values()].map(({ size }) => size).filter((size) => size > 1)
      const half = Math.floor(Math.min(...sizes, Number.MAX_SAFE_INTEGER) / 2)
      const good: Offer = { ...EVERYTHING, admits: (hash) => !doubts.has(hash) }
      const doubted: Offer = { batchesMax: half, admits: (hash) => (doubts.get(hash)?.size ?? 1) > 1 }
      const alone: Offer = { batchesMax: 1, admits: isDue }
      // By turns, so that an endless stream of others does not keep those waiting that are doubted without cause.
      return height() % 2 === 0 ? [doubted, good, alone] : [good, doubted, alone]
    },
    /** Whether a batch may be proposed at the height under way. */
    admits: isDue,
    setAside(): SetAside[] {
      return [...doubts.values()].filter(({ size }) => size === 1)
    },
    /** The height is over: what a block has, or no block can have any more, is forgotten. */
    committed(): void {
      seen.clear()
      for (const hash of doubts.keys()) if (batchOf(hash) === undefined) doubts.delete(hash)
    }
  }
}

export type Disputes = ReturnType<typeof createDisputes>
