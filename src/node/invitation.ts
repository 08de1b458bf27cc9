import { canonicalText, readCanonical } from '../base/canonical.js'
import { publicKeyOf, sha256Hex } from '../base/crypto.js'
import { accept, LedgerError, type Outcome, refuse } from '../base/errors.js'
import { bytesToHex, hexToBytes } from '../base/hex.js'
import { isHash, isSignature } from '../base/ids.js'
import type { Json } from '../base/json.js'
import { keyText } from '../base/keys.js'
import type { Scope } from '../base/tagged.js'
import { asInteger, asString, asText, membersOf, ShapeError } from '../ledger/json-shape.js'
import { invitationBytes } from '../ledger/system-judge.js'
import { type Invitation, shapeOfInvitation } from '../ledger/system-record.js'
import { type PeerAddress, shapeOfPeerAddresses } from './network/join-messages.js'

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

/** Begins every token, so that people and programs know what they see. */
export const TOKEN_PREFIX = 'ledger-invite-1.'

/** Characters of a token: 16 partners with 8 addresses of 256 characters each fit, in base64url. */
export const TOKEN_CHARS_MAX = 64 * 1024

const TITLE_CHARS_MAX = 1000

/** Hex digits of a hash over all the rest: a token travels through chat and mail, and a slip must not look like fraud. */
const CHECK_CHARS = 16

const BASE64URL = /^[A-Za-z0-9_-]+$/

/**
 * Makes an invitation with a key of its own and signs it.
 * @returns the token; it is a secret between inviter and invited
 * @throws LedgerError LIMIT_EXCEEDED when what it should carry is too much
 */
export function createInvitation(options: CreateInvitationOptions): string {
  const { scope, title, inviter, partner, role, name, expires, bootstrap, seed } = options
  const invitation = { expires, inviter, key: keyText(publicKeyOf(seed)), name, partner, role }
  const token = tokenText({
    genesis: scope.genesis,
    epoch: scope.epoch,
    title,
    invitation,
    signature: options.sign(invitationBytes(scope, invitation)),
    secret: bytesToHex(seed),
    bootstrap
  })
  const read = readToken(token)
  if (!read.ok) throw new LedgerError('LIMIT_EXCEEDED', `the invitation cannot be written: ${read.refusal.message}`)
  return token
}

/** The one line of a token. */
export function tokenText(token: Token): string {
  const { bootstrap, epoch, genesis, invitation, secret, signature, title } = token
  const content = { bootstrap, epoch, genesis, invitation, secret, signature, title }
  const text = canonicalText(content as unknown as Json)
  return TOKEN_PREFIX + Buffer.from(checkOf(text) + text, 'utf8').toString('base64url')
}

/**
 * Reads a token; white space around it is left out. Whether the inviter signed it only a partner can say, who knows the
 * inviter's key.
 * @returns refusal MALFORMED or TOO_LARGE
 */
export function readToken(text: string): Outcome<Token> {
  const line = text.trim()
  if (line.length > TOKEN_CHARS_MAX) return refuse('TOO_LARGE', `it has more than ${TOKEN_CHARS_MAX} characters`)
  if (!line.startsWith(TOKEN_PREFIX)) return refuse('MALFORMED', `it does not begin with ${TOKEN_PREFIX}`)
  const encoded = line.slice(TOKEN_PREFIX.length)
  const bytes = Buffer.from(encoded, 'base64url')
  // Written again, since the decoder skips what it does not know and ignores loose bits at the end.
  if (!BASE64URL.test(encoded) || bytes.toString('base64url') !== encoded) {
    return refuse('MALFORMED', 'it was cut short or changed on its way')
  }
  const checked = bytes.toString('utf8')
  const content = checked.slice(CHECK_CHARS)
  if (!Buffer.from(checked, 'utf8').equals(bytes) || checked.slice(0, CHECK_CHARS) !== checkOf(content)) {
    return refuse('MALFORMED', 'it was cut short or changed on its way')
  }
  const json = readCanonical(content)
  if (!json.ok) return json
  try {
    return accept(shapeOfToken(json.value))
  } catch (error) {
    if (error instanceof ShapeError) return refuse('MALFORMED', error.message, { path: error.path })
    throw error
  }
}

function shapeOfToken(json: Json): Token {
  const names = ['bootstrap', 'epoch', 'genesis', 'invitation', 'secret', 'signature', 'title']
  const token = membersOf(json, '', names)
  const secret = asText(token.secret, '/secret', isHash, '64 hex digits')
  const invitation = shapeOfInvitation(token.invitation, '/invitation')
  if (keyText(publicKeyOf(seedOf(secret))) !== invitation.key) {
    throw new ShapeError('/secret', "is not that of the invitation's key")
  }
  return {
    genesis: asText(token.genesis, '/genesis', isHash, 'a hash'),
    epoch: asInteger(token.epoch, '/epoch', 0, Number.MAX_SAFE_INTEGER),
    title: asString(token.title, '/title', TITLE_CHARS_MAX),
    invitation,
    signature: asText(token.signature, '/signature', isSignature, 'a signature'),
    secret,
    bootstrap: shapeOfPeerAddresses(token.bootstrap, '/bootstrap')
  }
}

/** The 32 bytes of a token's secret. */
export function seedOf(secret: string): Uint8Array {
  const seed = hexToBytes(secret)
  if (seed === null) throw new LedgerError('INVARIANT', 'a secret is hex')
  return seed
}

function checkOf(content: string): string {
  return sha256Hex(`${TOKEN_PREFIX}\n${content}`).slice(0, CHECK_CHARS)
}
