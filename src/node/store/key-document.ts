import { canonicalText } from '../../base/canonical.js'
import { publicKeyOf, sha256Hex } from '../../base/crypto.js'
import { bytesToHex, hexToBytes } from '../../base/hex.js'
import type { JsonObject } from '../../base/json.js'
import { keyFromText, keyText } from '../../base/keys.js'
import { type LockedKey, readLock } from './key-lock.js'

/** A partner's private key. */
export interface NodeKey {
  /** Key text, as in keys.ts. */
  readonly publicKey: string
  /** 32 bytes (RFC 8032). */
  readonly seed: Uint8Array
}

/** A key as it is stored: in clear, or locked with a passphrase. */
export type StoredKey = NodeKey | LockedKey

const CLEAR = 1
const LOCKED = 2
const TYPE = 'ed25519'
const SEED_BYTES = 32

const LOCKED_MEMBERS = 'checksum,cipher,kdf,publicKey,sealed,type,version'

export function isLocked(key: StoredKey): key is LockedKey {
  return 'sealed' in key
}

/**
 * A key as a JSON object: version 1 with the seed in clear, version 2 with the locked one and a checksum over the rest, so
 * that damage is told from a wrong passphrase.
 */
export function keyDocument(key: StoredKey): JsonObject {
  if (!isLocked(key)) {
    return { version: CLEAR, type: TYPE, publicKey: key.publicKey, seed: bytesToHex(key.seed) }
  }
  const { publicKey, kdf, cipher, sealed } = key
  const content = { version: LOCKED, type: TYPE, publicKey, kdf: { ...kdf }, cipher: { ...cipher }, sealed }
  return { ...content, checksum: sha256Hex(canonicalText(content)) }
}

/**
 * The key in a parsed document of {@link keyDocument}.
 * @returns why it is none, for people, when it is none; never the key itself
 */
export function readKeyDocument(value: unknown): StoredKey | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not a JSON object'
  const content = value as Readonly<Record<string, unknown>>
  const { version, type } = content
  if (typeof version === 'number' && version > LOCKED) {
    return `it has version ${version}, written by a newer ledger-node; upgrade this one`
  }
  if ((version !== CLEAR && version !== LOCKED) || type !== TYPE) return `it is not an ${TYPE} key of version 1 or 2`
  return version === CLEAR ? clearKeyIn(content) : lockedKeyIn(content)
}

function clearKeyIn(content: Readonly<Record<string, unknown>>): NodeKey | string {
  const { publicKey, seed: seedHex } = content
  const seed = typeof seedHex === 'string' ? hexToBytes(seedHex) : null
  if (seed === null || seed.length !== SEED_BYTES) return 'its seed is damaged'
  if (keyText(publicKeyOf(seed)) !== publicKey) return 'its seed and its public key do not belong together'
  return { publicKey, seed }
}

function lockedKeyIn(content: Readonly<Record<string, unknown>>): LockedKey | string {
  if (membersOf(content) !== LOCKED_MEMBERS) return 'it lacks members of a locked key, or has others'
  const { publicKey, checksum } = content
  if (typeof publicKey !== 'string' || keyFromText(publicKey) === null) return 'its public key is damaged'
  const key = readLock(publicKey, content)
  if (key === null) return 'its lock is damaged, or asks for more memory or time than this software takes'
  if (keyDocument(key).checksum !== checksum) return 'it is damaged: its checksum does not hold'
  return key
}

function membersOf(content: Readonly<Record<string, unknown>>): string {
  return Object.keys(content).sort().join()
}
