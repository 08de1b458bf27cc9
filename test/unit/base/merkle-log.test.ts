import * as assert from 'uvu/assert'
import { LOG_LEAVES_MAX } from '../../../src/base/limits.js'
import { leafHash, merklePath, merkleRoot, rootFromPath } from '../../../src/base/merkle.js'
import { appendLeaf, emptyFrontier, type Frontier, frontierRoot, logPath } from '../../../src/base/merkle-log.js'
import { suite } from '../../support/suite.js'

const SIZE_MAX = 130
const leaves = Array.from({ length: SIZE_MAX }, (_, i) => leafHash(`block ${i}`))

/** The frontiers of sizes 0 to SIZE_MAX and every node that was stored on the way. */
function grow(): { frontiers: Frontier[]; stored: Map<string, string> } {
  const stored = new Map<string, string>()
  const frontiers: Frontier[] = [emptyFrontier]
  for (const leaf of leaves) {
    const { frontier, nodes } = appendLeaf(frontiers.at(-1)!, leaf)
    for (const { level, index, hash } of nodes) {
      assert.not(stored.has(`${level}/${index}`), 'a node is finished once')
      stored.set(`${level}/${index}`, hash)
    }
    frontiers.push(frontier)
  }
  return { frontiers, stored }
}

const { frontiers, stored } = grow()

const test = suite('merkle log')

test('the root is that of the tree over all leaves so far, for all sizes to 130', () => {
  for (const [size, frontier] of frontiers.entries()) {
    assert.is(frontier.size, size)
    assert.is(frontierRoot(frontier), merkleRoot(leaves.slice(0, size)))
    assert.is(frontier.peaks.length, size.toString(2).replaceAll('0', '').length)
  }
})

test('the nodes are the complete subtrees, and exactly those', () => {
  for (const [key, hash] of stored) {
    const [level, index] = key.split('/').map(Number) as [number, number]
    assert.is(hash, merkleRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)), key)
  }
  let complete = 0
  for (let width = 1; width <= SIZE_MAX; width *= 2) complete += Math.floor(SIZE_MAX / width)
  assert.is(stored.size, complete)
  assert.equal(
    appendLeaf(frontiers[7]!, leaves[7]!).nodes.map(({ level, index }) => [level, index]),
    [
      [0, 7],
      [1, 3],
      [2, 1],
      [3, 0]
    ]
  )
})

test('the path of any leaf in the tree of any earlier size', () => {
  for (let size = 1; size <= SIZE_MAX; size++) {
    const some = leaves.slice(0, size)
    const root = frontierRoot(frontiers[size]!)
    for (let index = 0; index < size; index++) {
      const path = logPath(index, size, (level, at) => {
        const hash = stored.get(`${level}/${at}`)
        assert.ok(hash !== undefined && (at + 1) * 2 ** level <= size, `${level}/${at} is within the first ${size}`)
        return hash!
      })
      if (index % 7 === 0 || index === size - 1) assert.equal(path, merklePath(some, index), `${index} of ${size}`)
      assert.is(rootFromPath(leaves[index]!, index, size, path), root)
    }
  }
})

test('a frontier is not changed by appending', () => {
  const before = JSON.stringify(frontiers[6])
  appendLeaf(frontiers[6]!, leaves[0]!)
  assert.is(JSON.stringify(frontiers[6]), before)
  assert.equal(emptyFrontier, { size: 0, peaks: [] })
})

test('beyond 32 bits', () => {
  // A frontier of 2^33 - 1 leaves: one more joins them all.
  const peaks = Array.from({ length: 33 }, (_, i) => leaves[i]!)
  const { frontier, nodes } = appendLeaf({ size: 2 ** 33 - 1, peaks }, leaves[40]!)
  assert.is(frontier.size, 2 ** 33)
  assert.is(frontier.peaks.length, 1)
  assert.equal([nodes.length, nodes[0]!.index, nodes.at(-1)!.level, nodes.at(-1)!.index], [34, 2 ** 33 - 1, 33, 0])

  const asked: string[] = []
  const path = logPath(2 ** 33, 2 ** 33 + 3, (level, index) => {
    asked.push(`${level}/${index}`)
    return leaves[level]!
  })
  assert.equal(asked, ['33/0', `0/${2 ** 33 + 2}`, `0/${2 ** 33 + 1}`])
  assert.equal(path, [leaves[0], leaves[0], leaves[33]])
})

test('limits and faults of the caller are thrown', () => {
  assert.throws(() => appendLeaf({ size: LOG_LEAVES_MAX, peaks: [leaves[0]!] }, leaves[0]!), /too many leaves/)
  assert.throws(() => appendLeaf({ size: 1, peaks: [] }, leaves[0]!), /peak/)
  const node = () => leaves[0]!
  for (const [index, size] of [
    [0, 0],
    [1, 1],
    [-1, 1],
    [0.5, 1],
    [0, 1.5],
    [0, LOG_LEAVES_MAX + 1],
    [0, Number.NaN]
  ] as const) {
    assert.throws(
      () => logPath(index, size, node),
      (error: { code: string }) => error.code === 'INVARIANT'
    )
  }
})

test.run()
