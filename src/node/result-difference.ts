import { recordId } from '../base/ids.js'
import { leafHash, merklePaths, rootFromPath } from '../base/merkle.js'
import type { BlockHeader } from '../ledger/block.js'
import type { ExecutedBlock } from '../ledger/chain.js'
import type { CheckedBatch } from '../ledger/execution.js'
import type { NetworkDefinition } from '../ledger/network-definition.js'
import { type Verdict, verdictLeaf } from '../ledger/verdict.js'

/** How the reason of a nil prevote begins whose voter computes another result for the block (docs/partners.md). */
const RESULT_DIFFERS = 'RESULT_DIFFERS'

/** Records of a block up to which the one that differs is searched for. */
const RECORDS_SEARCHED_MAX = 256

/** Hashes that the search may cost: a liar can have every node search at each of its turns, and nothing else runs meanwhile. */
const HASHES_MAX = 10_000

/** Batches that are named when the record is not found. */
const BATCHES_NAMED_MAX = 4

/** Codes with which execution refuses a record for another reason than a rule. */
const CODES_WITHOUT_RULE = ['SCHEMA', 'NOT_PERMITTED', 'REFERENCE_MISSING', 'DUPLICATE', 'MALFORMED'] as const

/** Members of a header that follow from the chain before the block, whatever is executed. */
const GIVEN = ['model', 'partners', 'nextPartners', 'history'] as const

/** The reason for which a voter refuses a block whose result is another here: code, block hash, then plain words. */
export function resultDiffers(block: string, difference: string): string {
  return `${RESULT_DIFFERS} ${block}: ${difference}`
}

/** Takes such a reason apart; null for any other. */
export function readResultDiffers(reason: string): { readonly block: string; readonly difference: string } | null {
  const match = /^RESULT_DIFFERS ([0-9a-f]{64}): (.*)$/s.exec(reason)
  return match === null ? null : { block: match[1]!, difference: match[2]! }
}

/**
 * What sets a block apart from the same block as it was executed here, in plain words. `isResult` tells whether it is what
 * execution led to: else the block was made for another chain, and no batch is to blame.
 */
export function headerDifference(
  network: NetworkDefinition,
  theirs: BlockHeader,
  ours: ExecutedBlock,
  batches: readonly CheckedBatch[]
): { readonly isResult: boolean; readonly text: string } {
  const other = GIVEN.filter((name) => theirs[name] !== ours.header[name])
  if (other.length > 0) return { isResult: false, text: `its header names another ${other.join(', ')}` }
  const { verdicts, result } = ours.header
  const isSame = theirs.verdicts.root === verdicts.root && theirs.verdicts.count === verdicts.count
  if (!isSame) return { isResult: true, text: verdictDifference(theirs, placesOf(network, ours, batches), batches) }
  if (theirs.result === result) return { isResult: false, text: 'its header is not the one that execution gives' }
  return { isResult: true, text: `the same verdicts lead to another state here, in ${named(batches)}` }
}

interface Place {
  readonly id: string
  readonly batch: number
  readonly index: number
  readonly verdict: Verdict
  /** Rules that may refuse the record. */
  readonly rules: readonly string[]
}

function verdictDifference(theirs: BlockHeader, places: readonly Place[], batches: readonly CheckedBatch[]): string {
  const [only] = places
  if (places.length <= RECORDS_SEARCHED_MAX && theirs.verdicts.count === places.length) {
    const found = foundDifference(theirs.verdicts.root, places)
    if (found !== null) return found
  }
  if (places.length === 1 && only !== undefined) return `record ${only.id} is ${verdictText(only.verdict)} here only`
  return `some verdicts differ, in ${named(batches)}`
}

/** Tries other verdicts of each record, the likeliest first: one that leads to their root is the one that differs. */
function foundDifference(root: string, places: readonly Place[]): string | null {
  const paths = merklePaths(places.map(({ batch, index, verdict }) => leafHash(verdictLeaf(batch, index, verdict))))
  const others = places.map(({ rules }) => otherVerdicts(rules))
  const kinds = Math.max(...others.map((verdicts) => verdicts.length))
  let hashes = 0
  for (let kind = 0; kind < kinds; kind++) {
    for (const [at, place] of places.entries()) {
      const other = others[at]?.[kind]
      const path = paths[at]
      if (other === undefined || path === undefined) continue
      hashes += path.length + 1
      if (hashes > HASHES_MAX) return null
      const leaf = leafHash(verdictLeaf(place.batch, place.index, other))
      if (rootFromPath(leaf, at, places.length, path) !== root) continue
      return `record ${place.id} is ${verdictText(place.verdict)} here and ${verdictText(other)} by the block`
    }
  }
  return null
}

function placesOf(network: NetworkDefinition, ours: ExecutedBlock, batches: readonly CheckedBatch[]): Place[] {
  return ours.execution.verdicts.flatMap((verdicts, batch) => {
    const { header, records } = batches[batch]!
    return verdicts.map((verdict, index): Place => {
      const object = records.at(index)?.object
      const { rules: tests = [], limits = [] } = network.objects[object?.name ?? ''] ?? {}
      const rules = [...tests, ...limits].map(({ id }) => id)
      return { id: recordId(header.author, header.sequence, index), batch, index, verdict, rules }
    })
  })
}

function otherVerdicts(rules: readonly string[]): Verdict[] {
  const refusal = (code: (typeof CODES_WITHOUT_RULE)[number] | 'RULE_BROKEN' | 'RULE_ERROR'): Verdict => {
    return { code, message: '' }
  }
  return [
    null,
    ...rules.flatMap((rule): Verdict[] => [
      { code: 'RULE_BROKEN', message: '', rule },
      { code: 'RULE_ERROR', message: '', rule }
    ]),
    ...CODES_WITHOUT_RULE.map(refusal)
  ]
}

function verdictText(verdict: Verdict): string {
  if (verdict === null) return 'accepted'
  const rule = verdict.rule === undefined ? '' : ` ${verdict.rule}`
  return `refused (${verdict.code}${rule})`
}

function named(batches: readonly CheckedBatch[]): string {
  const names = batches.slice(0, BATCHES_NAMED_MAX).map(({ header }) => `${header.author}/${header.sequence}`)
  const more = batches.length - names.length
  return `${batches.length === 1 ? 'batch' : 'one of the batches'} ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
