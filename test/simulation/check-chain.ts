import { sha256Hex } from '../../src/base/crypto.js'
import { merkleRootOf, merkleRootOfHashes } from '../../src/base/merkle.js'
import { taggedBytes } from '../../src/base/tagged.js'
import type { BlockHeader } from '../../src/ledger/block.js'
import type { StoredBlock } from '../../src/node/store/store-types.js'
import { BrokenPromise } from './broken-promise.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { StoreContent } from './virtual-store.js'

type Refused = readonly [batch: number, index: number, refusal: { readonly code: string; readonly rule?: string }]

/** The same blocks everywhere at each height, with the same outcome. Gives the longest copy. */
export function checkAgreement(disks: ReadonlyMap<string, StoreContent>): StoreContent {
  const copies = [...disks.values()].sort((a, b) => b.blocks.length - a.blocks.length)
  const longest = copies[0]!
  for (const [id, { blocks }] of disks) {
    for (const [index, block] of blocks.entries()) {
      const other = longest.blocks[index]!
      const same = block.height === index + 1 && block.hash === other.hash && block.header === other.header
      if (!same) throw new BrokenPromise('agreement', `${id} has another block ${index + 1} than somebody else`)
      if (block.refusals !== other.refusals) {
        throw new BrokenPromise('results are equal', `${id} has other verdicts in block ${index + 1}`)
      }
    }
  }
  return longest
}

/**
 * Each block is what its hash says, follows the one before, is later, and lists what it holds.
 * @param lastOfEpoch height of the last block before a recovery; infinite where there is none
 */
export function checkLinks({ genesis }: SimulatedGenesis, { blocks }: StoreContent, lastOfEpoch: number): void {
  let previous = genesis.hash
  let time = genesis.genesis.time
  for (const block of blocks) {
    const header = JSON.parse(block.header) as BlockHeader
    const wrong = (what: string): BrokenPromise =>
      new BrokenPromise('the chain holds together', `block ${block.height} ${what}`)
    const epoch = block.height > lastOfEpoch ? 1 : 0
    if (sha256Hex(taggedBytes('block', { genesis: genesis.hash, epoch }, block.header)) !== block.hash) {
      throw wrong('has another hash')
    }
    if (header.height !== block.height) throw wrong(`says that it is ${header.height}`)
    if (header.previous !== previous) throw wrong('follows another one')
    if (header.time <= time) throw wrong('is not later than the one before')
    const root = merkleRootOfHashes(block.batches.map(({ hash }) => hash))
    if (root !== header.batches.root || block.batches.length !== header.batches.count)
      throw wrong('lists other batches')
    if (header.verdicts.count !== recordsIn(block)) throw wrong('has too many or too few verdicts')
    if (header.verdicts.root !== merkleRootOf(verdictsOf(block))) throw wrong('has another root of its verdicts')
    previous = block.hash
    time = header.time
  }
}

/** One line for each record: its place, and what was said of it. */
function verdictsOf({ batches, refusals }: StoredBlock): string[] {
  const refused = new Map(
    (JSON.parse(refusals) as Refused[]).map(([batch, index, { code, rule = '' }]) => [
      `${batch},${index}`,
      `"refused","${code}",${JSON.stringify(rule)}`
    ])
  )
  return batches.flatMap(({ count }, batch) =>
    Array.from({ length: count }, (_, index) => {
      const place = `${batch},${index}`
      return `[${place},${refused.get(place) ?? '"accepted"'}]`
    })
  )
}

function recordsIn({ batches }: StoredBlock): number {
  return batches.reduce((sum, { count }) => sum + count, 0)
}

/** Copies that are equally long have the same state. */
export function checkResults(disks: ReadonlyMap<string, StoreContent>, longest: StoreContent): void {
  for (const [id, { blocks, state }] of disks) {
    if (blocks.length !== longest.blocks.length || state === longest.state) continue
    let differs = state.size !== longest.state.size
    for (const [key, { text }] of state) differs ||= longest.state.get(key)?.text !== text
    if (differs) throw new BrokenPromise('results are equal', `${id} has another state at ${blocks.length}`)
  }
}
