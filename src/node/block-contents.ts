import type { CheckResult } from '../consensus/types.js'
import { blockHash } from '../ledger/block.js'
import { type CandidateBlock, checkBlock, missingBatches, type ProposedBlock } from './block-content.js'
import type { Chain } from './chain.js'
import type { Mempool } from './mempool.js'

/** A block that the consensus machine asks about. */
export interface Wanted {
  readonly height: number
  readonly round: number
  readonly block: string
  readonly proposer: string
  /** Whether it is proposed for the first time: only then its time and origin are judged. */
  readonly fresh: boolean
  /** Partners that should have it. */
  readonly holders: readonly string[]
  /** What is missing: batches by hash, or null for the block itself. Filled in by the answer. */
  readonly missing?: readonly string[] | null
}

interface Content {
  readonly block: ProposedBlock
  /** Milliseconds since 1970, when it was first heard of. */
  readonly heardAt: number
  candidate: CandidateBlock | null
}

/** Blocks of one height that are kept without having been executed: the oldest makes room, and is asked for again. */
const UNCHECKED_MAX = 64

/** What is known of the blocks proposed at the height being decided, and who waits for which. */
export function createBlockContents(
  chain: Chain,
  mempool: Mempool,
  {
    now,
    fetch,
    onTimed
  }: {
    readonly now: () => number
    readonly fetch: (wanted: Wanted) => void
    /** A fresh proposal was judged for the first time: its time was so many milliseconds ahead when it came. */
    readonly onTimed: (proposer: string, aheadMs: number) => void
  }
) {
  const contents = new Map<string, Content>()
  const waiting = new Map<string, Wanted>()

  function learn(hash: string, block: ProposedBlock): boolean {
    if (contents.has(hash)) return false
    if (blockHash(chain.scope, block.header) !== hash) return false
    const unchecked = [...contents].filter(([, { candidate }]) => candidate === null)
    for (const [oldest] of unchecked.slice(0, Math.max(0, unchecked.length - UNCHECKED_MAX + 1)))
      contents.delete(oldest)
    contents.set(hash, { block, heardAt: now(), candidate: null })
    return true
  }

  function check(wanted: Wanted): CheckResult {
    const content = contents.get(wanted.block)
    const { round, proposer, fresh } = wanted
    const result: CheckResult =
      content === undefined ? { type: 'unavailable' } : checkContent(content, { round, proposer, fresh })
    if (result.type === 'unavailable') {
      waiting.set(wanted.block, wanted)
      fetch({ ...wanted, missing: content === undefined ? null : missingBatches(chain, mempool, content.block) })
    } else waiting.delete(wanted.block)
    return result
  }

  function checkContent(content: Content, round: { round: number; proposer: string; fresh: boolean }): CheckResult {
    const isFirst = content.candidate === null
    const { result, candidate } = checkBlock(chain, mempool, content, round)
    content.candidate = candidate
    const time = candidate?.executed.header.time
    if (isFirst && round.fresh && time !== undefined) onTimed(round.proposer, time - content.heardAt)
    return result
  }

  return {
    /** Keeps an own block; gives what is to be told of it. */
    built(candidate: CandidateBlock): ProposedBlock {
      const block = { header: candidate.executed.text, batches: candidate.batches.map((batch) => batch.hash) }
      contents.set(candidate.executed.hash, { block, heardAt: now(), candidate })
      return block
    },
    /** Keeps a block that somebody proposed. False when it is known, is not of this hash, or there are too many. */
    learn,
    /** Keeps a block that the log tells of, and executes it if it can. */
    restore(hash: string, block: ProposedBlock): void {
      if (!learn(hash, block)) return
      const content = contents.get(hash)
      if (content !== undefined) checkContent(content, { round: 0, proposer: '', fresh: false })
    },
    check,
    /** Asks again about the blocks that waited for something; those that can be judged now. */
    recheck(): (Wanted & { readonly result: CheckResult })[] {
      const judged: (Wanted & { readonly result: CheckResult })[] = []
      for (const wanted of [...waiting.values()]) {
        const content = contents.get(wanted.block)
        if (content === undefined || missingBatches(chain, mempool, content.block).length > 0) continue
        judged.push({ ...wanted, result: check(wanted) })
      }
      return judged
    },
    /** Blocks that wait for something: how many batches, or null for the block itself. */
    missing(): { block: string; proposer: string; batches: number | null }[] {
      return [...waiting.values()].map(({ block, proposer }) => {
        const content = contents.get(block)
        return {
          block,
          proposer,
          batches: content === undefined ? null : missingBatches(chain, mempool, content.block).length
        }
      })
    },
    blockOf: (hash: string): ProposedBlock | null => contents.get(hash)?.block ?? null,
    candidateOf: (hash: string): CandidateBlock | null => contents.get(hash)?.candidate ?? null,
    clear(): void {
      contents.clear()
      waiting.clear()
    }
  }
}

export type BlockContents = ReturnType<typeof createBlockContents>
