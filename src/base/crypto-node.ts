import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { verifySignature as verifyByEquation } from './crypto-noble.js'
import { isCanonicalPoint, isValidPublicKey } from './ed25519.js'
import { assertInvariant } from './errors.js'
import { bytesToHex, hexToBytes } from './hex.js'
import { isSignature } from './ids.js'
import { keyFromText, keyText, PUBLIC_KEY_BYTES } from './keys.js'
import { KEYS_CACHED_MAX } from './limits.js'
import { utf8Bytes } from './utf8.js'

export { isValidPublicKey }

/** Bytes of a private key seed (RFC 8032, section 5.1.5). */
const SEED_BYTES = 32

/** DER before the 32 bytes of an Ed25519 private key (PKCS #8) and public key (SPKI): RFC 8410, sections 7 and 4. */
const PKCS8 = '302e020100300506032b657004220420'
const SPKI = '302a300506032b6570032100'

/** Public keys by key text, oldest first: importing one costs as much as a verification. */
const importedKeys = new Map<string, KeyObject>()

/** The identity point, encoded. OpenSSL refuses it from 3.5 on (Node 24), where the equation holds and older ones agree. */
const IDENTITY = `01${'00'.repeat(31)}`

/** y of the points whose order divides 8 (RFC 8032, section 5.1), without the sign: OpenSSL's versions differ on these too. */
const SMALL_ORDER = [
  IDENTITY,
  '00'.repeat(32),
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'
]

const smallOrderKeys = new WeakSet<KeyObject>()

/** See crypto.ts. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(32)
  sha256Into(data, digest, 0)
  return digest
}

/** See crypto.ts. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex')
}

/** See crypto.ts. */
export function sha256Into(data: string | Uint8Array, target: Uint8Array, at: number): void {
  // A text of bytes costs half of what a Buffer does.
  const digest = hash('sha256', data, 'binary')
  for (let i = 0; i < 32; i++) target[at + i] = digest.charCodeAt(i)
}

/** See crypto.ts. */
export function generateSeed(): Uint8Array {
  return Uint8Array.from(randomBytes(SEED_BYTES))
}

/** See crypto.ts. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(spki.subarray(SPKI.length / 2))
}

/** See crypto.ts. */
export function signer(seed: Uint8Array): (message: Uint8Array | string) => string {
  const key = privateKey(seed)
  return (message) => sign(null, typeof message === 'string' ? utf8Bytes(message) : message, key).toString('hex')
}

/** See crypto.ts. */
export function verifySignature(
  publicKey: Uint8Array | string,
  message: Uint8Array | string,
  signatureHex: string
): boolean {
  if (!isSignature(signatureHex)) return false
  if (typeof publicKey !== 'string' && publicKey?.length !== PUBLIC_KEY_BYTES) return false
  try {
    const key = importedKey(publicKey)
    if (key === null) return false
    if (signatureHex.startsWith(IDENTITY) || smallOrderKeys.has(key)) {
      return verifyByEquation(publicKey, message, signatureHex)
    }
    const text = typeof message === 'string' ? utf8Bytes(message) : message
    return verify(null, text, key, hexToBytes(signatureHex)!)
  } catch {
    return false
  }
}

function privateKey(seed: Uint8Array): KeyObject {
  assertInvariant(seed.length === SEED_BYTES, 'a private key seed has 32 bytes')
  return createPrivateKey({ key: der(PKCS8, seed), format: 'der', type: 'pkcs8' })
}

function importedKey(publicKey: Uint8Array | string): KeyObject | null {
  // One name for a key however it is given, so that no text is taken for a key that is not one.
  const name = typeof publicKey === 'string' ? publicKey : keyText(publicKey)
  const known = importedKeys.get(name)
  if (known !== undefined) return known
  const bytes = keyFromText(name)
  if (bytes === null || !isCanonicalPoint(bytes)) return null
  const key = createPublicKey({ key: der(SPKI, bytes), format: 'der', type: 'spki' })
  if (importedKeys.size >= KEYS_CACHED_MAX) importedKeys.delete(importedKeys.keys().next().value!)
  if (isSmallOrder(bytes)) smallOrderKeys.add(key)
  importedKeys.set(name, key)
  return key
}

/** Whether a canonical point is one of the eight whose order divides 8. */
function isSmallOrder(bytes: Uint8Array): boolean {
  const hex = bytesToHex(bytes)
  return SMALL_ORDER.includes(
    `${hex.slice(0, -2)}${(Number.parseInt(hex.slice(-2), 16) & 0x7f).toString(16).padStart(2, '0')}`
  )
}

function der(prefix: string, key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(prefix, 'hex'), key])
}
