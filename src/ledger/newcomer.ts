import { PARTNERS_MAX } from '../base/limits.js'
import type { NetworkDefinition } from './network-definition.js'
import { type Partner, type PartnerSet, partnerOf } from './partner-set.js'
import { VOTERS_MAX } from './quorum.js'

/** Who is to become a partner: id, key text and role. */
export interface Newcomer {
  readonly partner: string
  readonly key: string
  readonly role: string
}

/** Who has the id or the key of a newcomer already, in words; null when nobody has. */
export function takenProblem(set: PartnerSet, { partner, key }: Newcomer): string | null {
  if (partnerOf(set, partner) !== undefined) return `${partner} is a partner`
  const same = set.partners.find((other) => other.key === key)
  return same === undefined ? null : `${same.id} has this key`
}

/** Why there is no such place for a newcomer, or null: no such role, or too many partners or voters. */
export function placeProblem(network: NetworkDefinition, set: PartnerSet, role: string): string | null {
  // Only own members: an inviter may write "constructor" too.
  if (!Object.hasOwn(network.roles, role)) return `there is no role ${role}`
  if (set.partners.length >= PARTNERS_MAX) return `there are ${PARTNERS_MAX} partners`
  const voters = set.partners.filter(({ state, voter }) => voter && state !== 'removed').length
  return network.roles[role]?.vote === true && voters >= VOTERS_MAX ? `there are ${VOTERS_MAX} voters` : null
}

/** The set with a newcomer, who is pending until its copy is complete. */
export function withNewcomer(network: NetworkDefinition, set: PartnerSet, newcomer: Newcomer): PartnerSet {
  const { partner: id, key, role } = newcomer
  const partner: Partner = {
    id,
    incarnation: 0,
    key,
    role,
    state: 'pending',
    voter: network.roles[role]?.vote === true
  }
  return { ...set, partners: [...set.partners, partner].sort((a, b) => (a.id < b.id ? -1 : 1)) }
}
