import { canonicalText } from '../base/canonical.js'
import type { StateEntry, StateReader } from './state.js'

/** State key of the charged voters, see proposer-order.ts. */
export const CHARGES_KEY = 'c:'

/** Ids of the charged voters after this state, the one charged last at the end. */
export function chargesIn(state: StateReader): readonly string[] {
  const entry = state.get(CHARGES_KEY)
  if (entry === undefined) return []
  entry.memo ??= JSON.parse(entry.text)
  return entry.memo as readonly string[]
}

export function chargesEntry(charges: readonly string[]): StateEntry {
  return { text: canonicalText([...charges]), memo: charges }
}
