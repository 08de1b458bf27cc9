import { LedgerError } from '../../base/errors.js'
import { readBlock, readLocation } from './block-table.js'
import { openBytes } from './checked-value.js'
import { blockPartOf, bodyKey, bodyNumberKey, KIND, keyName } from './layout.js'
import type { LevelDatabase } from './level-database.js'
import type { StoreHead } from './store-head.js'
import type { StoreCounts } from './store-types.js'

const HASH_CHARS = 64

type Tally = { -readonly [Name in keyof StoreCounts]: number }

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
  const counts: Tally = { blocks: 0, batches: 0, records: 0, states: 0, entries: 0, treeNodes: 0 }
  const bodies = { stored: 0, indexed: 0 }
  let readable = true
  try {
    for await (const page of database.rawPages({})) {
      signal?.throwIfAborted()
      for (const [key, stored] of page) {
        countPair(key, counts)
        if (key.startsWith(KIND.body)) bodies.stored += 1
        if (key.startsWith(KIND.bodyNumber)) bodies.indexed += 1
        report(onProblem, () => openBytes(key, stored, 0, keyName))
      }
    }
  } catch (error) {
    // Behind what LevelDB cannot read there may be more, so the numbers will say nothing.
    readable = false
    report(onProblem, () => {
      throw error
    })
  }
  if (readable && bodies.stored !== bodies.indexed) {
    onProblem(`the store holds ${bodies.stored} batch bodies, and names ${bodies.indexed}`)
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

function countPair(key: string, counts: Tally): void {
  if (key.startsWith(KIND.state)) counts.states += 1
  else if (key.startsWith(KIND.history)) counts.entries += 1
  else if (key.startsWith(KIND.tree)) counts.treeNodes += 1
  else if (key.startsWith(KIND.block) && blockPartOf(key) === 'header') counts.blocks += 1
}

/** What a block leads to: its parts, its batches' places and bodies. */
function checkBlock(database: LevelDatabase, height: number, counts: Tally, onProblem: (what: string) => void): void {
  const block = readBlock(database, height)
  if (block === undefined) {
    onProblem(`block ${height} is missing`)
    return
  }
  for (const [position, { author, sequence, hash, count }] of block.batches.entries()) {
    counts.batches += 1
    counts.records += count
    const location = readLocation(database, author, sequence)
    if (location?.height !== height || location.position !== position || location.hash !== hash) {
      onProblem(`location of batch ${author}/${sequence} is not in block ${height}`)
    }
    const bodyNumber = database.getText(bodyNumberKey(hash))
    const body = bodyNumber === undefined ? undefined : database.getBytes(bodyKey(Number(bodyNumber)), HASH_CHARS)
    if (body?.head !== hash) onProblem(`batch ${hash} of block ${height} is missing`)
  }
}

/** Damage is what is looked for; anything else that goes wrong ends the check. */
function report(onProblem: (what: string) => void, check: () => unknown): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'STORE_DAMAGED') throw error
    onProblem(error.message)
  }
}
