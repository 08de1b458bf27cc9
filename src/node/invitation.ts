import type { Outcome } from '../base/errors.js'
import type { Scope } from '../base/tagged.js'
import type { Invitation } from '../ledger/system-record.js'
import type { PeerAddress } from './network/join-messages.js'

/** What a token carries: one line of text that whoever holds it may join with. */
export interface Token {
  /** Genesis hash of the network. */
  readonly genesis: string
  readonly epoch: number
  /** The network's title, for people. */
  readonly title: string
  readonly invitation: Invitation
  /** By the inviter, over the invitation. */
  readonly signature: string
  /** Seed of the invitation's key, 64 hex digits: whoever has it may redeem the invitation. */
  readonly secret: string
  readonly bootstrap: readonly PeerAddress[]
}

export interface CreateInvitationOptions {
  readonly scope: Scope
  readonly title: string
  /** Own partner id. */
  readonly inviter: string
  /** Signs with the inviter's key. */
  readonly sign: (bytes: string) => string
  /** Id, role and name of who is invited. */
  readonly partner: string
  readonly role: string
  readonly name: string
  /** Milliseconds since 1970. */
  readonly expires: number
  readonly bootstrap: readonly PeerAddress[]
  /** 32 random bytes, used for this invitation only. */
  readonly seed: Uint8Array
}

export declare function createInvitation(options: CreateInvitationOptions): string
export declare function readToken(text: string): Outcome<Token>
