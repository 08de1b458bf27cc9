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

export function verdictRoot(verdicts: readonly (readonly Verdict[])[]): CountedRoot {
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
