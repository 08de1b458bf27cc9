import type { NetworkDefinition, Threshold, ThresholdKind } from './network-definition.js'

/** From the least to the most: each needs at least as many yes as the one before it, of however many may vote. */
export const THRESHOLDS: readonly Threshold[] = ['one', 'majority', 'two-thirds', 'all']

/** The threshold of each kind of change where the network file names none. */
export const THRESHOLDS_DEFAULT: Readonly<Record<ThresholdKind, Threshold>> = {
  admit: 'two-thirds',
  key: 'two-thirds',
  model: 'two-thirds',
  reinstate: 'two-thirds',
  remove: 'two-thirds',
  role: 'two-thirds',
  suspend: 'majority',
  version: 'two-thirds'
}

/** Everything a network file can set a threshold for. */
export const THRESHOLD_KINDS = Object.keys(THRESHOLDS_DEFAULT) as readonly ThresholdKind[]

/** The threshold of a kind of change under a network definition. */
export function thresholdOf({ thresholds }: Pick<NetworkDefinition, 'thresholds'>, kind: ThresholdKind): Threshold {
  return thresholds?.[kind] ?? THRESHOLDS_DEFAULT[kind]
}

/** The one that needs the most; at least one must be given. */
export function strictestOf(thresholds: readonly Threshold[]): Threshold {
  const places = thresholds.map((threshold) => THRESHOLDS.indexOf(threshold))
  return THRESHOLDS[Math.max(...places)] ?? 'all'
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
      // Where nobody governs nothing passes.
      return Math.max(1, governing)
  }
}
