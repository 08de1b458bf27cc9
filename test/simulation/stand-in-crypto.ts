import { createHash } from 'node:crypto'
import {
  sha256Hex as hashHex,
  sha256Into as hashInto,
  isValidPublicKey as isPoint,
  publicKeyOf
} from '../../src/base/crypto-node.js'
import { isSignature } from '../../src/base/ids.js'
import { keyText } from '../../src/base/keys.js'

export { generateSeed, publicKeyOf, sha256 } from '../../src/base/crypto-node.js'

/** Texts and signatures remembered; then all are forgotten, and worked out again. */
const REMEMBERED_MAX = 4_000

/** Hashes of texts, in hex and as bytes: every partner works out the same ones. */
const hexHashes = new Map<string, string>()
const byteHashes = new Map<string, Uint8Array>()

/** See src/base/crypto.ts. */
export function sha256Hex(data: string | Uint8Array): string {
  if (typeof data !== 'string') return hashHex(data)
  return hexHashes.get(data) ?? remembered(hexHashes, data, hashHex(data))
}

/** See src/base/crypto.ts. */
export function sha256Into(data: string | Uint8Array, target: Uint8Array, at: number): void {
  if (typeof data === 'string') target.set(byteHashes.get(data) ?? bytesOf(data), at)
  else hashInto(data, target, at)
}

function bytesOf(data: string): Uint8Array {
  const hash = new Uint8Array(32)
  hashInto(data, hash, 0)
  return remembered(byteHashes, data, hash)
}

function remembered<T>(all: Map<string, T>, name: string, value: T): T {
  if (all.size >= REMEMBERED_MAX) all.clear()
  all.set(name, value)
  return value
}

/** Keys that were looked at: the same few in every run. */
const points = new Map<string, boolean>()

/** See src/base/crypto.ts. */
export function isValidPublicKey(key: Uint8Array): boolean {
  const text = keyText(key)
  const known = points.get(text) ?? isPoint(key)
  points.set(text, known)
  return known
}

/** Seeds by key text. Only {@link signer} knows them, so whoever has no seed forges nothing. */
const seeds = new Map<string, Uint8Array>()

/** What a signature was made of, by signature: looked up, it need not be hashed again by everybody who gets it. */
const made = new Map<string, { readonly key: string; readonly message: Uint8Array | string }>()

/** See src/base/crypto.ts: the same face, at a thirtieth of the cost. A signature is a hash over seed and message. */
export function signer(seed: Uint8Array): (message: Uint8Array | string) => string {
  const key = keyText(publicKeyOf(seed))
  seeds.set(key, Uint8Array.from(seed))
  return (message) => {
    const signature = signatureOf(seed, message)
    remembered(made, signature, { key, message })
    return signature
  }
}

/** See src/base/crypto.ts. */
export function verifySignature(
  publicKey: Uint8Array | string,
  message: Uint8Array | string,
  signature: string
): boolean {
  const key = typeof publicKey === 'string' ? publicKey : keyText(publicKey)
  const known = made.get(signature)
  if (known !== undefined && known.key === key && known.message === message) return true
  const seed = seeds.get(key)
  return seed !== undefined && isSignature(signature) && signatureOf(seed, message) === signature
}

function signatureOf(seed: Uint8Array, message: Uint8Array | string): string {
  return createHash('sha512').update(seed).update(message).digest('hex')
}
