import type { Refusal } from '../base/errors.js'
import { parseJson } from '../base/json-names.js'
import type { PlacedRefusal } from '../ledger/verdict.js'

/**
 * A block's refusals as the store keeps them: JSON, one `[batch, index, refusal]` each. Only code and rule are
 * on the chain; message and details are this node's own words, worked out at execution.
 */
export function encodeRefusals(refusals: readonly PlacedRefusal[]): string {
  return JSON.stringify(refusals.map(({ batch, index, refusal }) => [batch, index, refusal]))
}

/** Reads what {@link encodeRefusals} wrote, from a store whose checksums held. */
export function decodeRefusals(text: string): PlacedRefusal[] {
  const placed = parseJson(text) as [number, number, Refusal][]
  return placed.map(([batch, index, refusal]) => ({ batch, index, refusal }))
}

/**
 * Whether two blocks' refusals say the same. The words of a rule are the network's and have to be; all other words are those of
 * a build, which a younger one may choose better.
 */
export function isSameRefusals(one: string, other: string): boolean {
  return one === other || withoutOwnWords(one) === withoutOwnWords(other)
}

function withoutOwnWords(text: string): string {
  return encodeRefusals(
    decodeRefusals(text).map(({ refusal: { expected: _, ...refusal }, ...place }) => {
      if (refusal.code === 'RULE_BROKEN') return { ...place, refusal }
      const { message: _words, details: _values, ...kept } = refusal
      return { ...place, refusal: { ...kept, message: '' } }
    })
  )
}
