import type { ChangeKind } from './governance-change.js'

/** How many of the partners whose role governs must say yes. */
export type Threshold = 'one' | 'majority' | 'two-thirds' | 'all'

export const THRESHOLDS: readonly Threshold[] = ['one', 'majority', 'two-thirds', 'all']

/** The threshold of each kind of change where the network file names none. */
export const THRESHOLDS_DEFAULT: Readonly<Record<ChangeKind, Threshold>> = {
  suspend: 'majority',
  reinstate: 'two-thirds',
  remove: 'two-thirds',
  role: 'two-thirds',
  key: 'two-thirds',
  admit: 'two-thirds'
}

/**
 * How many yes a change needs: 1, floor(n/2) + 1, floor(2n/3) + 1, or n.
 * @param governing how many partners may vote on it, at least 1
 */
export function votesNeeded(threshold: Threshold, governing: number): number {
  switch (threshold) {
    case 'one':
      return 1
    case 'majority':
      return Math.floor(governing / 2) + 1
    case 'two-thirds':
      return Math.floor((2 * governing) / 3) + 1
    case 'all':
      return governing
  }
}
