import { damaged } from './disk-errors.js'
import { HEAD_KEY } from './layout.js'
import type { LevelBatch, LevelDatabase, LevelSnapshot } from './level-database.js'
import type { BlockCommit, StoreCounts } from './store-types.js'

/** The newest block, and how much the store holds with it: what is missing shows by the numbers. */
export interface StoreHead {
  readonly height: number
  readonly hash: string
  readonly counts: StoreCounts
}

export const NO_COUNTS: StoreCounts = { blocks: 0, batches: 0, records: 0, states: 0, entries: 0, treeNodes: 0 }

export function writeHead(batch: LevelBatch, head: StoreHead): void {
  batch.putText(HEAD_KEY, JSON.stringify(head))
}

/** Null when no block was committed yet. */
export function readHead(database: LevelDatabase, snapshot?: LevelSnapshot): StoreHead | null {
  const text = database.getText(HEAD_KEY, snapshot)
  if (text === undefined) return null
  const head = JSON.parse(text) as StoreHead
  if (head.counts.blocks !== head.height) throw damaged('the head of the store', 'it does not count every block')
  return head
}

/** The counts with a block more. `statesAdded`: keys that had no state before it. */
export function addCounts(counts: StoreCounts = NO_COUNTS, block: BlockCommit, statesAdded: number): StoreCounts {
  return {
    blocks: counts.blocks + 1,
    batches: counts.batches + block.batches.length,
    records: counts.records + block.batches.reduce((sum, { count }) => sum + count, 0),
    states: counts.states + statesAdded,
    entries: counts.entries + block.entries.length,
    treeNodes: counts.treeNodes + block.treeNodes.length
  }
}
