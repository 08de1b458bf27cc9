import { isValidPublicKey } from '../base/crypto.js'
import { isPartnerId } from '../base/ids.js'
import type { Json, JsonObject } from '../base/json.js'
import { keyFromText } from '../base/keys.js'
import { shapeOfVersionChange, type VersionChange } from './governance-version.js'
import { asObject, asString, asText, type MemberPath, membersOf, ShapeError } from './json-shape.js'
import type { Model } from './model.js'
import type { NetworkDefinition } from './network-definition.js'
import { placeProblem, takenProblem, withNewcomer } from './newcomer.js'
import { type Partner, type PartnerSet, partnerOf } from './partner-set.js'
import { VOTERS_MAX } from './quorum.js'

/** What a proposal would do to a partner (docs/formats.md, "Proposals"). */
export type PartnerChange =
  | { readonly kind: 'suspend' | 'reinstate' | 'remove'; readonly partner: string }
  | { readonly kind: 'role'; readonly partner: string; readonly role: string }
  | { readonly kind: 'key'; readonly partner: string; readonly key: string }

/** The admission of one who came with an invitation. Nobody proposes it: an `_admit` record does. */
export interface AdmitChange {
  readonly kind: 'admit'
  readonly addresses: readonly string[]
  /** Key text of the invitation. */
  readonly invitation: string
  readonly key: string
  readonly name: string
  readonly partner: string
  readonly role: string
}

/** What a partner proposes, as its record says it: of a partner, of the version, or of the network file as a whole. */
export type ProposedChange =
  | PartnerChange
  | VersionChange
  | { readonly kind: 'model'; readonly network: NetworkDefinition }

/** What is voted on, as the state keeps it: of a network file the hash, since its text stands beside it. */
export type KeptChange =
  | PartnerChange
  | AdmitChange
  | VersionChange
  | { readonly kind: 'model'; readonly model: string }

/** The same, ready to be carried out. */
export type Change = PartnerChange | AdmitChange | VersionChange | { readonly kind: 'model'; readonly model: Model }

/** What of a change counting its ballots needs. */
export type VotedChange =
  | PartnerChange
  | AdmitChange
  | VersionChange
  | { readonly kind: 'model'; readonly model: { readonly network: NetworkDefinition } }

export type ChangeKind = KeptChange['kind']

export type ProposedKind = ProposedChange['kind']

export const CHANGE_KINDS: readonly ProposedKind[] = [
  'model',
  'suspend',
  'reinstate',
  'remove',
  'role',
  'key',
  'version'
]

/** Checks the shape of a change that somebody proposes; a network definition is checked when it is compiled. Throws ShapeError. */
export function shapeOfChange(json: Json | undefined, path: MemberPath): ProposedChange {
  const { kind } = asObject(json, path)
  const members = (...more: string[]): JsonObject => membersOf(json, path, ['kind', 'partner', ...more])
  const partner = (of: JsonObject): string => asText(of.partner, `${path}/partner`, isPartnerId, 'a partner id')
  switch (kind) {
    case 'model': {
      const { network } = membersOf(json, path, ['kind', 'network'])
      return { kind, network: asObject(network, `${path}/network`) as unknown as NetworkDefinition }
    }
    case 'suspend':
    case 'reinstate':
    case 'remove':
      return { kind, partner: partner(members()) }
    case 'role': {
      const change = members('role')
      return { kind, partner: partner(change), role: asString(change.role, `${path}/role`, 64) }
    }
    case 'key': {
      const change = members('key')
      const key = asText(change.key, `${path}/key`, (text) => keyFromText(text) !== null, 'a key')
      return { kind, partner: partner(change), key }
    }
    case 'version':
      return shapeOfVersionChange(json, path)
    default:
      throw new ShapeError(`${path}/kind`, `must be one of ${CHANGE_KINDS.join(', ')}`)
  }
}

/** Why a change cannot be made to a set, or null. Of chain data only: whether partners are alive is not asked. */
export function changeProblem(
  network: NetworkDefinition,
  set: PartnerSet,
  change: PartnerChange | AdmitChange
): string | null {
  if (change.kind === 'admit') return takenProblem(set, change) ?? placeProblem(network, set, change.role)
  const partner = partnerOf(set, change.partner)
  if (partner === undefined || partner.state === 'removed') return `${change.partner} is no partner`
  return problemWith(network, set, partner, change) ?? problemAfter(network, applyChange(network, set, change))
}

