import { canonicalText } from '../base/canonical.js'
import { isValidPublicKey, verifySignature } from '../base/crypto.js'
import type { Refusal } from '../base/errors.js'
import { keyFromText } from '../base/keys.js'
import { type Scope, taggedBytes } from '../base/tagged.js'
import {
  inviterProblem,
  isAdmittedAtOnce,
  newcomerWrites,
  openAdmission,
  readInvitationUse,
  roomProblem,
  useText
} from './admission-ballot.js'
import { judgeApproval } from './amendment-judge.js'
import { judgeEvidence } from './evidence.js'
import type { AdmitChange } from './governance-change.js'
import { judgeBallot, judgeProposal, judgeWithdrawal } from './governance-judge.js'
import type { ApprovalEffect } from './keep-record.js'
import type { SetChange } from './membership.js'
import type { Model } from './model.js'
import type { NetworkDefinition } from './network-definition.js'
import { placeProblem, takenProblem, withNewcomer } from './newcomer.js'
import { type Partner, type PartnerSet, partnerOf } from './partner-set.js'
import type { StateReader } from './state.js'
import { supportKey, supportText } from './support.js'
import { addressKey, invitationKey, nonceKey } from './system-keys.js'
import type { Invitation, SystemRecord } from './system-record.js'

/** What a system record is judged on. */
export interface SystemGround {
  readonly scope: Scope
  readonly network: NetworkDefinition
  /** In force at this height. */
  readonly model: Model
  /** In force at this height. */
  readonly partners: PartnerSet
  /** With every change decided so far, in this block too. */
  readonly latest: PartnerSet
  /** With every change decided before this block. */
  readonly latestModel: Model
  /** Version of the network in force at this height. */
  readonly version: number
  /** With every change decided before this block. */
  readonly latestVersion: number
  readonly state: StateReader
  /** Milliseconds since 1970, of the block. */
  readonly time: number
  readonly height: number
  /** Of the record that is judged. */
  readonly id: string
  /** How many proposals its author has in this block before it. */
  readonly proposedBefore: number
  /** How many words on amendments. */
  readonly wordsBefore: number
}

/** What an accepted system record brings about. */
export interface SystemEffect extends ApprovalEffect {
  readonly change?: SetChange
  /** State to write: keys and texts, in this order. */
  readonly writes?: readonly { readonly key: string; readonly text: string }[]
}

export type SystemVerdict =
  | { readonly ok: true; readonly effect: SystemEffect }
  | { readonly ok: false; readonly refusal: Refusal }

/** Tagged bytes of an invitation, signed by the inviter. */
export function invitationBytes(scope: Scope, invitation: Invitation): string {
  const { expires, inviter, key, name, partner, role } = invitation
  return taggedBytes('invitation', scope, canonicalText({ expires, inviter, key, name, partner, role }))
}

/** Tagged bytes of a joiner, signed by its own key and by that of its invitation. */
export function joinBytes(
  scope: Scope,
  join: { invitation: string; key: string; addresses: readonly string[] }
): string {
  const { addresses, invitation, key } = join
  return taggedBytes('join', scope, canonicalText({ addresses: [...addresses], invitation, key }))
}

/** Tagged bytes of a partner that lost its disk, signed by its key. */
export function rejoinBytes(scope: Scope, rejoin: { partner: string; incarnation: number; nonce: string }): string {
  const { incarnation, nonce, partner } = rejoin
  return taggedBytes('rejoin', scope, canonicalText({ incarnation, nonce, partner }))
}

/** Judges a system record: what execution says of it. Pure; the same on every machine. */
export function judgeSystem(ground: SystemGround, author: Partner, record: SystemRecord): SystemVerdict {
  switch (record.object) {
    case '_admit':
      return author.state === 'active' ? judgeAdmission(ground, record) : notActive(author)
    case '_ready':
      return judgeReady(ground, author)
    case '_address':
      return accepted({ writes: [{ key: addressKey(author.id), text: canonicalText([...record.addresses]) }] })
    case '_present':
      return author.state === 'active' ? accepted({}) : notActive(author)
    case '_revoke':
      return judgeRevocation(ground, author, record.key)
    case '_rejoin':
      return author.state === 'active' ? judgeRejoin(ground, record) : notActive(author)
    case '_evidence':
      return author.state === 'active' ? judgeEvidence(ground, record) : notActive(author)
    case '_proposal':
      return author.state === 'active' ? judgeProposal(ground, author, record) : notActive(author)
    case '_ballot':
      return author.state === 'active' ? judgeBallot(ground, author, record) : notActive(author)
    case '_withdraw':
      return author.state === 'active' ? judgeWithdrawal(ground, author, record.proposal) : notActive(author)
    case '_approve':
      return author.state === 'active' ? judgeApproval(ground, author, record) : notActive(author)
    case '_support':
      return accepted({ writes: [{ key: supportKey(author.id), text: supportText(record) }] })
  }
}

