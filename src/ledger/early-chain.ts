import { MEMBERSHIP_KEY } from './membership.js'
import type { StateReader } from './state.js'

/**
 * State key that stands in early chains: those whose first change of the partners was decided by a version that did not
 * keep the sets. The results of such a chain cover none of its sets, for as long as it goes on (docs/formats.md, "Result
 * hash"). No result covers this key itself.
 */
export const EARLY_KEY = 'early:'

export function isEarly(state: StateReader): boolean {
  return state.get(EARLY_KEY) !== undefined
}

/** Whether the chain has not shown yet which one it is: its first change of the partners does. */
export function isUndecided(state: StateReader): boolean {
  return state.get(MEMBERSHIP_KEY) === undefined
}
