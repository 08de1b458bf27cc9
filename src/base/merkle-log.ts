import { assertInvariant, LedgerError } from './errors.js'
import { LOG_LEAVES_MAX } from './limits.js'
import { EMPTY_ROOT, nodeHash } from './merkle.js'

/**
 * All that must be kept to append to a tree and to know its root: the roots of the complete subtrees that its size in
 * binary consists of, largest first.
 */
export interface Frontier {
  /** Leaves so far. */
  readonly size: number
  readonly peaks: readonly string[]
}

/** A complete subtree: the 2^level leaves from index * 2^level on. */
export interface LogNode {
  readonly level: number
  readonly index: number
  readonly hash: string
}

/** The frontier of a tree without leaves. */
export const emptyFrontier: Frontier = { size: 0, peaks: [] }

/**
 * Appends a leaf.
 * @param leafHash as made by `leafHash` or `leafOfHash` of merkle.ts
 * @returns the new frontier, and every complete subtree that this leaf finished, level 0 (the leaf) first: what is to
 * be stored for {@link logPath}
 * @throws LedgerError LIMIT_EXCEEDED beyond LOG_LEAVES_MAX leaves
 */
export function appendLeaf(frontier: Frontier, leafHash: string): { frontier: Frontier; nodes: LogNode[] } {
  const { size } = frontier
  if (size >= LOG_LEAVES_MAX) throw new LedgerError('LIMIT_EXCEEDED', 'too many leaves for a tree', { size })
  const peaks = [...frontier.peaks]
  const nodes: LogNode[] = [{ level: 0, index: size, hash: leafHash }]
  let hash = leafHash
  // As in adding 1 in binary: each 1 at the end of `size` is a peak that joins with what comes up.
  for (let level = 1, index = size; index % 2 === 1; level++) {
    const left = peaks.pop()
    assertInvariant(left !== undefined, 'a frontier has a peak for each 1 of its size in binary')
    hash = nodeHash(left, hash)
    index = Math.floor(index / 2)
    nodes.push({ level, index, hash })
  }
  peaks.push(hash)
  return { frontier: { size: size + 1, peaks }, nodes }
}

/** Root of the tree, equal to `merkleRoot` over all leaves so far. */
export function frontierRoot(frontier: Frontier): string {
  const last = frontier.peaks.length - 1
  if (last < 0) return EMPTY_ROOT
  let root = frontier.peaks[last]!
  for (let i = last - 1; i >= 0; i--) root = nodeHash(frontier.peaks[i]!, root)
  return root
}

/**
 * Path of the leaf at `index` in the tree of the first `size` leaves (RFC 9162, section 2.1.3.1), for a tree that may
 * have grown since.
 * @param node hash of a complete subtree within the first `size` leaves, as returned by {@link appendLeaf}
 * @throws LedgerError INVARIANT when index or size cannot be
 */
export function logPath(index: number, size: number, node: (level: number, index: number) => string): string[] {
  assertInvariant(Number.isSafeInteger(size) && size <= LOG_LEAVES_MAX, 'the size of a tree is within its limit')
  assertInvariant(Number.isSafeInteger(index) && index >= 0 && index < size, 'the index has a leaf')
  const path: string[] = []
  let start = 0
  let count = size
  while (count > 1) {
    const left = splitPoint(count)
    if (index < start + left) {
      path.push(subtreeRoot(start + left, count - left, node))
      count = left
    } else {
      path.push(subtreeRoot(start, left, node))
      start += left
      count -= left
    }
  }
  return path.reverse()
}

/** Root over `count` leaves from `start` on, where `start` is a multiple of the largest power of two in `count`. */
function subtreeRoot(start: number, count: number, node: (level: number, index: number) => string): string {
  let level = 0
  let complete = 1
  while (complete * 2 <= count) {
    complete *= 2
    level++
  }
  if (complete === count) return node(level, start / count)
  return nodeHash(node(level, start / complete), subtreeRoot(start + complete, count - complete, node))
}

/** The largest power of two below `count`, for count > 1 (RFC 9162, section 2.1.1: k < n <= 2k). */
function splitPoint(count: number): number {
  let k = 1
  while (k * 2 < count) k *= 2
  return k
}
