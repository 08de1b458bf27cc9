import { signer } from '../../src/base/crypto.js'
import type { Scope } from '../../src/base/tagged.js'
import { invitationBytes, joinBytes } from '../../src/ledger/system-judge.js'
import type { Invitation } from '../../src/ledger/system-record.js'
import type { Said } from './governance-chain.js'
import { FOUNDED_AT, keyOf, seedOf } from './small-chain.js'

/** What is to be otherwise of an invitation of p1 for `p7`, an inspector, that p7 redeems. */
export interface AdmissionForTest {
  readonly invitation?: Partial<Invitation>
  /** Whose key the newcomer has. @default that of the invited id */
  readonly joiner?: string
  /** Who signs the invitation. @default its inviter */
  readonly signedBy?: string
  /** Made the key of the invitation. @default `token of ID` */
  readonly token?: string
}

/** A key text of the invitation for an id, see {@link admitOf}. */
export function tokenOf(id: string): string {
  return keyOf(`token of ${id}`)
}

/** The record that asks for an admission, whole and rightly signed. */
export function admitOf(scope: Scope, partner: string, more: AdmissionForTest = {}): Said {
  const { joiner = partner, token = `token of ${partner}` } = more
  const invitation: Invitation = {
    expires: FOUNDED_AT + 60 * 24 * 3_600_000,
    inviter: 'p1',
    key: keyOf(token),
    name: `Name of ${partner}`,
    partner,
    role: 'inspector',
    ...more.invitation
  }
  const key = keyOf(joiner)
  const addresses = [`/dns4/${partner}.example/tcp/1`]
  const bytes = joinBytes(scope, { invitation: invitation.key, key, addresses })
  return {
    object: '_admit',
    data: {
      addresses,
      invitation: { ...invitation },
      invitationSignature: signer(seedOf(more.signedBy ?? invitation.inviter))(invitationBytes(scope, invitation)),
      key,
      keySignature: signer(seedOf(joiner))(bytes),
      redeemSignature: signer(seedOf(token))(bytes)
    }
  }
}

export function revocationOf(key: string): Said {
  return { object: '_revoke', data: { key } }
}
