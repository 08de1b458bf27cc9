import type { QuorumRule } from './network-definition.js'

/**
 * Votes needed out of n voters (design: consensus). `two-thirds`: floor(2n/3) + 1, safe while fewer than a third lie.
 * `majority`: floor(n/2) + 1, safe only while nobody signs two conflicting votes or loses its log.
 */
export function quorumOf(rule: QuorumRule, voters: number): number {
  return rule === 'two-thirds' ? Math.floor((2 * voters) / 3) + 1 : Math.floor(voters / 2) + 1
}