function judgeAdmission(ground: SystemGround, record: SystemRecord & { object: '_admit' }): SystemVerdict {
  const { scope, latest, latestModel, state, time } = ground
  const { network } = latestModel
  const { invitation, key, addresses } = record
  const problem = invitationProblem(ground, invitation, record.invitationSignature)
  if (problem !== null) return refused('NOT_PERMITTED', problem)
  if (time >= invitation.expires) return refused('NOT_PERMITTED', 'the invitation has expired')
  const before = readInvitationUse(state.get(invitationKey(invitation.key))?.text)
  if (before !== null) return refused('NOT_PERMITTED', `the invitation was ${useText(before)}`)
  const { name, partner, role } = invitation
  const change: AdmitChange = { kind: 'admit', addresses, invitation: invitation.key, key, name, partner, role }
  const misplaced = newcomerProblem(ground, change)
  if (misplaced !== null) return { ok: false, refusal: misplaced }
  const keyBytes = keyFromText(key)
  if (keyBytes === null || !isValidPublicKey(keyBytes)) return refused('NOT_PERMITTED', 'the key is not a valid one')
  const bytes = joinBytes(scope, { invitation: invitation.key, key, addresses })
  if (!verifySignature(key, bytes, record.keySignature)) return refused('NOT_PERMITTED', 'the key did not sign')
  if (!verifySignature(invitation.key, bytes, record.redeemSignature)) {
    return refused('NOT_PERMITTED', 'the invitation was redeemed by somebody who does not hold it')
  }
  if (admitsByBallot(ground)) {
    const gone = inviterProblem(network, ground, invitation.inviter)
    if (gone !== null) return refused('NOT_PERMITTED', gone)
    if (!isAdmittedAtOnce(network, latest, role)) {
      const full = roomProblem(state, invitation.inviter)
      if (full !== null) return refused('NOT_PERMITTED', full)
      return accepted({ writes: openAdmission({ ...ground, inviter: invitation.inviter, change }) })
    }
  }
  return accepted({ change: (set) => withNewcomer(network, set, change), writes: newcomerWrites(change) })
}

/** Whether admissions are voted on where the inviter's word alone is not enough: in version 1 it always was. */
function admitsByBallot({ version }: SystemGround): boolean {
  return version > 1
}

function newcomerProblem({ latestModel, partners, latest }: SystemGround, change: AdmitChange): Refusal | null {
  const { network } = latestModel
  if (!Object.hasOwn(network.roles, change.role)) {
    return { code: 'NOT_PERMITTED', message: `there is no role ${change.role}` }
  }
  const taken = takenProblem(partners, change) ?? takenProblem(latest, change)
  if (taken !== null) return { code: 'DUPLICATE', message: taken }
  const full = placeProblem(network, latest, change.role)
  return full === null ? null : { code: 'NOT_PERMITTED', message: full }
}

/** Why an invitation is none, apart from its use and expiry; null when it is good. */
export function invitationProblem(
  { scope, network, partners }: Pick<SystemGround, 'scope' | 'network' | 'partners'>,
  invitation: Invitation,
  signature: string
): string | null {
  const inviter = partnerOf(partners, invitation.inviter)
  if (inviter === undefined || inviter.state !== 'active') return `${invitation.inviter} is no active partner`
  if (network.roles[inviter.role]?.govern !== true) return `role ${inviter.role} may not invite`
  const signed = verifySignature(inviter.key, invitationBytes(scope, invitation), signature)
  return signed ? null : `${invitation.inviter} did not sign the invitation`
}

function judgeReady({ latest }: SystemGround, author: Partner): SystemVerdict {
  const state = partnerOf(latest, author.id)?.state
  if (state !== 'pending') return refused('NOT_PERMITTED', `${author.id} is ${state ?? 'no partner'}, not pending`)
  return accepted({ change: changeOf(author.id, (partner) => ({ ...partner, state: 'active' })) })
}

function judgeRevocation({ network, state }: SystemGround, author: Partner, key: string): SystemVerdict {
  if (author.state !== 'active') return notActive(author)
  if (network.roles[author.role]?.govern !== true) return refused('NOT_PERMITTED', `role ${author.role} may not revoke`)
  const before = readInvitationUse(state.get(invitationKey(key))?.text)
  if (before !== null) return refused('NOT_PERMITTED', `the invitation was ${useText(before)}`)
  return accepted({ writes: [{ key: invitationKey(key), text: 'revoked' }] })
}

function judgeRejoin(ground: SystemGround, record: SystemRecord & { object: '_rejoin' }): SystemVerdict {
  const { scope, latest } = ground
  const partner = partnerOf(latest, record.partner)
  if (partner === undefined || partner.state === 'removed')
    return refused('NOT_PERMITTED', `${record.partner} is no partner`)
  if (record.incarnation !== partner.incarnation + 1) {
    return refused('NOT_PERMITTED', `${record.partner} is at incarnation ${partner.incarnation}`)
  }
  if (!verifySignature(partner.key, rejoinBytes(scope, record), record.signature)) {
    return refused('NOT_PERMITTED', `${record.partner} did not sign`)
  }
  const { incarnation, nonce } = record
  return accepted({
    change: changeOf(partner.id, (before) => ({ ...before, incarnation })),
    writes: [{ key: nonceKey(partner.id), text: nonce }]
  })
}

function changeOf(id: string, change: (partner: Partner) => Partner): SetChange {
  return (set) => ({ ...set, partners: set.partners.map((partner) => (partner.id === id ? change(partner) : partner)) })
}

function accepted(effect: SystemEffect): SystemVerdict {
  return { ok: true, effect }
}

function refused(code: Refusal['code'], message: string): SystemVerdict {
  return { ok: false, refusal: { code, message } }
}

function notActive(author: Partner): SystemVerdict {
  return refused('NOT_PERMITTED', `partner ${author.id} is ${author.state}`)
}
