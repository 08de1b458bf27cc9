import { assertInvariant, LedgerError } from '../../src/base/errors.js'
import type { StateEntry } from '../../src/ledger/state.js'
import type {
  BatchBody,
  BatchLocation,
  BlockCommit,
  Store,
  StoreCounts,
  StoredBlock
} from '../../src/node/store/store-types.js'
import type { VirtualDevice } from './virtual-device.js'

/** What a store has on its disk; it outlives the nodes that use it. */
export interface StoreContent {
  readonly blocks: StoredBlock[]
  readonly bodies: Map<string, string>
  /** Sequence of an own batch, null for others', by hash, in the order they were stored. */
  readonly uncommitted: Map<string, number | null>
  readonly state: Map<string, StateEntry>
  readonly locations: Map<string, BatchLocation>
  readonly nodes: Map<string, string>
}

export function emptyContent(): StoreContent {
  return {
    blocks: [],
    bodies: new Map(),
    uncommitted: new Map(),
    state: new Map(),
    locations: new Map(),
    nodes: new Map()
  }
}

/** Nothing is left. */
export function wipe(content: StoreContent): void {
  content.blocks.length = 0
  for (const map of [content.bodies, content.uncommitted, content.state, content.locations, content.nodes]) map.clear()
}

/** A store in memory: a write changes everything or nothing, when the device says that it is durable. */
export function virtualStore(content: StoreContent, device: VirtualDevice): Store {
  const { blocks, bodies, uncommitted, state, locations, nodes } = content
  // What readers left in the entries was in the memory of the former process.
  for (const [key, { text }] of state) state.set(key, { text })
  let committing = false

  function put({ hash, text, own }: BatchBody): void {
    if (!bodies.has(hash)) {
      bodies.set(hash, typeof text === 'string' ? text : Buffer.from(text).toString('utf8'))
      uncommitted.set(hash, own ?? null)
    } else if (own !== undefined && uncommitted.get(hash) === null) uncommitted.set(hash, own)
  }

  function apply(block: BlockCommit): void {
    const { height, hash, header, certificate, batches, refusals } = block
    blocks.push({ height, hash, header, certificate, batches, refusals })
    for (const [position, { author, sequence, hash: batch }] of batches.entries()) {
      uncommitted.delete(batch)
      locations.set(`${author}/${sequence}`, { height, position, hash: batch })
    }
    for (const { key, entry } of block.writes) state.set(key, { ...entry })
    for (const { level, index, hash: node } of block.treeNodes) nodes.set(`${level}/${index}`, node)
  }

  async function commit(block: BlockCommit): Promise<void> {
    const head = blocks.length
    if (block.height <= head) {
      assertInvariant(blocks[block.height - 1]?.hash === block.hash, `another block is committed at ${block.height}`)
      return
    }
    assertInvariant(!committing, 'one block is committed at a time')
    assertInvariant(block.height === head + 1, `block ${block.height} does not follow the head of the store`)
    for (const { hash } of block.batches) {
      assertInvariant(uncommitted.has(hash), `the body of batch ${hash} is stored before its block, in one block only`)
    }
    committing = true
    await device.write(() => apply(block))
    committing = false
  }

  const none = (): never => {
    throw new LedgerError('INVARIANT', 'the simulator does not need this of the store')
  }
  return {
    get head() {
      const last = blocks.at(-1)
      return last === undefined ? null : { height: last.height, hash: last.hash }
    },
    get counts(): StoreCounts {
      const batches = blocks.flatMap((block) => block.batches)
      const records = batches.reduce((sum, { count }) => sum + count, 0)
      const sizes = { states: state.size, entries: 0, treeNodes: nodes.size }
      return { blocks: blocks.length, batches: batches.length, records, ...sizes }
    },
    state: { get: (key) => state.get(key) },
    putBatches: (news) =>
      device.write(() => {
        for (const body of news) put(body)
      }),
    readBatch: (hash) => bodies.get(hash),
    readBatchBytes(hash) {
      const text = bodies.get(hash)
      return text === undefined ? undefined : Buffer.from(text)
    },
    hasBatch: (hash) => bodies.has(hash),
    uncommitted: () => [...uncommitted.keys()],
    dropBatches: (hashes) =>
      device.write(() => {
        for (const hash of hashes) if (uncommitted.delete(hash)) bodies.delete(hash)
      }),
    outbox: () =>
      [...uncommitted]
        .flatMap(([hash, sequence]) => (sequence === null ? [] : [{ sequence, hash }]))
        .sort((a, b) => a.sequence - b.sequence),
    commit,
    block: (height) => blocks[height - 1],
    header: (height) => blocks[height - 1],
    locate: (author, sequence) => locations.get(`${author}/${sequence}`),
    treeNode(level, index) {
      const node = nodes.get(`${level}/${index}`)
      if (node === undefined) throw new LedgerError('STORE_DAMAGED', `history tree node ${level}/${index} is missing`)
      return node
    },
    history: none,
    states: none,
    snapshot: none,
    checkWhole: none,
    close: async () => {}
  }
}
