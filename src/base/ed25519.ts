import { ed25519 } from '@noble/curves/ed25519.js'
import { PUBLIC_KEY_BYTES } from './keys.js'

const { Point } = ed25519

/**
 * Whether 32 bytes are the canonical encoding of a number y < p with a sign bit that x can have (RFC 8032, 5.1.3):
 * OpenSSL reduces y and ignores the sign of x = 0, so that up to two texts would mean one point. Whether there is a
 * point with this y is not checked.
 */
export function isCanonicalPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== PUBLIC_KEY_BYTES) return false
  const high = bytes[31]!
  const low = bytes[0]!
  let ones = (high & 0x7f) === 0x7f
  let zeros = (high & 0x7f) === 0
  for (let i = 30; i > 0 && (ones || zeros); i--) {
    ones &&= bytes[i] === 0xff
    zeros &&= bytes[i] === 0
  }
  if (ones && low >= 0xed) return false // y >= p = 2^255 - 19
  const signed = (high & 0x80) !== 0
  if (!signed) return true
  // x = 0 exactly for y = 1 and y = p - 1
  return !(zeros && low === 1) && !(ones && low === 0xec)
}

/**
 * Whether the bytes are a public key that a partner may have: the canonical encoding of a point of the prime-order
 * subgroup, not the identity. Checked once, when a key is admitted: about 1 ms.
 */
export function isValidPublicKey(bytes: Uint8Array): boolean {
  if (!isCanonicalPoint(bytes)) return false
  try {
    const point = Point.fromBytes(bytes, false)
    return !point.is0() && point.isTorsionFree()
  } catch {
    return false
  }
}
