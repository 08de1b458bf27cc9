import { accept, type Outcome, refuse } from '../base/errors.js'
import { isHash, isPartnerId, isSignature, parseRecordId } from '../base/ids.js'
import type { Json, JsonObject } from '../base/json.js'
import { keyFromText } from '../base/keys.js'
import { type BatchHeader, shapeOfSignedHeader } from './batch.js'
import { type ProposedChange, shapeOfChange } from './governance-change.js'
import { asArray, asInteger, asString, asText, membersOf, ShapeError } from './json-shape.js'
import { type Support, shapeOfSupport } from './support.js'
import { type ProposalBody, shapeOfProposal, shapeOfVote, type VoteBody } from './vote.js'

/** What an invitation says; the inviter signs it (docs/formats.md, "Invitation"). */
export interface Invitation {
  /** Milliseconds since 1970, compared with block time. */
  readonly expires: number
  readonly inviter: string
  /** Key text of a key made for this invitation: its holder is the one who is invited. */
  readonly key: string
  readonly name: string
  readonly partner: string
  readonly role: string
}

/** Two signed messages of one partner that no honest partner signs both (docs/formats.md, "Evidence"). */
export type Evidence =
  | { readonly kind: 'vote'; readonly first: Signed<VoteBody>; readonly second: Signed<VoteBody> }
  | { readonly kind: 'proposal'; readonly first: Signed<ProposalBody>; readonly second: Signed<ProposalBody> }
  | { readonly kind: 'batch'; readonly first: Signed<BatchHeader>; readonly second: Signed<BatchHeader> }

export type Signed<T> = T & { readonly signature: string }

/** Records of the network about itself. They take the ordinary way through batches, blocks and receipts. */
export type SystemRecord =
  | {
      readonly object: '_admit'
      readonly invitation: Invitation
      readonly invitationSignature: string
      /** Key of the partner that joins. */
      readonly key: string
      readonly keySignature: string
      /** By the invitation's key over the same bytes: nobody else can redeem it for another key. */
      readonly redeemSignature: string
      readonly addresses: readonly string[]
    }
  | { readonly object: '_ready'; readonly height: number; readonly block: string }
  | { readonly object: '_address'; readonly addresses: readonly string[] }
  | { readonly object: '_present'; readonly height: number }
  | { readonly object: '_revoke'; readonly key: string }
  | {
      readonly object: '_rejoin'
      readonly partner: string
      readonly incarnation: number
      /** 64 hex digits that nobody could know before. */
      readonly nonce: string
      readonly signature: string
    }
  | ({ readonly object: '_evidence' } & Evidence)
  | {
      readonly object: '_proposal'
      readonly change: ProposedChange
      /** Milliseconds since 1970, compared with block time. */
      readonly expires: number
      readonly reason: string
    }
  /** `proposal`: id of the record that made it. */
  | { readonly object: '_ballot'; readonly proposal: string; readonly reason: string; readonly yes: boolean }
  | { readonly object: '_withdraw'; readonly proposal: string }
  /** `amendment`: id of the amendment. */
  | { readonly object: '_approve'; readonly amendment: string; readonly reason: string; readonly yes: boolean }
  | ({ readonly object: '_support' } & Support)

/** Most addresses of a partner, and characters of one. */
export const ADDRESSES_MAX = 8
export const ADDRESS_CHARS_MAX = 256

/** Most characters of the reason for a proposal or a ballot. */
export const REASON_CHARS_MAX = 200

/** Objects whose names begin so are the network's own. */
export function isSystemObject(name: string): boolean {
  return name.startsWith('_')
}

/** Reads the data of a system record. Refusal UNKNOWN_OBJECT, or SCHEMA with the member to blame. */
export function readSystemRecord(object: string, data: JsonObject): Outcome<SystemRecord> {
  // Only own members: "__proto__" and the like are names that anybody may write.
  const read = Object.hasOwn(READERS, object) ? READERS[object] : undefined
  if (read === undefined) return refuse('UNKNOWN_OBJECT', `there is no object "${object.slice(0, 64)}"`)
  try {
    return accept(read(data))
  } catch (error) {
    if (error instanceof ShapeError) return refuse('SCHEMA', error.message, { path: error.path })
    throw error
  }
}

