import { canonicalText } from '../base/canonical.js'
import type { Scope } from '../base/tagged.js'
import { taggedHash } from '../base/tagged.js'
import type { Genesis } from './genesis.js'
import type { QuorumRule } from './network-definition.js'
import { quorumOf } from './quorum.js'

/** State of a partner on the chain. Only active partners vote and append. */
export type ChainPartnerState = 'pending' | 'active' | 'suspended' | 'removed'

/** A partner as the chain knows it; members as they stand in the hashed set. */
export interface Partner {
  readonly id: string
  /** Raised by one with each rejoin after a lost disk, suspension, removal and change of the key. */
  readonly incarnation: number
  /** Key text, `12D3KooW...`. */
  readonly key: string
  readonly role: string
  readonly state: ChainPartnerState
  readonly voter: boolean
}

/** The partners in force at a height, sorted by id, and the rule by which their votes count. */
export interface PartnerSet {
  readonly epoch: number
  readonly partners: readonly Partner[]
  readonly quorum: QuorumRule
}

/** The set in force from the first block on. */
export function foundingSet(genesis: Genesis): PartnerSet {
  const partners = genesis.partners.map(({ id, key, role }): Partner => {
    const voter = genesis.network.roles[role]?.vote === true
    return { id, incarnation: 0, key, role, state: 'active', voter }
  })
  return { epoch: 0, partners, quorum: genesis.network.quorum }
}

/** Hashes by set, each with the scope it was made for: two stand in every block, and sets change rarely. */
const hashes = new WeakMap<PartnerSet, { readonly scope: Scope; readonly hash: string }>()

/** Hash of the set, as headers name it. */
export function partnerSetHash(scope: Scope, set: PartnerSet): string {
  const known = hashes.get(set)
  if (known !== undefined && known.scope.genesis === scope.genesis && known.scope.epoch === scope.epoch)
    return known.hash
  const hash = taggedHash('partners', scope, partnerSetText(set))
  hashes.set(set, { scope, hash })
  return hash
}

/** The set as canonical JSON. */
export function partnerSetText(set: PartnerSet): string {
  const partners = set.partners.map(({ id, incarnation, key, role, state, voter }) => {
    return { id, incarnation, key, role, state, voter }
  })
  return canonicalText({ epoch: set.epoch, partners, quorum: set.quorum })
}

export function partnerOf(set: PartnerSet, id: string): Partner | undefined {
  return set.partners.find((partner) => partner.id === id)
}

/** Whether a partner is connected with, and blocks take its batches: it is neither suspended nor removed. */
export function takesPart({ state }: Partner): boolean {
  return state === 'active' || state === 'pending'
}

/** The partners whose votes count, sorted by id. */
export function votersOf(set: PartnerSet): readonly Partner[] {
  return set.partners.filter((partner) => partner.voter && partner.state === 'active')
}

/** Votes needed for a certificate of this set. */
export function quorumOfSet(set: PartnerSet): number {
  return quorumOf(votersOf(set).length, set.quorum)
}

/** Voters of this set that may be away or lie. */
export function faultsOfSet(set: PartnerSet): number {
  return votersOf(set).length - quorumOfSet(set)
}
