import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from 'node:crypto'
import { canonicalText } from '../../base/canonical.js'
import { bytesToHex, hexToBytes } from '../../base/hex.js'
import type { Json } from '../../base/json.js'

/** Cost of scrypt (RFC 7914): `N` a power of two, `r` blocks of 128 bytes, `p` lanes. It takes 128 * N * r bytes. */
export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** A private key that only its passphrase opens, as it stands in a key file (docs/formats.md, Key file). */
export interface LockedKey {
  /** Key text, as in keys.ts. */
  readonly publicKey: string
  readonly kdf: ScryptCost & {
    readonly name: 'scrypt'
    /** 32 hex digits. */
    readonly salt: string
  }
  readonly cipher: {
    readonly name: 'aes-256-gcm'
    /** 24 hex digits. */
    readonly nonce: string
  }
  /** The seed, sealed, and the tag: 96 hex digits. */
  readonly sealed: string
}

/** 128 MiB and a third of a second: what OWASP advises for scrypt, and what a small machine still has. */
export const COST_DEFAULT: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }

/** Bytes that a key file of others can make this process take. */
const MEMORY_MAX = 256 * 1024 * 1024

/** N * r * p, which the time grows with: four times that of {@link COST_DEFAULT}. */
const WORK_MAX = 2 ** 22

const N_MIN = 2 ** 10
const R_MAX = 32
const P_MAX = 16

const SALT_BYTES = 16
const NONCE_BYTES = 12
const SECRET_BYTES = 32
const SEED_BYTES = 32
const TAG_BYTES = 16

/** UTF-16 code units of a passphrase; shorter ones are only refused when one is chosen. */
export const PASSPHRASE_CHARS_MIN = 8
export const PASSPHRASE_CHARS_MAX = 1024

/** Whether a cost is one that this software takes from a file: bounded in memory and time. */
export function isCost({ N, r, p }: ScryptCost): boolean {
  const isWhole = [N, r, p].every((value) => Number.isSafeInteger(value) && value >= 1)
  if (!isWhole || r > R_MAX || p > P_MAX) return false
  const isPowerOfTwo = Number.isInteger(Math.log2(N))
  return isPowerOfTwo && N >= N_MIN && 128 * N * r <= MEMORY_MAX && N * r * p <= WORK_MAX
}

/** Locks a seed (32 bytes) with a passphrase; salt and nonce are new ones. */
export async function lockSeed(
  publicKey: string,
  seed: Uint8Array,
  passphrase: string,
  { N, r, p }: ScryptCost = COST_DEFAULT
): Promise<LockedKey> {
  const kdf = { name: 'scrypt', N, r, p, salt: bytesToHex(randomBytes(SALT_BYTES)) } as const
  const cipher = { name: 'aes-256-gcm', nonce: bytesToHex(randomBytes(NONCE_BYTES)) } as const
  const head = { publicKey, kdf, cipher }
  const secret = await secretOf(passphrase, kdf)
  const sealing = createCipheriv(cipher.name, secret, bytesOf(cipher.nonce), { authTagLength: TAG_BYTES })
  sealing.setAAD(boundBytes(head))
  const sealed = Buffer.concat([sealing.update(seed), sealing.final(), sealing.getAuthTag()])
  secret.fill(0)
  return { ...head, sealed: bytesToHex(sealed) }
}

/**
 * The seed in a locked key, 32 bytes; null when the passphrase is another one. The cipher also covers all the rest of the
 * key, so nothing of it was changed either.
 */
export async function unlockSeed(key: LockedKey, passphrase: string): Promise<Uint8Array | null> {
  const secret = await secretOf(passphrase, key.kdf)
  const sealed = bytesOf(key.sealed)
  const opening = createDecipheriv(key.cipher.name, secret, bytesOf(key.cipher.nonce), { authTagLength: TAG_BYTES })
  secret.fill(0)
  opening.setAAD(boundBytes(key))
  opening.setAuthTag(sealed.subarray(SEED_BYTES))
  const seed = opening.update(sealed.subarray(0, SEED_BYTES))
  try {
    opening.final()
    return new Uint8Array(seed)
  } catch {
    return null
  }
}

/** A locked key of the members of a file; null when it is none that {@link lockSeed} makes, or costs too much to open. */
export function readLock(publicKey: string, members: Readonly<Record<string, unknown>>): LockedKey | null {
  const { kdf, cipher, sealed } = members as { [Name in keyof LockedKey]?: LockedKey[Name] | null }
  if (!hasMembers(kdf, ['N', 'name', 'p', 'r', 'salt']) || !hasMembers(cipher, ['name', 'nonce'])) return null
  if (kdf.name !== 'scrypt' || cipher.name !== 'aes-256-gcm' || !isCost(kdf)) return null
  const isWhole =
    isHex(kdf.salt, SALT_BYTES) && isHex(cipher.nonce, NONCE_BYTES) && isHex(sealed, SEED_BYTES + TAG_BYTES)
  return isWhole ? { publicKey, kdf, cipher, sealed: sealed as string } : null
}

/** What the cipher covers besides the seed. */
function boundBytes({ publicKey, kdf, cipher }: Omit<LockedKey, 'sealed'>): Buffer {
  return Buffer.from(`ledger/key/2\n${canonicalText({ cipher, kdf, publicKey } as unknown as Json)}`, 'utf8')
}

function secretOf(passphrase: string, { N, r, p, salt }: LockedKey['kdf']): Promise<Buffer> {
  // A keyboard of another system may compose the same characters in another way (RFC 8265).
  const password = Buffer.from(passphrase.normalize('NFC'), 'utf8')
  const options: ScryptOptions = { N, r, p, maxmem: 2 * MEMORY_MAX }
  return new Promise((resolve, reject) => {
    scrypt(password, bytesOf(salt), SECRET_BYTES, options, (error, secret) => {
      password.fill(0)
      if (error === null) resolve(secret)
      else reject(error)
    })
  })
}

function hasMembers<T>(value: T | null | undefined, names: readonly string[]): value is T {
  if (typeof value !== 'object' || value === null) return false
  return Object.keys(value).sort().join() === [...names].sort().join()
}

function isHex(value: unknown, bytes: number): boolean {
  return typeof value === 'string' && hexToBytes(value)?.length === bytes
}

function bytesOf(hex: string): Uint8Array {
  return hexToBytes(hex) ?? new Uint8Array()
}