const READERS: Readonly<Record<string, (data: JsonObject) => SystemRecord>> = {
  _admit(data) {
    const members = ['addresses', 'invitation', 'invitationSignature', 'key', 'keySignature', 'redeemSignature']
    const admit = membersOf(data, '', members)
    return {
      object: '_admit',
      invitation: shapeOfInvitation(admit.invitation, '/invitation'),
      invitationSignature: signature(admit.invitationSignature, '/invitationSignature'),
      key: key(admit.key, '/key'),
      keySignature: signature(admit.keySignature, '/keySignature'),
      redeemSignature: signature(admit.redeemSignature, '/redeemSignature'),
      addresses: addresses(admit.addresses)
    }
  },
  _ready(data) {
    const { block, height } = membersOf(data, '', ['block', 'height'])
    return { object: '_ready', height: natural(height, '/height'), block: asText(block, '/block', isHash, 'a hash') }
  },
  _address(data) {
    return { object: '_address', addresses: addresses(membersOf(data, '', ['addresses']).addresses) }
  },
  _present(data) {
    return { object: '_present', height: natural(membersOf(data, '', ['height']).height, '/height') }
  },
  _revoke(data) {
    return { object: '_revoke', key: key(membersOf(data, '', ['key']).key, '/key') }
  },
  _rejoin(data) {
    const {
      incarnation,
      nonce,
      partner,
      signature: by
    } = membersOf(data, '', ['incarnation', 'nonce', 'partner', 'signature'])
    return {
      object: '_rejoin',
      partner: asText(partner, '/partner', isPartnerId, 'a partner id'),
      incarnation: asInteger(incarnation, '/incarnation', 1, 2 ** 31),
      nonce: asText(nonce, '/nonce', isHash, '64 hex digits'),
      signature: signature(by, '/signature')
    }
  },
  _evidence(data) {
    return { object: '_evidence', ...shapeOfEvidence(data) }
  },
  _proposal(data) {
    const { change, expires, reason } = membersOf(data, '', ['change', 'expires', 'reason'])
    return {
      object: '_proposal',
      change: shapeOfChange(change, '/change'),
      expires: natural(expires, '/expires'),
      reason: asString(reason, '/reason', REASON_CHARS_MAX)
    }
  },
  _ballot(data) {
    const { proposal, reason, yes } = membersOf(data, '', ['proposal', 'reason', 'yes'])
    if (typeof yes !== 'boolean') throw new ShapeError('/yes', 'must be true or false')
    const because = asString(reason, '/reason', REASON_CHARS_MAX)
    return { object: '_ballot', proposal: idOfRecord(proposal, '/proposal'), reason: because, yes }
  },
  _withdraw(data) {
    return { object: '_withdraw', proposal: idOfRecord(membersOf(data, '', ['proposal']).proposal, '/proposal') }
  },
  _approve(data) {
    const { amendment, reason, yes } = membersOf(data, '', ['amendment', 'reason', 'yes'])
    if (typeof yes !== 'boolean') throw new ShapeError('/yes', 'must be true or false')
    const because = asString(reason, '/reason', REASON_CHARS_MAX)
    return { object: '_approve', amendment: idOfRecord(amendment, '/amendment'), reason: because, yes }
  },
  _support(data) {
    return { object: '_support', ...shapeOfSupport(data) }
  }
}

/** Names of all objects of the network about itself. */
export const SYSTEM_OBJECTS: readonly string[] = Object.keys(READERS)

/** Checks the shape of evidence. Throws ShapeError. */
export function shapeOfEvidence(data: JsonObject): Evidence {
  const { kind, first, second } = membersOf(data, '', ['first', 'kind', 'second'])
  switch (kind) {
    case 'vote':
      return { kind, first: shapeOfVote(first, '/first'), second: shapeOfVote(second, '/second') }
    case 'proposal':
      return { kind, first: shapeOfProposal(first, '/first'), second: shapeOfProposal(second, '/second') }
    case 'batch':
      return { kind, first: shapeOfSignedHeader(first, '/first'), second: shapeOfSignedHeader(second, '/second') }
    default:
      throw new ShapeError('/kind', 'must be vote, proposal or batch')
  }
}

/** Checks the shape of an invitation. Throws ShapeError. */
export function shapeOfInvitation(json: Json | undefined, path: string): Invitation {
  const invitation = membersOf(json, path, ['expires', 'inviter', 'key', 'name', 'partner', 'role'])
  return {
    expires: natural(invitation.expires, `${path}/expires`),
    inviter: asText(invitation.inviter, `${path}/inviter`, isPartnerId, 'a partner id'),
    key: key(invitation.key, `${path}/key`),
    name: asString(invitation.name, `${path}/name`, 200),
    partner: asText(invitation.partner, `${path}/partner`, isPartnerId, 'a partner id'),
    role: asString(invitation.role, `${path}/role`, 64)
  }
}

function addresses(json: Json | undefined): readonly string[] {
  const list = asArray(json, '/addresses', ADDRESSES_MAX)
  return list.map((address, index) => asString(address, `/addresses/${index}`, ADDRESS_CHARS_MAX))
}

function key(json: Json | undefined, path: string): string {
  return asText(json, path, (text) => keyFromText(text) !== null, 'a key')
}

function signature(json: Json | undefined, path: string): string {
  return asText(json, path, isSignature, 'a signature')
}

function idOfRecord(json: Json | undefined, path: string): string {
  return asText(json, path, (text) => parseRecordId(text) !== null, 'the id of a record')
}

function natural(json: Json | undefined, path: string): number {
  return asInteger(json, path, 0, Number.MAX_SAFE_INTEGER - 1)
}
