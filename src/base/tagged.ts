import { sha256Hex } from './crypto.js'

/** What everything signed or hashed belongs to: a network by its genesis hash, and an epoch (0 until a recovery). */
export interface Scope {
  readonly genesis: string
  readonly epoch: number
}

/** Version of every tag; a later format of one tag gets a later number (docs/formats.md, Conventions). */
const VERSION = 1

/**
 * The text that is hashed or signed, as UTF-8, for `tag`: a tag line, then the body. Nothing signed for one purpose,
 * network or epoch then serves for another.
 * @param tag such as `batch`, `block`, `vote`
 * @param body canonical JSON, unless docs/formats.md says otherwise for the tag
 */
export function taggedBytes(tag: string, scope: Scope, body: string): string {
  return `ledger/${tag}/${VERSION} ${scope.genesis} ${scope.epoch}\n${body}`
}

/** Hash (64 lower-case hex digits) of {@link taggedBytes}. */
export function taggedHash(tag: string, scope: Scope, body: string): string {
  return sha256Hex(taggedBytes(tag, scope, body))
}

/** Like {@link taggedBytes} for what exists before the genesis hash does: the genesis itself and the model in it. */
export function genesisBytes(tag: 'genesis' | 'model', body: string): string {
  return `ledger/${tag}/${VERSION}\n${body}`
}

/** Hash (64 lower-case hex digits) of {@link genesisBytes}. */
export function genesisHash(tag: 'genesis' | 'model', body: string): string {
  return sha256Hex(genesisBytes(tag, body))
}
