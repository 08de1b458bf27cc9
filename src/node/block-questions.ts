import type { Input } from '../consensus/types.js'
import { buildBlock } from './block-content.js'
import type { BlockContents, Wanted } from './block-contents.js'
import type { ConsensusDriverDependencies } from './consensus-driver-types.js'
import { encodeItem } from './consensus-log.js'
import type { Offer } from './mempool.js'
import { createSlices } from './store/slices.js'

export interface BlockQuestionOptions {
  readonly self: string
  readonly sliceMs?: number
  readonly contents: BlockContents
  /** Which batches may go into a block now, see {@link buildBlock}. */
  readonly offers: () => readonly Offer[]
  /** Asks to build once more, so many milliseconds from now, if this height is still under way. */
  readonly buildIn: (ms: number, height: number) => void
}

/**
 * What the consensus machine asks of blocks, answered one after the other: to build one, or to check one, means to execute
 * it, and that takes long. It is done in slices, between which nothing may change the chain.
 */
export function createBlockQuestions(
  { self, sliceMs, contents, offers, buildIn }: BlockQuestionOptions,
  dependencies: Pick<
    ConsensusDriverDependencies,
    'chain' | 'mempool' | 'wal' | 'now' | 'proposeIn' | 'monotonic' | 'timers'
  >
) {
  const { chain, mempool, wal, now, proposeIn, monotonic, timers } = dependencies
  // Timers of their own: those of a height are cleared with it.
  const turn = (): Promise<void> => new Promise((resolve) => timers.set(0, resolve))
  const inSlices = createSlices({ monotonic, turn }, sliceMs)
  const waiting: (() => Promise<Input>)[] = []

  async function build(height: number, round: number): Promise<Input> {
    // Rule 19: a proposer waits until its clock has passed the time of the block before, and can be relied on.
    const wait = proposeIn(chain.tip.time)
    if (wait > 0) buildIn(wait, height)
    const origin = { round, proposer: self, time: now() }
    const candidate = wait > 0 ? null : await inSlices(buildBlock(chain, mempool, origin, offers()))
    if (candidate === null) return { type: 'nothing-to-propose', height, round }
    const { hash } = candidate.executed
    const block = contents.built(candidate)
    wal.append(height, encodeItem({ kind: 'block', hash, block }))
    return { type: 'block-built', height, round, block: hash }
  }

  async function check(wanted: Wanted): Promise<Input> {
    const { height, round, block } = wanted
    return { type: 'block-checked', height, round, block, result: await inSlices(contents.check(wanted)) }
  }

  return {
    inSlices,
    build: (height: number, round: number): void => void waiting.push(() => build(height, round)),
    check: (wanted: Wanted): void => void waiting.push(() => check(wanted)),
    /** Works out the answer to the oldest question; undefined when there is none. */
    answer: (): Promise<Input> | undefined => waiting.shift()?.(),
    get isEmpty() {
      return waiting.length === 0
    },
    clear(): void {
      waiting.length = 0
    }
  }
}
