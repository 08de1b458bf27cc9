import { sha256Hex, sha256Into } from './crypto.js'
import { assertInvariant, LedgerError } from './errors.js'
import { bytesToHex, hexInto } from './hex.js'
import { isHash } from './ids.js'
import { LEAVES_MAX, LOG_LEAVES_MAX } from './limits.js'

/** Root of the tree without leaves: SHA-256 of nothing (RFC 9162, section 2.1.1). */
export const EMPTY_ROOT = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const HASH_BYTES = 32
const LEAF_TAG = 0
const NODE_TAG = 1
/** A node is hashed over its tag and the hashes of both its children. */
const NODE_BYTES = 1 + 2 * HASH_BYTES

/** Hash of a leaf: SHA-256(00 || data), 64 hex digits. A string stands for its UTF-8, not for bytes written in hex. */
export function leafHash(data: string | Uint8Array): string {
  // U+0000 is the byte 00 in UTF-8.
  if (typeof data === 'string') return sha256Hex(`\u0000${data}`)
  const bytes = new Uint8Array(1 + data.length)
  bytes[0] = LEAF_TAG
  bytes.set(data, 1)
  return sha256Hex(bytes)
}

/** Hash of a leaf whose data are the 32 bytes of a hash: batch hashes in a block, block hashes in the history. */
export function leafOfHash(hash: string): string {
  const bytes = new Uint8Array(1 + HASH_BYTES)
  assertInvariant(isHash(hash) && hexInto(hash, bytes, 1), 'a hash has 64 lower-case hex digits')
  return sha256Hex(bytes)
}

/** Hash of a node over the hashes of its children: SHA-256(01 || left || right), 64 hex digits each. */
export function nodeHash(left: string, right: string): string {
  const bytes = new Uint8Array(NODE_BYTES)
  bytes[0] = NODE_TAG
  const read = left.length === 64 && hexInto(left, bytes, 1) && hexInto(right, bytes, 1 + HASH_BYTES)
  assertInvariant(read && right.length === 64, 'a hash has 64 lower-case hex digits')
  return sha256Hex(bytes)
}

/**
 * Root of a tree (RFC 9162, section 2.1.1).
 * @param leafHashes as made by {@link leafHash}; none gives {@link EMPTY_ROOT}
 * @throws LedgerError LIMIT_EXCEEDED for more than LEAVES_MAX leaves
 */
export function merkleRoot(leafHashes: readonly string[]): string {
  checkLeaves(leafHashes.length)
  if (leafHashes.length === 0) return EMPTY_ROOT
  let level = leafHashes
  while (level.length > 1) level = levelAbove(level)
  return level[0]!
}

/**
 * Path of the leaf at `index` (RFC 9162, section 2.1.3.1): the sibling hashes from the leaf up.
 * @throws LedgerError LIMIT_EXCEEDED for more than LEAVES_MAX leaves, INVARIANT for an index without a leaf
 */
export function merklePath(leafHashes: readonly string[], index: number): string[] {
  checkLeaves(leafHashes.length)
  assertInvariant(Number.isInteger(index) && index >= 0 && index < leafHashes.length, 'the index has a leaf')
  const path: string[] = []
  let level = leafHashes
  let position = index
  while (level.length > 1) {
    const sibling = level[position ^ 1]
    if (sibling !== undefined) path.push(sibling)
    level = levelAbove(level)
    position >>= 1
  }
  return path
}

/**
 * The paths of all leaves, in their order, for hardly more than one of them costs.
 * @throws LedgerError LIMIT_EXCEEDED for more than LEAVES_MAX leaves
 */
export function merklePaths(leafHashes: readonly string[]): string[][] {
  checkLeaves(leafHashes.length)
  const paths = leafHashes.map((): string[] => [])
  for (let level = leafHashes, width = 1; level.length > 1; level = levelAbove(level), width *= 2) {
    for (const [index, path] of paths.entries()) {
      const sibling = level[Math.floor(index / width) ^ 1]
      if (sibling !== undefined) path.push(sibling)
    }
  }
  return paths
}

/**
 * The root that a path leads to (RFC 9162, section 2.1.3.2). The caller compares it with the root it trusts.
 * @param index of the leaf, counted from 0
 * @param size of the tree in leaves, 1 to LOG_LEAVES_MAX
 * @returns null when index, size, a hash or the length of the path cannot be; never throws
 */
export function rootFromPath(leafHash: string, index: number, size: number, path: readonly string[]): string | null {
  if (!Number.isSafeInteger(size) || size < 1 || size > LOG_LEAVES_MAX) return null
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return null
  if (!isHash(leafHash) || !Array.isArray(path)) return null
  let hash = leafHash
  let used = 0
  // Division instead of shifts, which work on 32 bits. `position` and `last` are the indexes on the level of `hash`.
  for (let position = index, last = size - 1; last > 0; ) {
    const isRight = position % 2 === 1
    // The last node of a level has no sibling when it is a left one: it moves up as it is.
    if (isRight || position < last) {
      const sibling = path[used++]
      if (!isHash(sibling)) return null
      hash = isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling)
    }
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  return used === path.length ? hash : null
}

/**
 * Root over leaves given as texts, which stand for their UTF-8: the same as `merkleRoot(leaves.map(leafHash))`, in
 * half the time because the hashes stay bytes in one arena.
 * @throws LedgerError LIMIT_EXCEEDED for more than LEAVES_MAX leaves
 */
export function merkleRootOf(leaves: readonly string[]): string {
  checkLeaves(leaves.length)
  if (leaves.length === 0) return EMPTY_ROOT
  const arena = new Uint8Array(leaves.length * HASH_BYTES)
  for (let i = 0; i < leaves.length; i++) sha256Into(`\u0000${leaves[i]}`, arena, i * HASH_BYTES)
  const node = new Uint8Array(NODE_BYTES)
  node[0] = NODE_TAG
  // Each level is written over the one below, which it never overtakes.
  for (let count = leaves.length; count > 1; count = Math.ceil(count / 2)) {
    const pairs = Math.floor(count / 2)
    for (let i = 0; i < pairs; i++) {
      const from = i * 2 * HASH_BYTES
      for (let k = 0; k < 2 * HASH_BYTES; k++) node[k + 1] = arena[from + k]!
      sha256Into(node, arena, i * HASH_BYTES)
    }
    if (count % 2 === 1) arena.copyWithin(pairs * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES)
  }
  return bytesToHex(arena.subarray(0, HASH_BYTES))
}

/** Root over leaves that are the 32 bytes of hashes: `merkleRoot(hashes.map(leafOfHash))`. */
export function merkleRootOfHashes(hashes: readonly string[]): string {
  return merkleRoot(hashes.map(leafOfHash))
}

/** Pairs from the left; a last one without partner moves up. This gives the tree of RFC 9162 for every size. */
function levelAbove(level: readonly string[]): string[] {
  const above: string[] = []
  for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!))
  if (level.length % 2 === 1) above.push(level[level.length - 1]!)
  return above
}

function checkLeaves(count: number): void {
  if (count > LEAVES_MAX)
    throw new LedgerError('LIMIT_EXCEEDED', 'too many leaves for a tree', { count, max: LEAVES_MAX })
}
