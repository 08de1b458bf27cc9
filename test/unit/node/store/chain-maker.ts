import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '../../../../src/base/crypto.js'
import type { BatchBody, BlockCommit, Store } from '../../../../src/node/store/store-types.js'

export const GENESIS = sha256Hex('genesis')

/** Runs `work` in a directory of its own and removes it afterwards. */
export async function inDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'ledger-store-'))
  try {
    return await work(path)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

/** The body of the one batch of block `height`: `count` records. */
export function bodyOf(height: number, count = 3): BatchBody {
  const records = Array.from({ length: count }, (_, index) => recordText(height, index))
  const text = `{"sequence":${height - 1}}\n${records.map((record) => `${record}\n`).join('')}`
  return { hash: sha256Hex(text), text }
}

export function recordText(height: number, index: number): string {
  return JSON.stringify({
    data: { height, index, vehicle: `VH-${index}`, note: 'checked'.repeat(20) },
    object: 'visit'
  })
}

export function blockHashOf(height: number): string {
  return sha256Hex(`block ${height}`)
}

/** Block `height` of a made-up chain: record `index` of each block has the key `["VH-index"]`; the last one is refused. */
export function blockOf(height: number, count = 3): BlockCommit {
  const { hash } = bodyOf(height, count)
  const indexes = Array.from({ length: count }, (_, index) => index)
  const accepted = indexes.filter((index) => index < count - 1 || count === 1)
  return {
    height,
    hash: blockHashOf(height),
    header: JSON.stringify({ height, previous: blockHashOf(height - 1) }),
    certificate: JSON.stringify({ height, votes: ['a', 'b'] }),
    batches: [{ author: 'p1', incarnation: 0, sequence: height - 1, hash, count }],
    refusals: JSON.stringify(count === 1 ? [] : [[0, count - 1, 'RULE_BROKEN']]),
    writes: [
      ...accepted.map((index) => ({
        key: `r:visit["VH-${index}"]`,
        entry: { text: `p1/${height - 1}/${index} ${height} 0\n${recordText(height, index)}` }
      })),
      { key: 's:p1', entry: { text: `0 ${height}` } }
    ],
    entries: indexes.map((index) => ({
      object: 'visit',
      key: `["VH-${index}"]`,
      batch: 0,
      index,
      accepted: accepted.includes(index)
    })),
    treeNodes: [{ level: 0, index: height - 1, hash: blockHashOf(height) }]
  }
}

/** Stores and commits the blocks behind the head, up to `height`. */
export async function growTo(store: Store, height: number, count = 3): Promise<void> {
  for (let next = (store.head?.height ?? 0) + 1; next <= height; next++) {
    await store.putBatches([bodyOf(next, count)])
    await store.commit(blockOf(next, count))
  }
}
