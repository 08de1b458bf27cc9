import { canonicalText } from '../base/canonical.js'
import type { Refusal } from '../base/errors.js'
import { merkleRootOf } from '../base/merkle.js'
import type { CountedRoot } from './block.js'

/** What execution said of a record: null when accepted. */
export type Verdict = Refusal | null

/** The leaf that a block's verdict root covers (docs/formats.md, "Block"). `batch` and `index` are positions from 0. */
export function verdictLeaf(batch: number, index: number, verdict: Verdict): string {
  if (verdict === null) return `[${batch},${index},"accepted"]`
  return `[${batch},${index},"refused","${verdict.code}",${canonicalText(verdict.rule ?? '')}]`
}

/** All verdict leaves of a block, in block order. */
export function verdictLeaves(verdicts: readonly (readonly Verdict[])[]): string[] {
  return verdicts.flatMap((batch, position) => batch.map((verdict, index) => verdictLeaf(position, index, verdict)))
}

/** Roots of blocks without refusals, by the counts of their batches: most blocks are such, and many are alike. */
const acceptedRoots = new Map<string, CountedRoot>()

const ACCEPTED_ROOTS_MAX = 256

export function verdictRoot(verdicts: readonly (readonly Verdict[])[]): CountedRoot {
  if (!verdicts.every((batch) => batch.every((verdict) => verdict === null))) return rootOf(verdicts)
  const counts = verdicts.map((batch) => batch.length).join()
  let root = acceptedRoots.get(counts)
  if (root === undefined) {
    root = rootOf(verdicts)
    if (acceptedRoots.size >= ACCEPTED_ROOTS_MAX) acceptedRoots.clear()
    acceptedRoots.set(counts, root)
  }
  return root
}

function rootOf(verdicts: readonly (readonly Verdict[])[]): CountedRoot {
  const leaves = verdictLeaves(verdicts)
  return { count: leaves.length, root: merkleRootOf(leaves) }
}

/** A refusal with the position of its record in the block. */
export interface PlacedRefusal {
  readonly batch: number
  readonly index: number
  readonly refusal: Refusal
}

export function refusalsOf(verdicts: readonly (readonly Verdict[])[]): PlacedRefusal[] {
  return verdicts.flatMap((verdictsOfBatch, batch) => {
    return verdictsOfBatch.flatMap((refusal, index) => (refusal === null ? [] : [{ batch, index, refusal }]))
  })
}
