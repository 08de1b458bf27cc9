import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { hexToBytes } from '../../../src/base/hex.js'
import { LEAVES_MAX, LOG_LEAVES_MAX } from '../../../src/base/limits.js'
import {
  EMPTY_ROOT,
  leafHash,
  leafOfHash,
  merklePath,
  merklePaths,
  merkleRoot,
  merkleRootOf,
  merkleRootOfHashes,
  nodeHash,
  rootFromPath
} from '../../../src/base/merkle.js'
import { suite } from '../../support/suite.js'

interface Vectors {
  leaves: string[]
  roots: string[]
  paths: { index: number; size: number; path: string[] }[]
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../../vectors/merkle.json', import.meta.url), 'utf8'))

/** The definition of RFC 9162, section 2.1.1, word by word: the oracle. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest()
  if (leaves.length === 1) return createHash('sha256').update(Buffer.of(0)).update(leaves[0]!).digest()
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  const [left, right] = [treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k))]
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest()
}

/** The definition of RFC 9162, section 2.1.3.1. */
function pathOf(index: number, leaves: readonly Buffer[]): string[] {
  if (leaves.length <= 1) return []
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
  if (index < k) return [...pathOf(index, left), treeHash(right).toString('hex')]
  return [...pathOf(index - k, right), treeHash(left).toString('hex')]
}

const texts = Array.from({ length: 130 }, (_, i) => `leaf ${i} é`)
const hashes = texts.map(leafHash)

const test = suite('merkle')

test('the paths of all leaves at once are those of each', () => {
  for (let size = 0; size <= 70; size++) {
    const some = hashes.slice(0, size)
    assert.equal(
      merklePaths(some),
      some.map((_, index) => merklePath(some, index)),
      `${size} leaves`
    )
  }
})

test('the known roots and paths', () => {
  const leaves = vectors.leaves.map((hex) => leafHash(hexToBytes(hex)!))
  for (const [size, root] of vectors.roots.entries()) assert.is(merkleRoot(leaves.slice(0, size)), root, `${size}`)
  for (const { index, size, path } of vectors.paths) {
    assert.equal(merklePath(leaves.slice(0, size), index), path, `${index} of ${size}`)
    assert.is(rootFromPath(leaves[index]!, index, size, path), vectors.roots[size])
  }
  assert.is(EMPTY_ROOT, vectors.roots[0])
})

test('roots and paths are those of the definition, for all sizes to 130', () => {
  for (let size = 0; size <= 130; size++) {
    const some = texts.slice(0, size)
    const buffers = some.map((text) => Buffer.from(text))
    const leaves = hashes.slice(0, size)
    const root = treeHash(buffers).toString('hex')
    assert.is(merkleRoot(leaves), root)
    assert.is(merkleRootOf(some), root)
    for (const index of new Set([0, 1, size >> 1, size - 2, size - 1])) {
      if (index >= 0 && index < size) assert.equal(merklePath(leaves, index), pathOf(index, buffers))
    }
    for (let index = size % 5; index < size; index += 5) {
      assert.is(rootFromPath(leaves[index]!, index, size, merklePath(leaves, index)), root)
    }
  }
})

test('leaves that are hashes', () => {
  const batches = hashes.slice(0, 5)
  const root = treeHash(batches.map((hash) => Buffer.from(hash, 'hex'))).toString('hex')
  assert.is(merkleRootOfHashes(batches), root)
  assert.is(merkleRoot(batches.map(leafOfHash)), root)
  assert.is.not(leafOfHash(hashes[0]!), leafHash(hashes[0]!))
})

test('the fast root over any texts is the plain one', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 40 }), (leaves) => {
      assert.is(merkleRootOf(leaves), merkleRoot(leaves.map(leafHash)))
    }),
    { numRuns: 300 }
  )
})

test('a leaf is never taken for a node', () => {
  const [a, b] = [hashes[0]!, hashes[1]!]
  const forged = leafHash(Uint8Array.of(...hexToBytes(a)!, ...hexToBytes(b)!))
  assert.is.not(forged, nodeHash(a, b))
})

