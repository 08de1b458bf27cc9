import { ERROR_CODES, type ErrorCode } from '../../base/errors.js'
import { isPartnerId, isSignature, parseRecordId } from '../../base/ids.js'
import type { Json } from '../../base/json.js'
import { keyFromText } from '../../base/keys.js'
import { PARTNERS_MAX } from '../../base/limits.js'
import { asArray, asInteger, asString, asText, membersOf, ShapeError } from '../../ledger/json-shape.js'
import { ADDRESS_CHARS_MAX, ADDRESSES_MAX, type Invitation, shapeOfInvitation } from '../../ledger/system-record.js'

/** What somebody who holds an invitation sends; all that an `_admit` record needs (docs/formats.md, "Invitation"). */
export interface JoinRequest {
  readonly invitation: Invitation
  /** By the inviter. */
  readonly invitationSignature: string
  /** The joiner's key text; the connection's own. */
  readonly key: string
  readonly keySignature: string
  /** By the invitation's key. */
  readonly redeemSignature: string
  readonly addresses: readonly string[]
}

/** Where a partner's node is reached. */
export interface PeerAddress {
  readonly partner: string
  /** Key text. */
  readonly key: string
  readonly addresses: readonly string[]
}

/** How the ballot on an admission stands. */
export interface BallotProgress {
  /** Id of the proposal. */
  readonly proposal: string
  readonly yes: number
  readonly no: number
  /** How many yes it needs in all. */
  readonly needed: number
  /** Partners that may vote and have not. */
  readonly waiting: readonly string[]
  /** Milliseconds since 1970, of block time. */
  readonly expires: number
}

/**
 * - `admitted`: a block has the admission; the joiner is a partner from two heights later on
 * - `pending`: it was taken and no block has it yet; ask again
 * - `waiting`: the partners vote on the admission; ask again
 * - `refused`: it will never be taken
 */
export type JoinAnswer =
  | {
      readonly type: 'admitted' | 'pending'
      /** Canonical text of the genesis document. */
      readonly genesis: string
      readonly bootstrap: readonly PeerAddress[]
    }
  | ({ readonly type: 'waiting' } & BallotProgress)
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly message: string }

/** Bytes of a request: an invitation, three signatures and eight addresses are under 4 KiB. */
export const JOIN_REQUEST_BYTES_MAX = 8 * 1024

/** Bytes of an answer: a genesis with its model, and the addresses. */
export const JOIN_ANSWER_BYTES_MAX = 4 * 1024 * 1024

/** Most partners whose addresses a joiner is told: enough to find all the others in the chain. */
export const BOOTSTRAP_MAX = 16

export const MESSAGE_CHARS_MAX = 1000

/** Checks the shape of a request. Throws ShapeError. */
export function shapeOfJoinRequest(json: Json): JoinRequest {
  const names = ['addresses', 'invitation', 'invitationSignature', 'key', 'keySignature', 'redeemSignature']
  const request = membersOf(json, '', names)
  return {
    invitation: shapeOfInvitation(request.invitation, '/invitation'),
    invitationSignature: asText(request.invitationSignature, '/invitationSignature', isSignature, 'a signature'),
    key: asText(request.key, '/key', isKeyText, 'a key'),
    keySignature: asText(request.keySignature, '/keySignature', isSignature, 'a signature'),
    redeemSignature: asText(request.redeemSignature, '/redeemSignature', isSignature, 'a signature'),
    addresses: shapeOfAddresses(request.addresses, '/addresses')
  }
}

/** Checks the shape of an answer. Throws ShapeError. */
export function shapeOfJoinAnswer(json: Json): JoinAnswer {
  const type = json !== null && typeof json === 'object' && !Array.isArray(json) ? json.type : undefined
  if (type === 'refused') {
    const { code, message } = membersOf(json, '', ['code', 'message', 'type'])
    return {
      type,
      code: asText(code, '/code', isErrorCode, 'a code') as ErrorCode,
      message: asString(message, '/message', MESSAGE_CHARS_MAX)
    }
  }
  if (type === 'waiting') return { type, ...shapeOfProgress(json) }
  if (type !== 'admitted' && type !== 'pending') {
    throw new ShapeError('/type', 'must be admitted, pending, waiting or refused')
  }
  const { genesis, bootstrap } = membersOf(json, '', ['bootstrap', 'genesis', 'type'])
  return {
    type,
    genesis: asString(genesis, '/genesis', JOIN_ANSWER_BYTES_MAX),
    bootstrap: shapeOfPeerAddresses(bootstrap, '/bootstrap')
  }
}

function shapeOfProgress(json: Json): BallotProgress {
  const names = ['expires', 'needed', 'no', 'proposal', 'type', 'waiting', 'yes']
  const { expires, needed, no, proposal, waiting, yes } = membersOf(json, '', names)
  const isRecordId = (text: string): boolean => parseRecordId(text) !== null
  return {
    proposal: asText(proposal, '/proposal', isRecordId, 'the id of a record'),
    yes: asInteger(yes, '/yes', 0, PARTNERS_MAX),
    no: asInteger(no, '/no', 0, PARTNERS_MAX),
    needed: asInteger(needed, '/needed', 0, PARTNERS_MAX),
    waiting: asArray(waiting, '/waiting', PARTNERS_MAX).map((id, index) => {
      return asText(id, `/waiting/${index}`, isPartnerId, 'a partner id')
    }),
    expires: asInteger(expires, '/expires', 0, Number.MAX_SAFE_INTEGER)
  }
}

/** Checks the shape of a list of at most BOOTSTRAP_MAX partners with their addresses. Throws ShapeError. */
export function shapeOfPeerAddresses(json: Json | undefined, path: string): readonly PeerAddress[] {
  return asArray(json, path, BOOTSTRAP_MAX).map((item, index) => {
    const { partner, key, addresses } = membersOf(item, `${path}/${index}`, ['addresses', 'key', 'partner'])
    return {
      partner: asText(partner, `${path}/${index}/partner`, isPartnerId, 'a partner id'),
      key: asText(key, `${path}/${index}/key`, isKeyText, 'a key'),
      addresses: shapeOfAddresses(addresses, `${path}/${index}/addresses`)
    }
  })
}

function shapeOfAddresses(json: Json | undefined, path: string): readonly string[] {
  return asArray(json, path, ADDRESSES_MAX).map((item, index) => asString(item, `${path}/${index}`, ADDRESS_CHARS_MAX))
}

function isKeyText(text: string): boolean {
  return keyFromText(text) !== null
}

/** Whether a text from outside is one of our codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text)
}