function problemWith(
  network: NetworkDefinition,
  set: PartnerSet,
  partner: Partner,
  change: PartnerChange
): string | null {
  switch (change.kind) {
    case 'suspend':
      return partner.state === 'suspended' ? `${partner.id} is suspended already` : null
    case 'reinstate':
      return partner.state === 'suspended' ? null : `${partner.id} is ${partner.state}, not suspended`
    case 'remove':
      return null
    case 'role':
      // Only own members: anybody may propose "constructor" too.
      if (!Object.hasOwn(network.roles, change.role)) return `there is no role ${change.role}`
      return partner.role === change.role ? `${partner.id} has the role ${change.role} already` : null
    case 'key': {
      const owner = set.partners.find(({ key }) => key === change.key)
      if (owner !== undefined) return `${owner.id} has this key`
      const bytes = keyFromText(change.key)
      return bytes !== null && isValidPublicKey(bytes) ? null : 'the key is not a valid one'
    }
  }
}

/** Somebody must be left who can agree on blocks, and on the next change. */
export function problemAfter(network: NetworkDefinition, set: PartnerSet): string | null {
  if (governingIn(network, set).length === 0) return 'no active partner would be left whose role governs'
  if (!set.partners.some(({ voter, state }) => voter && state === 'active')) return 'no active voter would be left'
  const voters = set.partners.filter(({ voter, state }) => voter && state !== 'removed').length
  return voters > VOTERS_MAX ? `there would be more than ${VOTERS_MAX} voters` : null
}

/**
 * The set after a change that has no problem. Whatever a partner signed and no block has is void once it leaves or has
 * another key, so its incarnation is raised; who comes back is pending until its copy is complete.
 */
export function applyChange(
  network: NetworkDefinition,
  set: PartnerSet,
  change: PartnerChange | AdmitChange
): PartnerSet {
  if (change.kind === 'admit') return withNewcomer(network, set, change)
  const partners = set.partners.map((partner) => {
    return partner.id === change.partner ? changed(network, partner, change) : partner
  })
  return { ...set, partners }
}

function changed(network: NetworkDefinition, partner: Partner, change: PartnerChange): Partner {
  const incarnation = partner.incarnation + 1
  switch (change.kind) {
    case 'suspend':
      return { ...partner, incarnation, state: 'suspended' }
    case 'remove':
      return { ...partner, incarnation, state: 'removed' }
    case 'reinstate':
      return { ...partner, state: 'pending' }
    case 'role':
      return { ...partner, role: change.role, voter: network.roles[change.role]?.vote === true }
    case 'key':
      return { ...partner, incarnation, key: change.key }
  }
}

/** What of a partner a change rests on: when that is another one meanwhile, the change is stale. */
export function baseOf(set: PartnerSet, change: PartnerChange | AdmitChange): string {
  if (change.kind === 'admit') return takenProblem(set, change) ?? ''
  const partner = partnerOf(set, change.partner)
  return partner === undefined ? '' : restingOn(partner, change)
}

function restingOn(partner: Partner, change: PartnerChange): string {
  switch (change.kind) {
    case 'suspend':
    case 'reinstate':
    case 'remove':
      return partner.state
    case 'role':
      return `${partner.role} ${partner.state === 'removed'}`
    case 'key':
      return `${partner.key} ${partner.state === 'removed'}`
  }
}

/** Whether a partner may decide a change alone: to go, to pause, to take another key is its own affair. */
export function isOwnAffair(by: string, change: ProposedChange | KeptChange | VotedChange): boolean {
  if (change.kind === 'model' || change.kind === 'version' || change.partner !== by) return false
  return change.kind === 'suspend' || change.kind === 'remove' || change.kind === 'key'
}

/** The partners that may vote on changes, sorted by id. */
export function governingIn(network: NetworkDefinition, set: PartnerSet): readonly Partner[] {
  return set.partners.filter(({ role, state }) => state === 'active' && network.roles[role]?.govern === true)
}
