import type { Steps } from '../base/steps.js'
import type { CheckResult } from '../consensus/types.js'
import { readBatch } from '../ledger/batch.js'
import { recordsOnDemand } from '../ledger/batch-records.js'
import { type BlockHeader, batchListRoot, blockHash, readHeader } from '../ledger/block.js'
import { type ExecutedBlock, executeBlockInSteps, executeCertifiedInSteps } from '../ledger/chain.js'
import { batchOrderProblem, type CheckedBatch, isSettling } from '../ledger/execution.js'
import type { Limits } from '../ledger/genesis.js'
import type { Chain } from './chain.js'
import type { Mempool, Offer } from './mempool.js'
import { headerDifference, resultDiffers } from './result-difference.js'

/** A block as it is proposed: its header's exact text and the batches it names, in order. */
export interface ProposedBlock {
  readonly header: string
  readonly batches: readonly string[]
}

/** A block that was executed on the tip of the chain. */
export interface CandidateBlock {
  readonly executed: ExecutedBlock
  readonly batches: readonly CheckedBatch[]
}

/** How much the clocks of partners may differ, and a message may be late in round 0, milliseconds. */
export const PRECISION_MS = 500
export const MESSAGE_DELAY_MS = 2_000

/** How the reason of a nil prevote begins whose voter holds the time of a block for wrong (docs/partners.md). */
export const CLOCKS_DIFFER = 'CLOCKS_DIFFER'

export interface Round {
  readonly round: number
  readonly proposer: string
  /** Whether the block is proposed for the first time: only then its time and origin are judged. */
  readonly fresh: boolean
}

export type Checked = { readonly result: CheckResult; readonly candidate: CandidateBlock | null }

/**
 * Builds, in steps, a block on the tip from what the mempool holds; null when there is nothing to put into it.
 * @param offers which batches may go into it: the first offer that leaves any
 */
export function* buildBlock(
  chain: Chain,
  mempool: Mempool,
  origin: { readonly round: number; readonly proposer: string; readonly time: number },
  offers: readonly Offer[]
): Steps<CandidateBlock | null> {
  const bytesMax = blockBytesMax(chain.limits, origin.round)
  let batches: readonly CheckedBatch[] = []
  for (const offer of offers) {
    batches = mempool.candidates(chain.rulebook.partners, chain.store.state, { bytesMax, offer })
    if (batches.length > 0) break
  }
  if (batches.length === 0 && !isSettling(chain.rulebook)) return null
  const executed = yield* executeBlockInSteps(chain.rulebook, chain.tip, chain.store.state, {
    originRound: origin.round,
    proposer: origin.proposer,
    time: origin.time,
    batches
  })
  return { executed, batches }
}

/** Bytes of bodies that a block of this origin round may hold, unless it holds one batch alone (point 5). */
export function blockBytesMax(limits: Limits, originRound: number): number {
  return Math.floor(limits.blockBytesMax / 2 ** originRound)
}

/** Hashes of the batches of a block that are not here. */
export function missingBatches(chain: Chain, mempool: Mempool, block: ProposedBlock): string[] {
  return block.batches.filter((hash) => mempool.get(hash) === undefined && !chain.store.hasBatch(hash))
}

/**
 * Whether a block comes with the batches that its header names. Nobody signs the list beside the header: another list is the
 * fault of whoever sent it, and says nothing about the block. What is no header is none with any list.
 */
export function hasOwnBatches({ header, batches }: ProposedBlock): boolean {
  const read = readHeader(header)
  return !read.ok || isListOf(read.value, batches)
}

function isListOf(header: BlockHeader, hashes: readonly string[]): boolean {
  return hashes.length === header.batches.count && batchListRoot(hashes).root === header.batches.root
}

/**
 * Checks a proposed block by executing it, in steps, unless that was done before.
 * @param content `heardAt`: when its proposal was first heard, milliseconds since 1970; `certified`: whether a certificate
 * proves it, so that it only has to be understood
 */
