import { partnerOf, quorumOfSet, votersOf } from '../ledger/partner-set.js'
import type { Chain } from './chain.js'

export interface InStepDependencies {
  readonly chain: Chain
  readonly self: string
  readonly connected: () => readonly string[]
  /** Newest height a partner has told of; null while it has not. */
  readonly heightOf: (partner: string) => number | null
  /** Whether blocks are being fetched, or a connected partner has some that are not here. */
  readonly behind: () => boolean
  /** Whether others have vouched for this node since its start. */
  readonly maySign: () => boolean
}

/**
 * Whether this node's copy is as new as it can know: it is behind nobody connected, and of each quorum that could decide
 * something it hears at least one voter. Only then is a refusal by its own copy final; otherwise a block judges.
 */
export function isInStep({ chain, self, connected, heightOf, behind, maySign }: InStepDependencies): boolean {
  const { partners } = chain.rulebook
  if (partnerOf(partners, self) === undefined || !maySign() || behind()) return false
  const near = new Set(connected())
  const heard = votersOf(partners).filter(({ id }) => id === self || (near.has(id) && heightOf(id) !== null))
  return heard.length > votersOf(partners).length - quorumOfSet(partners)
}
