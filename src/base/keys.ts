import { base58btc } from 'multiformats/bases/base58'

/** Bytes of an Ed25519 public key (RFC 8032). */
export const PUBLIC_KEY_BYTES = 32

/**
 * What libp2p writes before the 32 key bytes: identity multihash (00) of 36 bytes (24) with a protobuf of key type
 * Ed25519 (08 01) and 32 bytes of data (12 20). libp2p peer ids specification, "Peer Ids".
 */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** Base58 of 38 bytes that begin so has exactly this many characters: the first byte 00 is a `1`, the others take 51. */
const KEY_CHARS = 52

/**
 * A public key as libp2p writes the peer id of an Ed25519 key (`12D3KooW...`).
 * @param publicKey 32 bytes; that they are a good key is checked by `isValidPublicKey`, not here
 */
export function keyText(publicKey: Uint8Array): string {
  const bytes = new Uint8Array(PREFIX.length + PUBLIC_KEY_BYTES)
  bytes.set(PREFIX)
  bytes.set(publicKey, PREFIX.length)
  return base58btc.baseEncode(bytes)
}

/** The 32 bytes of a key text, or null when the text is not exactly what {@link keyText} writes. Never throws. */
export function keyFromText(text: string): Uint8Array | null {
  if (typeof text !== 'string' || text.length !== KEY_CHARS) return null
  let bytes: Uint8Array
  try {
    bytes = base58btc.baseDecode(text)
  } catch {
    return null
  }
  if (bytes.length !== PREFIX.length + PUBLIC_KEY_BYTES) return null
  if (!PREFIX.every((byte, i) => bytes[i] === byte)) return null
  return bytes.slice(PREFIX.length)
}
