import { verifySignature as verify } from '../../../src/base/crypto-node.js'

export {
  generateSeed,
  isValidPublicKey,
  publicKeyOf,
  sha256,
  sha256Hex,
  sha256Into,
  signer
} from '../../../src/base/crypto-node.js'

let checked = 0

/** See src/base/crypto.ts: the same, counted. */
export const verifySignature: typeof verify = (publicKey, message, signature) => {
  checked++
  return verify(publicKey, message, signature)
}

/** Signatures that were checked in this process so far. */
export function signaturesChecked(): number {
  return checked
}
