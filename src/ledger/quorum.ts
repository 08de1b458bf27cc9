import { assertInvariant } from '../base/errors.js'
import type { QuorumRule } from './network-definition.js'

/** Most voters of a network: bounds every set of votes. */
export const VOTERS_MAX = 128

/**
 * How many votes decide, Q: floor(2n/3) + 1, or floor(n/2) + 1.
 * @param voters how many vote, 1 to VOTERS_MAX
 */
export function quorumOf(voters: number, rule: QuorumRule): number {
  assertInvariant(Number.isInteger(voters) && voters >= 1 && voters <= VOTERS_MAX, 'a quorum needs 1 to 128 voters')
  return Math.floor(rule === 'two-thirds' ? (2 * voters) / 3 : voters / 2) + 1
}

/** How many voters may be missing while a quorum is still there: f = n - Q. Any f + 1 voters include one of a quorum. */
export function faultsOf(voters: number, rule: QuorumRule): number {
  return voters - quorumOf(voters, rule)
}

/** What a network of so many voters withstands. */
export interface QuorumPromise {
  readonly voters: number
  readonly rule: QuorumRule
  readonly quorum: number
  /** So many voters may lie (sign conflicting votes, withhold, forge) without two partners ever differing. */
  readonly liars: number
  /** So many voters may be silent and records are still committed. */
  readonly silent: number
}

/**
 * What a network withstands, as plain data for whoever has to say it in words.
 *
 * Two quorums share at least 2Q - n voters; two partners can only differ when all of those lie. Under `two-thirds` that
 * is more than f, so f liars are withstood; fewer than four voters withstand nothing (f = 0). Under `majority` two
 * quorums may share a single voter: it withstands no liar, and is safe only while nobody signs two conflicting votes or
 * loses its log.
 */
export function quorumPromise(voters: number, rule: QuorumRule): QuorumPromise {
  const silent = faultsOf(voters, rule)
  return { voters, rule, quorum: quorumOf(voters, rule), liars: rule === 'two-thirds' ? silent : 0, silent }
}