test('any other leaf, index, size or path gives another root or null', () => {
  for (const size of [1, 2, 3, 5, 7, 8, 13, 64, 100]) {
    const leaves = hashes.slice(0, size)
    const root = merkleRoot(leaves)
    for (let index = 0; index < size; index++) {
      const path = merklePath(leaves, index)
      const leaf = leaves[index]!
      assert.is.not(rootFromPath(hashes[129]!, index, size, path), root)
      assert.is(rootFromPath(leaf, index, size, [...path, leaf]), null)
      if (path.length > 0) assert.is(rootFromPath(leaf, index, size, path.slice(1)), null)
      for (let at = 0; at < path.length; at++) {
        const mutated = path.with(at, hashes[128]!)
        assert.is.not(rootFromPath(leaf, index, size, mutated), root)
      }
      for (const other of [index - 1, index + 1, index ^ 2, index + size]) {
        assert.is.not(rootFromPath(leaf, other, size, path), root, `${index} as ${other} of ${size}`)
      }
    }
  }
})

test('what cannot be a path is null, never thrown', () => {
  const leaf = hashes[0]!
  const path = merklePath(hashes.slice(0, 2), 0)
  assert.ok(rootFromPath(leaf, 0, 2, path))
  const wrong: [unknown, unknown, unknown, unknown][] = [
    [leaf, 0, 0, []],
    [leaf, -1, 2, path],
    [leaf, 2, 2, path],
    [leaf, 0.5, 2, path],
    [leaf, 0, 2.5, path],
    [leaf, Number.NaN, 2, path],
    [leaf, 0, Number.POSITIVE_INFINITY, path],
    [leaf, 0, 2 ** 60, path],
    [leaf, 0, LOG_LEAVES_MAX + 1, path],
    [leaf, 0, 2 * LOG_LEAVES_MAX, Array.from({ length: 41 }, () => leaf)],
    [leaf, '0', 2, path],
    [leaf, 0, 2, [leaf.toUpperCase()]],
    [leaf, 0, 2, [leaf.slice(1)]],
    [leaf, 0, 2, [null]],
    [leaf, 0, 2, [5]],
    [leaf, 0, 2, null],
    [leaf, 0, 2, leaf],
    [leaf, 0, 2, { 0: leaf, length: 1 }],
    [leaf.slice(1), 0, 2, path],
    [leaf.toUpperCase(), 0, 1, []],
    [null, 0, 1, []]
  ]
  for (const args of wrong) assert.is(rootFromPath(...(args as [string, number, number, string[]])), null, String(args))
})

test('trees beyond 32 bits', () => {
  // The path of the last leaf of 2^40 - 1: right at every level but where a left one has no sibling.
  const [a, b] = [hashes[0]!, hashes[1]!]
  for (const [index, size, length] of [
    [LOG_LEAVES_MAX - 1, LOG_LEAVES_MAX, 40],
    [0, LOG_LEAVES_MAX, 40],
    [2 ** 33, 2 ** 33 + 1, 1],
    [2 ** 33 - 1, 2 ** 33 + 1, 34],
    [2 ** 32 + 5, 2 ** 33, 33]
  ] as const) {
    const path = Array.from({ length }, () => b)
    let expected = a
    for (let level = 0; level < length; level++) {
      const isRight = size === 2 ** 33 + 1 ? index === 2 ** 33 || level < 33 : Math.floor(index / 2 ** level) % 2 === 1
      expected = isRight && !(size === 2 ** 33 + 1 && level === 33) ? nodeHash(b, expected) : nodeHash(expected, b)
    }
    assert.is(rootFromPath(a, index, size, path), expected, `${index} of ${size}`)
    assert.is(rootFromPath(a, index, size, path.slice(1)), null)
    assert.is(rootFromPath(a, index, size, [...path, b]), null)
  }
})

test('limits and faults of the caller are thrown', () => {
  const many = Array.from({ length: LEAVES_MAX + 1 }, () => hashes[0]!)
  assert.throws(() => merkleRoot(many), /too many leaves/)
  assert.throws(() => merkleRootOf(many), /too many leaves/)
  assert.throws(() => merklePath(many, 0), /too many leaves/)
  assert.throws(() => merklePaths(many), /too many leaves/)
  for (const index of [-1, 2, 0.5, Number.NaN]) assert.throws(() => merklePath(hashes.slice(0, 2), index), /the index/)
  assert.throws(() => merklePath([], 0), /the index/)
  for (const bad of ['', 'x', hashes[0]!.slice(2), `${hashes[0]}00`, hashes[0]!.toUpperCase()]) {
    assert.throws(() => leafOfHash(bad), /hex digits/)
    assert.throws(() => nodeHash(bad, hashes[0]!), /hex digits/)
    assert.throws(() => nodeHash(hashes[0]!, bad), /hex digits/)
  }
})

test.run()
