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
  /** Values that are not what was written: `block 7`, `body HASH`, `state KEY`. */
  readonly damaged: Set<string>
}

export function emptyContent(): StoreContent {
  return {
    blocks: [],
    bodies: new Map(),
    uncommitted: new Map(),
    state: new Map(),
    locations: new Map(),
    nodes: new Map(),
    damaged: new Set()
  }
}

/** Nothing is left. */
export function wipe(content: StoreContent): void {
  const { blocks, ...others } = content
  blocks.length = 0
  for (const each of Object.values(others)) each.clear()
}

/** Throws the chain away and keeps the batches that no block has, as `start --resync` does. */
export function resync(content: StoreContent): void {
  const kept = [...content.uncommitted].flatMap(([hash, own]) => {
    const text = content.bodies.get(hash)
    return text === undefined || content.damaged.has(`body ${hash}`) ? [] : [{ hash, own, text }]
  })
  wipe(content)
  for (const { hash, own, text } of kept) {
    content.bodies.set(hash, text)
    content.uncommitted.set(hash, own)
  }
}

/** What is there now; the function that is given puts it back. */
export function copyContent(content: StoreContent): () => void {
  const { blocks, bodies, uncommitted, state, locations, nodes } = content
  const kept = { blocks: [...blocks], maps: [bodies, uncommitted, state, locations, nodes].map((map) => [...map]) }
  return () => {
    wipe(content)
    blocks.push(...kept.blocks)
    const maps = [bodies, uncommitted, state, locations, nodes] as Map<string, unknown>[]
    for (const [index, map] of maps.entries()) for (const [key, value] of kept.maps[index]!) map.set(key, value)
  }
}

/** Damages one value of the committed chain. @returns its name, or that there was none */
export function damageContent(content: StoreContent, share: number): string {
  const { blocks, state, damaged } = content
  const bodies = blocks.flatMap(({ batches }) => batches.map(({ hash }) => `body ${hash}`))
  const names = [
    ...blocks.map(({ height }) => `block ${height}`),
    ...bodies,
    ...[...state.keys()].map((key) => `state ${key}`)
  ]
  const name = names[Math.floor(share * names.length)]
  if (name === undefined) return 'nothing'
  damaged.add(name)
  return name
}

/** A store in memory: a write changes everything or nothing, when the device says that it is durable. */
export function virtualStore(content: StoreContent, device: VirtualDevice): Store {
  const { blocks, bodies, uncommitted, state, locations, nodes, damaged } = content
  // What readers left in the entries was in the memory of the former process.
  for (const [key, { text }] of state) state.set(key, { text })
  let committing = false

  /** Every value has a checksum, which is looked at whenever it is read. */
  function mustBeWhole(kind: 'block' | 'body' | 'state', key: string | number): void {
    if (damaged.size === 0) return
    const name = `${kind} ${key}`
    if (damaged.has(name)) throw new LedgerError('STORE_DAMAGED', `${name} is damaged`, { name })
  }

  function blockAt(height: number): StoredBlock | undefined {
    mustBeWhole('block', height)
    return blocks[height - 1]
  }

  function bodyOf(hash: string): string | undefined {
    mustBeWhole('body', hash)
    return bodies.get(hash)
  }

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
    for (const { key, entry } of block.writes) {
      state.set(key, { ...entry })
      if (damaged.size > 0) damaged.delete(`state ${key}`)
    }
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
    try {
      await device.write(() => apply(block))
    } finally {
      committing = false
    }
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
    state: {
      get(key) {
        mustBeWhole('state', key)
        return state.get(key)
      }
    },
    putBatches: (news) =>
      device.write(() => {
        for (const body of news) put(body)
      }),
    readBatch: bodyOf,
    readBatchBytes(hash) {
      const text = bodyOf(hash)
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
    block: blockAt,
    header: blockAt,
    locate: (author, sequence) => locations.get(`${author}/${sequence}`),
    treeNode(level, index) {
      const node = nodes.get(`${level}/${index}`)
      if (node === undefined) throw new LedgerError('STORE_DAMAGED', `history tree node ${level}/${index} is missing`)
      return node
    },
    putStates: none,
    history: none,
    async *states(prefix) {
      for (const [key, { text }] of state) if (key.startsWith(prefix)) yield { key, entry: { text } }
    },
    snapshot: none,
    checkWhole: none,
    close: async () => {}
  }
}
