import { LedgerError } from '../../base/errors.js'
import { readBlock } from './block-table.js'
import { openBytes, openText } from './checked-value.js'
import { historyEntry } from './history-index.js'
import { blockPartOf, bodyKey, bodyNumberKey, KIND, keyName } from './layout.js'
import type { LevelDatabase } from './level-database.js'
import type { StoreHead } from './store-head.js'
import type { StoreCounts } from './store-types.js'

const HASH_CHARS = 64

/**
 * Reads every value of the store once, in the order of the keys, and holds what there is against what the head counts:
 * what was lost shows as a number that is too low. Waits for the disk between values, so a node works on meanwhile.
 * @param head the head to count by; null when the store holds no block. Blocks committed meanwhile make the counts
 * differ, so these are compared only if `isCurrent` still holds at the end
 * @returns what was found
 */
export async function checkWholeStore(
  database: LevelDatabase,
  head: StoreHead | null,
  options: {
    readonly onProblem: (what: string) => void
    readonly isCurrent: () => boolean
    readonly signal?: AbortSignal | undefined
  }
): Promise<StoreCounts> {
  const { onProblem, isCurrent, signal } = options
  const counts = { blocks: 0, batches: 0, records: 0, states: 0, entries: 0, treeNodes: 0 }
  let readable = true
  try {
    for await (const [key, stored] of database.rawPairs({})) {
      signal?.throwIfAborted()
      report(onProblem, () => {
        checkPair(key, stored)
        countPair(key, counts)
      })
    }
  } catch (error) {
    // Behind what LevelDB cannot read there may be more, so the numbers will say nothing.
    readable = false
    report(onProblem, () => {
      throw error
    })
  }
  const height = head?.height ?? 0
  for (let at = 1; at <= height; at++) {
    signal?.throwIfAborted()
    report(onProblem, () => checkBlock(database, at, counts, onProblem))
    if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  if (head !== null && readable && isCurrent()) {
    for (const [name, expected] of Object.entries(head.counts) as [keyof StoreCounts, number][]) {
      if (counts[name] !== expected)
        onProblem(`the store holds ${counts[name]} ${name}, not the ${expected} that it wrote`)
    }
  }
  return counts
}

function checkPair(key: string, stored: Buffer): void {
  if (key.startsWith(KIND.body)) {
    openBytes(key, stored, HASH_CHARS, keyName)
    return
  }
  const text = openText(key, stored.toString('utf8'), keyName)
  if (key.startsWith(KIND.history)) historyEntry(key, text)
}

function countPair(key: string, counts: { -readonly [Name in keyof StoreCounts]: number }): void {
  if (key.startsWith(KIND.state)) counts.states += 1
  else if (key.startsWith(KIND.history)) counts.entries += 1
  else if (key.startsWith(KIND.tree)) counts.treeNodes += 1
  else if (key.startsWith(KIND.block) && blockPartOf(key) === 'header') counts.blocks += 1
}

/** What a block leads to: its parts, and the bodies of its batches. */
function checkBlock(
  database: LevelDatabase,
  height: number,
  counts: { -readonly [Name in keyof StoreCounts]: number },
  onProblem: (what: string) => void
): void {
  const block = readBlock(database, height)
  if (block === undefined) {
    onProblem(`block ${height} is missing`)
    return
  }
  for (const { hash, count } of block.batches) {
    counts.batches += 1
    counts.records += count
    const bodyNumber = database.getText(bodyNumberKey(hash))
    const body = bodyNumber === undefined ? undefined : database.getBytes(bodyKey(Number(bodyNumber)), HASH_CHARS)
    if (body?.head !== hash) onProblem(`batch ${hash} of block ${height} is missing`)
  }
}

/** Damage is what is looked for; anything else that goes wrong ends the check. */
function report(onProblem: (what: string) => void, check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'STORE_DAMAGED') throw error
    onProblem(error.message)
  }
}
