import { allAtOnce, type Steps } from '../base/steps.js'
import type { CheckResult } from '../consensus/types.js'
import { blockHash } from '../ledger/block.js'
import { type CandidateBlock, checkBlock, hasOwnBatches, missingBatches, type ProposedBlock } from './block-content.js'
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
  /** Whether it was executed, and is what its header says. */
  isRight: boolean
  /** What it was executed to; null before that, and once others have taken its room. */
  candidate: CandidateBlock | null
}

/** Blocks of one height that are kept without having been executed: the oldest makes room, and is asked for again. */
const UNCHECKED_MAX = 64

/**
 * Results of execution that are kept: a height may have thousands of rounds, each with another block, while a quorum is
 * online and does not agree. Others are executed again when they are needed.
 */
const EXECUTED_MAX = 32

/** The content alone is judged, and not whether a round may propose it. */
const UNASKED = { round: 0, proposer: '', fresh: false } as const

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
  /** Those with a candidate, the one looked at last at the end. */
  const executed = new Set<Content>()

  function learn(hash: string, block: ProposedBlock): boolean {
    if (contents.has(hash)) return false
    if (blockHash(chain.scope, block.header) !== hash || !hasOwnBatches(block)) return false
    const unchecked = [...contents].filter(([, { isRight }]) => !isRight)
    for (const [oldest] of unchecked.slice(0, Math.max(0, unchecked.length - UNCHECKED_MAX + 1)))
      contents.delete(oldest)
    contents.set(hash, { block, heardAt: now(), isRight: false, candidate: null })
    return true
  }

  function keep(content: Content, candidate: CandidateBlock): void {
    content.isRight = true
    content.candidate = candidate
    executed.delete(content)
    executed.add(content)
    const [oldest] = executed
    if (oldest === undefined || executed.size <= EXECUTED_MAX) return
    oldest.candidate = null
    executed.delete(oldest)
  }

  function* check(wanted: Wanted): Steps<CheckResult> {
    const content = contents.get(wanted.block)
    const { round, proposer, fresh } = wanted
    const result: CheckResult =
      content === undefined ? { type: 'unavailable' } : yield* checkContent(content, { round, proposer, fresh })
    // Meanwhile it may have made room for others.
    if (content?.isRight === true) contents.set(wanted.block, content)
    if (result.type === 'unavailable') {
      waiting.set(wanted.block, wanted)
      for (const oldest of [...waiting.keys()].slice(0, -UNCHECKED_MAX)) waiting.delete(oldest)
      fetch({ ...wanted, missing: content === undefined ? null : missingBatches(chain, mempool, content.block) })
    } else waiting.delete(wanted.block)
    return result
  }

  function* checkContent(
    content: Content,
    round: { round: number; proposer: string; fresh: boolean }
  ): Steps<CheckResult> {
    const isFirst = !content.isRight
    const { result, candidate } = yield* checkBlock(chain, mempool, content, round)
    if (candidate !== null) keep(content, candidate)
    const time = candidate?.executed.header.time
    if (isFirst && round.fresh && time !== undefined) onTimed(round.proposer, time - content.heardAt)
    return result
  }

  function candidateOf(hash: string): CandidateBlock | null {
    const content = contents.get(hash)
    if (content?.isRight && content.candidate === null) allAtOnce(checkContent(content, UNASKED))
    return content?.candidate ?? null
  }

  return {
    /** Keeps an own block; gives what is to be told of it. */
    built(candidate: CandidateBlock): ProposedBlock {
      const block = { header: candidate.executed.text, batches: candidate.batches.map((batch) => batch.hash) }
      const content: Content = { block, heardAt: now(), isRight: true, candidate }
      contents.set(candidate.executed.hash, content)
      keep(content, candidate)
      return block
    },
    /** Keeps a block that somebody proposed. False when it is known, or is not the block of this hash. */
    learn,
    /** Keeps a block that the log tells of, and executes it if it can. */
    restore(hash: string, block: ProposedBlock): void {
      if (!learn(hash, block)) return
      const content = contents.get(hash)
      if (content !== undefined) allAtOnce(checkContent(content, UNASKED))
    },
    /** Judges a block, in steps; what it lacks is asked for. */
    check,
    /** Those that waited for something and can be judged now: they wait no longer. */
    takeCheckable(): Wanted[] {
      const checkable = [...waiting.values()].filter(({ block }) => {
        const content = contents.get(block)
        return content !== undefined && missingBatches(chain, mempool, content.block).length === 0
      })
      for (const { block } of checkable) waiting.delete(block)
      return checkable
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
    /** What a block that was found right was executed to; null when it was not, or is not here. */
    candidateOf,
    /** Results of execution that are kept. */
    executed: (): number => executed.size,
    clear(): void {
      contents.clear()
      waiting.clear()
      executed.clear()
    }
  }
}

export type BlockContents = ReturnType<typeof createBlockContents>