export function* checkBlock(
  chain: Chain,
  mempool: Mempool,
  content: {
    readonly block: ProposedBlock
    readonly heardAt: number
    readonly candidate: CandidateBlock | null
    readonly certified?: boolean
  },
  round: Round
): Steps<Checked> {
  const { block, heardAt, candidate } = content
  if (candidate !== null) return { result: fitness(candidate, round, heardAt), candidate }
  const header = readHeader(block.header)
  if (!header.ok) return invalid(header.refusal.message)
  const problem = headerProblem(chain, header.value, block.batches)
  if (problem !== null) return invalid(problem)
  const batches = block.batches.map((hash) => mempool.get(hash) ?? storedBatch(chain, hash))
  if (!batches.every((batch) => batch !== null)) return { result: { type: 'unavailable' }, candidate: null }
  const order = batchOrderProblem(chain.rulebook, chain.store.state, batches)
  if (order !== null) return invalid(order)
  const bytes = batches.reduce((sum, batch) => sum + batch.header.bytes, 0)
  if (batches.length > 1 && bytes > blockBytesMax(chain.limits, header.value.originRound)) {
    return invalid(`it holds ${bytes} bytes, too many for round ${header.value.originRound}`)
  }
  const { originRound, proposer, time } = header.value
  const plan = { originRound, proposer, time, batches }
  const { rulebook, tip, store } = chain
  const executed =
    content.certified === true
      ? yield* executeCertifiedInSteps(rulebook, tip, store.state, plan, header.value.result)
      : yield* executeBlockInSteps(rulebook, tip, store.state, plan)
  if (executed.text !== block.header) {
    const { isResult, text } = headerDifference(chain.rulebook.model.network, header.value, executed, batches)
    return invalid(isResult ? resultDiffers(blockHash(chain.scope, block.header), text) : text)
  }
  return { result: fitness({ executed, batches }, round, heardAt), candidate: { executed, batches } }
}

function fitness({ executed }: CandidateBlock, round: Round, heardAt: number): CheckResult {
  const reason = round.fresh ? unfitness(executed.header, round, heardAt) : null
  return reason === null ? { type: 'valid' } : { type: 'unfit', reason }
}

function invalid(reason: string): Checked {
  return { result: { type: 'invalid', reason }, candidate: null }
}

function headerProblem(chain: Chain, header: BlockHeader, hashes: readonly string[]): string | null {
  const { tip } = chain
  if (header.height !== tip.height + 1) return `it has height ${header.height}`
  if (header.previous !== tip.hash) return 'it follows another block'
  if (header.time <= tip.time) return 'it is not later than the block before'
  if (hashes.length === 0 && !isSettling(chain.rulebook)) return 'it is empty'
  return isListOf(header, hashes) ? null : 'it lists other batches'
}

function unfitness(header: BlockHeader, { round, proposer }: Round, heardAt: number): string | null {
  if (header.originRound !== round) return `it is of round ${header.originRound}`
  if (header.proposer !== proposer) return `it names ${header.proposer} as its proposer`
  const ahead = header.time - heardAt
  if (ahead > PRECISION_MS) return `${CLOCKS_DIFFER}: its time is ${secondsText(ahead)} s ahead of the clock here`
  if (-ahead > PRECISION_MS + MESSAGE_DELAY_MS * (round + 1)) {
    return `${CLOCKS_DIFFER}: its time was ${secondsText(-ahead)} s past when it came here`
  }
  return null
}

function secondsText(ms: number): string {
  return (ms / 1000).toFixed(1)
}

/** A batch that is durable here, checked under the model in force; null when it is not here. */
export function storedBatch(chain: Chain, hash: string): CheckedBatch | null {
  const text = chain.store.readBatch(hash)
  if (text === undefined) return null
  const batch = readBatch(chain.scope, chain.limits, text)
  if (!batch.ok || batch.value.hash !== hash) return null
  const { model } = chain.rulebook
  const records = recordsOnDemand(model, batch.value.records, chain.limits.recordBytesMax)
  return { header: batch.value.header, hash, records }
}
