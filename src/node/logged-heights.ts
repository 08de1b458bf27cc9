import type { LogEntry } from '../consensus/types.js'
import type { BlockContents } from './block-contents.js'
import { decodeItems, type LoggedItem } from './consensus-log.js'
import type { LogEntry as WalEntry } from './store/write-ahead-log.js'

/**
 * What the log of a former run tells, by height: a copy that was thrown away comes to some of these heights again, and
 * must not forget there what it is locked on.
 */
export function createLoggedHeights(contents: BlockContents) {
  const heights = new Map<number, LoggedItem[]>()

  const itemsOf = (height: number): LoggedItem[] => heights.get(height) ?? []

  /** The inputs that count. */
  function inputs(height: number): LogEntry[] {
    const items = itemsOf(height)
    const counting = items.slice(items.findLastIndex(({ kind }) => kind === 'anew') + 1)
    return counting.flatMap((item) => (item.kind === 'input' ? [item.entry] : []))
  }

  /** Whether the block that an input found valid is here to be committed; true for any other input. */
  function isStillHere(entry: LogEntry): boolean {
    if (entry.type !== 'block-checked') return true
    const { block, result } = entry
    return result.type === 'invalid' || result.type === 'unavailable' || contents.candidateOf(block) !== null
  }

  return {
    read(entries: readonly WalEntry[]): void {
      for (const height of new Set(entries.map((entry) => entry.height))) {
        heights.set(height, decodeItems(entries, height))
      }
    },
    has: (height: number): boolean => heights.has(height),
    /** Takes up the blocks of a height, once its tip is reached. */
    restoreBlocks(height: number): void {
      for (const item of itemsOf(height)) if (item.kind === 'block') contents.restore(item.hash, item.block)
    },
    inputs,
    /** Whether what was signed at a height can be taken up again: the log tells of it, and its valid blocks are here. */
    isExplained: (height: number): boolean => itemsOf(height).length > 0 && inputs(height).every(isStillHere),
    forgetBelow(height: number): void {
      for (const earlier of heights.keys()) if (earlier < height) heights.delete(earlier)
    }
  }
}

export type LoggedHeights = ReturnType<typeof createLoggedHeights>
