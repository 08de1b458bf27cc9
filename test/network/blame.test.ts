import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { sha256Hex, signer } from '../../src/base/crypto.js'
import { batchBytes, batchHeader, encodeBatch } from '../../src/ledger/batch.js'
import { checkRecord, encodeRecord } from '../../src/ledger/record.js'
import type { BlockBundle, GossipVerdict, PullResponse } from '../../src/node/peers.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createLocalNetwork, type LocalNode } from '../support/local-network.js'
import { seedOf } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

/** Who is blamed for what by real replicas: the guilty, and nobody else. */
const test = suite('blame among replicas', { timeoutMs: 40_000 })

const FOUR = ['p1', 'p2', 'p3', 'p4']

type Network = Awaited<ReturnType<typeof createLocalNetwork>>

function withNetwork(work: (network: Network, nodes: LocalNode[]) => Promise<void>): () => Promise<void> {
  return async () => {
    const network = await createLocalNetwork(FOUR)
    try {
      const nodes: LocalNode[] = []
      for (const id of FOUR) nodes.push(await network.open(id))
      await work(network, nodes)
      for (const node of network.nodes.values()) assert.equal(node.failures, [], node.id)
    } finally {
      await network.remove()
    }
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !holds(); await sleep(5)) assert.ok(Date.now() < end, `never: ${what}`)
}

async function append({ chain, own }: Replica, vehicle: string, odometer: number): Promise<string> {
  const text = encodeRecord({ object: 'inspection', data: { vehicle, odometer } })
  const { batch, index } = own.add(checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax))
  const { verdicts } = await batch.decided
  return verdicts[index]?.code ?? 'accepted'
}

/** A batch in stored form; signed by its author unless told otherwise. */
function batchText(network: Network, author: string, sequence: number, { by = author, incarnation = 0 } = {}): string {
  const scope = { genesis: network.genesis.hash, epoch: 0 }
  const records = [encodeRecord({ object: 'inspection', data: { vehicle: `of ${author}`, odometer: sequence } })]
  const header = batchHeader(author, incarnation, sequence, records)
  const bytes = batchBytes(scope, header)
  return encodeBatch(scope, { header, hash: sha256Hex(bytes), signature: signer(seedOf(by))(bytes), records })
}

test(
  'what gossip brings is accepted, ignored or rejected; only what no honest node passes on is rejected',
  withNetwork(async (network, [first]) => {
    const good = batchText(network, 'p4', 1)
    const cases: readonly [name: string, text: string, verdict: GossipVerdict][] = [
      ['a signed batch', good, 'accept'],
      ['one that is here', good, 'ignore'],
      ['one of somebody unknown here', batchText(network, 'p9', 0), 'ignore'],
      ['one of an incarnation that is not known here', batchText(network, 'p4', 2, { incarnation: 1 }), 'ignore'],
      ['one that is too far ahead', batchText(network, 'p4', 1_000), 'ignore'],
      ['one that is not signed by its author', batchText(network, 'p3', 1, { by: 'p4' }), 'reject'],
      ['one that was cut', good.slice(0, -2), 'reject'],
      ['one whose records are others', good.replace('odometer', 'Odometer'), 'reject'],
      ['no batch', '{}', 'reject'],
      ['nothing', '', 'reject']
    ]
    for (const [name, text, verdict] of cases) assert.is(first!.replica.onBatchText(text), verdict, name)
    await until('it is durable', () => first!.replica.mempool.size().batches === 1)
    assert.is(first!.replica.onBatchText(good), 'ignore')
  })
)

const WRONG_BLOCKS: readonly [name: string, wrong: (blocks: readonly BlockBundle[]) => readonly BlockBundle[]][] = [
  [
    'with a body that nobody signed',
    (blocks) => blocks.map((block) => ({ ...block, batches: block.batches.map(unsigned) }))
  ],
  ['with the certificate of another', ([a, b, ...rest]) => [{ ...a!, certificate: b!.certificate }, b!, ...rest]],
  ['that are others than those asked for', ([, ...rest]) => rest]
]

function unsigned(text: string): string {
  return text.replace(/"signature":"[0-9a-f]{128}"/, `"signature":"${'0'.repeat(128)}"`)
}

for (const [name, wrong] of WRONG_BLOCKS) {
  test(
    `who gives blocks ${name} is blamed, and the blocks are fetched from another`,
    withNetwork(async (network, nodes) => {
      await nodes[3]!.stop()
      for (let i = 1; i < 4; i++) assert.is(await append(nodes[0]!.replica, 'a', i), 'accepted')
      const { replica } = nodes[0]!
      const honest = replica.onRequest
      Object.assign(replica, {
        async onRequest(...asked: Parameters<typeof honest>): Promise<PullResponse> {
          const answer = await honest.call(replica, ...asked)
          return answer.type === 'blocks' ? { type: 'blocks', blocks: wrong(answer.blocks) } : answer
        }
      })
      const back = await network.open('p4')
      await until('p4 has them', () => back.replica.chain.tip.hash === nodes[1]!.replica.chain.tip.hash)
      assert.ok(network.blamed.length > 0, 'somebody is blamed')
      for (const blame of network.blamed) assert.match(blame, /^p4 blames p1: block \d+ of a partner: /)
    })
  )
}

test(
  'who announces batches that it has not got is blamed after many, and the others go on',
  withNetwork(async (network, nodes) => {
    const { replica } = nodes[0]!
    const batches = (turn: number) =>
      Array.from({ length: 64 }, (_, sequence) => {
        return { author: 'p4', incarnation: 0, sequence, hash: sha256Hex(`${turn} ${sequence}`) }
      })
    let turn = 0
    const list = (): void => {
      const { height } = replica.chain.tip
      replica.onMessage('p4', { type: 'status', height, round: 0, votes: [], batches: batches(turn++) })
    }
    // What a partner had announced and lost with its disk.
    for (let i = 0; i < 3; i++) {
      list()
      await until('it was asked for all', () => replica.sizes().announced === 0)
    }
    assert.equal(network.blamed, [])
    for (; network.blamed.length < 3; list()) {
      await until('it was asked for all', () => replica.sizes().announced === 0)
      assert.ok(turn < 50, 'it is blamed')
    }
    for (const blame of network.blamed) assert.match(blame, /^p1 blames p4: it announces batches/)
    assert.is(await append(replica, 'a', 1), 'accepted')
  })
)

test(
  'partners that are restarted while all of them write are not blamed for anything',
  withNetwork(async (network, nodes) => {
    const running = new Map(nodes.map((node) => [node.id, node]))
    let odometer = 0
    let stopped = false
    const write = async (id: string): Promise<void> => {
      for (; !stopped; await sleep(5)) {
        const node = running.get(id)
        // A node that is stopped gives no answer to what was not decided.
        if (node !== undefined) await append(node.replica, `car of ${id}`, odometer++).catch(() => {})
      }
    }
    const writers = FOUR.map(write)
    for (const id of ['p2', 'p3', 'p4', 'p2']) {
      const { chain } = nodes[0]!.replica
      const { height } = chain.tip
      const node = running.get(id)!
      running.delete(id)
      await node.stop()
      await until('the others go on', () => chain.tip.height > height + 1)
      running.set(id, await network.open(id))
    }
    await sleep(200)
    stopped = true
    await Promise.all(writers)
    assert.equal(network.blamed, [])
  })
)

test.run()
