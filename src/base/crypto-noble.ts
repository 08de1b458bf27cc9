import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 as nobleSha256, sha512 } from '@noble/hashes/sha2.js'
import { isValidPublicKey } from './ed25519.js'
import { assertInvariant } from './errors.js'
import { bytesToHex, hexToBytes } from './hex.js'
import { isSignature } from './ids.js'
import { keyFromText, PUBLIC_KEY_BYTES } from './keys.js'
import { utf8Bytes } from './utf8.js'

export { isValidPublicKey }

const { Point } = ed25519

/** Bytes of a private key seed (RFC 8032, section 5.1.5). */
const SEED_BYTES = 32

/** See crypto.ts. */
export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data)
}

/** See crypto.ts. */
export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(nobleSha256(typeof data === 'string' ? utf8Bytes(data) : data))
}

/** See crypto.ts. */
export function sha256Into(data: string | Uint8Array, target: Uint8Array, at: number): void {
  target.set(nobleSha256(typeof data === 'string' ? utf8Bytes(data) : data), at)
}

/** See crypto.ts. */
export function generateSeed(): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(SEED_BYTES))
}

/** See crypto.ts. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  assertInvariant(seed.length === SEED_BYTES, 'a private key seed has 32 bytes')
  return ed25519.getPublicKey(seed)
}

/** See crypto.ts. */
export function signer(seed: Uint8Array): (message: Uint8Array | string) => string {
  assertInvariant(seed.length === SEED_BYTES, 'a private key seed has 32 bytes')
  const secret = Uint8Array.from(seed)
  return (message) => bytesToHex(ed25519.sign(typeof message === 'string' ? utf8Bytes(message) : message, secret))
}

/**
 * See crypto.ts. Built from point arithmetic because `ed25519.verify` multiplies by the cofactor and so accepts
 * signatures with a small-order part in R that node:crypto refuses.
 */
export function verifySignature(
  publicKey: Uint8Array | string,
  message: Uint8Array | string,
  signatureHex: string
): boolean {
  if (!isSignature(signatureHex)) return false
  const key = typeof publicKey === 'string' ? keyFromText(publicKey) : publicKey
  if (key?.length !== PUBLIC_KEY_BYTES) return false
  const signature = hexToBytes(signatureHex)!
  const S = littleEndian(signature.subarray(32))
  if (S >= Point.Fn.ORDER) return false
  try {
    const A = Point.fromBytes(key, false) // refuses y >= p and a sign bit on x = 0
    const text = typeof message === 'string' ? utf8Bytes(message) : message
    const hash = sha512.create().update(signature.subarray(0, 32)).update(key).update(text).digest()
    const k = littleEndian(hash) % Point.Fn.ORDER
    const R = Point.BASE.multiplyUnsafe(S).subtract(A.multiplyUnsafe(k))
    return bytesToHex(R.toBytes()) === signatureHex.slice(0, 64)
  } catch {
    return false
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(Uint8Array.from(bytes).reverse())}`)
}
