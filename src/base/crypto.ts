/**
 * Hashes, keys and signatures: the one interface, of which `crypto-node.ts` (node:crypto) and `crypto-noble.ts` (pure
 * JavaScript) are two implementations that agree on every input. Package.json gives browsers the second one.
 *
 * - `sha256(data)`: 32 bytes. `sha256Hex(data)`: the same as 64 lower-case hex digits; a string stands for its UTF-8.
 * - `sha256Into(data, target, at)`: writes the 32 bytes of the hash of `data` into `target` from `at` on; a string
 *   stands for its UTF-8.
 * - `generateSeed()`: 32 random bytes, a new private key. Only for the node and cli floors.
 * - `publicKeyOf(seed)`: the 32 bytes of its public key. Throws LedgerError INVARIANT when the seed has no 32 bytes.
 * - `signer(seed)`: a function that signs bytes (a string: its UTF-8) and returns 128 lower-case hex digits. RFC 8032,
 *   so equal messages have equal signatures. The key is imported once.
 * - `verifySignature(publicKey, message, signature)`: whether cofactorless RFC 8032 verification with canonical
 *   encodings accepts: encode([S]B - [k]A) = R and S < L, where k = SHA-512(R || A || M) mod L and A is a canonical
 *   point encoding. Key: 32 bytes or a key text (`keys.ts`); signature: 128 lower-case hex digits. Whatever is not of
 *   that form is false; it never throws on hostile input. That A is in the prime-order subgroup is not part of the
 *   equation: keys are admitted by `isValidPublicKey`.
 * - `isValidPublicKey(bytes)`: whether the bytes are a key a partner may have: canonical encoding of a point of the
 *   prime-order subgroup other than the identity.
 */
export * from './crypto-node.js'
