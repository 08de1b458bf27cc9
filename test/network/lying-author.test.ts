import * as assert from 'uvu/assert'
import { sha256Hex, signer } from '../../src/base/crypto.js'
import { batchBytes, batchHeader, encodeBatch } from '../../src/ledger/batch.js'
import { EVIDENCE_MAX } from '../../src/ledger/evidence.js'
import { checkRecord, encodeRecord } from '../../src/ledger/record.js'
import type { PeerMessage, PullRequest, PullResponse } from '../../src/node/peers.js'
import { createLocalNetwork, type LocalNode, type LocalOptions } from '../support/local-network.js'
import { seedOf } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

const test = suite('an author that signs two batches', { timeoutMs: 60_000 })

type Network = Awaited<ReturnType<typeof createLocalNetwork>>

/** Three honest replicas; the fourth partner is whatever the test makes of it. */
function withThree(work: (network: Network, nodes: LocalNode[]) => Promise<void>): () => Promise<void> {
  return async () => {
    const network = await createLocalNetwork(['p1', 'p2', 'p3', 'p4'])
    try {
      const nodes: LocalNode[] = []
      for (const id of ['p1', 'p2', 'p3']) nodes.push(await network.open(id))
      await work(network, nodes)
      for (const node of network.nodes.values()) assert.equal(node.failures, [], node.id)
    } finally {
      network.nodes.delete('p4')
      await network.remove()
    }
  }
}

interface Sealed {
  readonly hash: string
  readonly text: string
  readonly announcement: PeerMessage
}

/** A batch of one inspection, signed by a partner. */
function sealed({ genesis }: Network, author: string, sequence: number, odometer: number, incarnation = 0): Sealed {
  const scope = { genesis: genesis.hash, epoch: 0 }
  const records = [encodeRecord({ object: 'inspection', data: { vehicle: `of-${author}-${sequence}`, odometer } })]
  const header = batchHeader(author, incarnation, sequence, records)
  const bytes = batchBytes(scope, header)
  const hash = sha256Hex(bytes)
  const text = encodeBatch(scope, { header, hash, signature: signer(seedOf(author))(bytes), records })
  return { hash, text, announcement: { type: 'batch', hash, author, incarnation, sequence } }
}

/** Puts the liar into the network: it answers requests as the test says. Returns what it was asked for. */
function placeLiar(network: Network, answer: (request: PullRequest) => Promise<PullResponse>): string[] {
  const asked: string[] = []
  const replica = {
    onMessage() {},
    onBatchText: () => 'ignore',
    onPeer() {},
    onRequest(from: string, request: PullRequest) {
      if (request.type === 'batches') asked.push(...request.hashes.map((hash) => `${from} ${hash}`))
      return answer(request)
    }
  }
  network.nodes.set('p4', { id: 'p4', replica, failures: [], stop: async () => {} } as unknown as LocalNode)
  return asked
}

const holdsNothing = async (request: PullRequest): Promise<PullResponse> => {
  if (request.type === 'batches') return { type: 'batches', batches: [] }
  throw new Error('it does not answer')
}

async function append({ replica }: LocalNode, odometer: number): Promise<void> {
  const { chain, own } = replica
  const text = encodeRecord({ object: 'inspection', data: { vehicle: 'a', odometer } })
  const { batch, index } = own.add(checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax))
  assert.is((await batch.decided).verdicts[index], null)
}

async function until(what: string, holds: () => boolean, ms = 30_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function agreed(nodes: readonly LocalNode[]): Promise<void> {
  const tips = (): string[] => nodes.map(({ replica }) => `${replica.chain.tip.height} ${replica.chain.tip.hash}`)
  await until('all have the same tip, and nothing waits', () => {
    return new Set(tips()).size === 1 && nodes.every(({ replica }) => replica.mempool.size().batches === 0)
  })
}

/** Own records of evidence that wait for a block. */
function waitingEvidence({ id, replica }: LocalNode): number {
  const own = replica.mempool.some(100).filter(({ header }) => header.author === id)
  return own.flatMap(({ records }) => [...records]).filter(({ system }) => system?.object === '_evidence').length
}

const proven = ({ replica }: LocalNode, partner: string): number =>
  Number(replica.chain.store.state.get(`e:${partner}`)?.text ?? 0)

/** All records of evidence on the chain: accepted ones, and all. */
async function recorded({ replica }: LocalNode): Promise<[accepted: number, all: number]> {
  const { store } = replica.chain
  const all = await store.history('_evidence', '[]', { limit: 10_000, includeRefused: true })
  return [all.filter(({ accepted }) => accepted).length, all.length]
}

async function onlyTheLiarIsProven(nodes: readonly LocalNode[], times: number): Promise<void> {
  await agreed(nodes)
  for (const node of nodes) {
    assert.equal([await recorded(node).then(([accepted]) => accepted), proven(node, 'p4')], [times, times], node.id)
    for (const id of ['p1', 'p2', 'p3']) assert.is(proven(node, id), 0, id)
  }
}

test(
  'two batches of one sequence, each to other partners: one order, and evidence once',
  withThree(async (network, nodes) => {
    const [first, second] = [sealed(network, 'p4', 0, 1), sealed(network, 'p4', 0, 2)]
    nodes[0]!.replica.onBatchText(first.text)
    nodes[1]!.replica.onBatchText(first.text)
    nodes[2]!.replica.onBatchText(second.text)
    await until('it is proven', () => nodes.every((node) => proven(node, 'p4') === 1))
    for (let i = 0; i < 4; i++) await append(nodes[i % 3]!, i)
    await onlyTheLiarIsProven(nodes, 1)
    assert.is(new Set(nodes.map(({ replica }) => replica.chain.store.locate('p4', 0)?.hash)).size, 1)
    // Each that saw it wrote it down at most once.
    const [, all] = await recorded(nodes[0]!)
    assert.ok(all <= nodes.length, `${all} records`)
  })
)

test(
  'a second batch that comes long after the first: proven, not kept, and not again however often it comes',
  withThree(async (network, nodes) => {
    const first = sealed(network, 'p4', 0, 1)
    for (const { replica } of nodes) replica.onBatchText(first.text)
    await until('it is committed', () => nodes.every(({ replica }) => replica.chain.store.hasBatch(first.hash)))
    await agreed(nodes)
    for (let i = 0; i < 3; i++) await append(nodes[i]!, i)
    const rivals = Array.from({ length: 8 }, (_, at) => sealed(network, 'p4', 0, 100 + at))
    for (const { text } of rivals) for (let i = 0; i < 3; i++) nodes[1]!.replica.onBatchText(text)
    await until('it is proven', () => nodes.every((node) => proven(node, 'p4') === 1))
    for (const { text } of rivals) for (const { replica } of nodes) replica.onBatchText(text)
    for (let i = 3; i < 6; i++) await append(nodes[i % 3]!, i)
    await onlyTheLiarIsProven(nodes, 1)
    assert.equal(await recorded(nodes[0]!), [1, 1])
    for (const { hash } of rivals) for (const { replica } of nodes) assert.not.ok(replica.chain.store.hasBatch(hash))
  })
)

test(
  'a rival that is only announced is fetched for its signature alone; one of another incarnation is not',
  withThree(async (network, nodes) => {
    const [first, second] = [sealed(network, 'p4', 0, 1), sealed(network, 'p4', 0, 2)]
    for (const { replica } of nodes) replica.onBatchText(first.text)
    await until('it is committed', () => nodes.every(({ replica }) => replica.chain.tip.height > 0))
    await agreed(nodes)
    const asked = placeLiar(network, async (request) => {
      return request.type === 'batches' ? { type: 'batches', batches: [second.text] } : await holdsNothing(request)
    })
    const { replica } = nodes[2]!
    replica.onMessage('p4', sealed(network, 'p4', 0, 3, 1).announcement)
    replica.onMessage('p4', sealed(network, 'p4', 1, 3, 1).announcement)
    replica.onMessage('p4', first.announcement)
    replica.onMessage('p4', second.announcement)
    await until('it is proven', () => nodes.every((node) => proven(node, 'p4') === 1))
    assert.equal(asked, [`p3 ${second.hash}`])
    replica.onMessage('p4', second.announcement)
    await append(nodes[0]!, 1)
    await onlyTheLiarIsProven(nodes, 1)
    assert.equal(asked.length, 1)
    assert.not.ok(replica.chain.store.hasBatch(second.hash))
  })
)

test(
  'two of every sequence: so many are written down and no more, and the chain goes on',
  withThree(async (network, nodes) => {
    const pairs = EVIDENCE_MAX + 8
    for (let sequence = 0; sequence < pairs; sequence++) {
      for (const odometer of [1, 2]) {
        for (const { replica } of nodes) replica.onBatchText(sealed(network, 'p4', sequence, odometer).text)
      }
    }
    await until('it is proven', () => nodes.every((node) => proven(node, 'p4') === EVIDENCE_MAX))
    for (let i = 0; i < 4; i++) await append(nodes[i % 3]!, i)
    await onlyTheLiarIsProven(nodes, EVIDENCE_MAX)
    const [, all] = await recorded(nodes[0]!)
    assert.ok(all <= nodes.length * EVIDENCE_MAX, `${all} records`)
    assert.is(nodes[0]!.replica.chain.store.locate('p4', pairs - 1)?.hash !== undefined, true)
  })
)

test(
  'one that announces and keeps silent does not keep others from getting the batch',
  withThree(async (network, nodes) => {
    const asked = placeLiar(network, () => new Promise<never>(() => {}))
    const batch = sealed(network, 'p4', 0, 1)
    // The silent one is heard first, at both of the others.
    for (const { replica } of nodes.slice(1)) replica.onMessage('p4', batch.announcement)
    await until('both ask it', () => asked.length === 2)
    nodes[0]!.replica.onBatchText(batch.text)
    for (const { replica } of nodes.slice(1)) replica.onMessage('p1', batch.announcement)
    await until('they have it', () => nodes.every(({ replica }) => replica.chain.store.hasBatch(batch.hash)), 12_000)
    await onlyTheLiarIsProven(nodes, 0)
  })
)

test('a rival of what a fetched block holds is proven by whoever fetches it', async () => {
  const ids = ['p1', 'p2', 'p3', 'p5', 'p6', 'p7']
  let cut: 'wholly' | 'silent' | 'no' = 'wholly'
  const passes: LocalOptions['passes'] = (from, to, message) => {
    if (from !== 'p7' && to !== 'p7') return true
    // Silent: it fetches blocks, and nobody hears what it has.
    return cut === 'no' || (cut === 'silent' && (to === 'p7' || message.type === 'request'))
  }
  const network = await createLocalNetwork(['p4', ...ids].sort(), { passes })
  try {
    const nodes: LocalNode[] = []
    for (const id of ids) nodes.push(await network.open(id))
    const [first, second] = [sealed(network, 'p4', 0, 1), sealed(network, 'p4', 0, 2)]
    const away = nodes.at(-1)!
    away.replica.onBatchText(second.text)
    for (const { replica } of nodes.slice(0, -1)) replica.onBatchText(first.text)
    await until('the others committed it', () => nodes[0]!.replica.chain.store.locate('p4', 0) !== undefined)
    assert.is(waitingEvidence(away), 0)
    cut = 'silent'
    const located = () => away.replica.chain.store.locate('p4', 0)?.hash
    // The lie is written down as soon as the block is fetched, which is before it is committed.
    await until('it has the block and wrote the lie down', () => located() !== undefined && waitingEvidence(away) === 1)
    assert.is(located(), first.hash)
    assert.is(proven(nodes[0]!, 'p4'), 0)
    cut = 'no'
    await until('it is proven', () => nodes.every((node) => proven(node, 'p4') === 1))
  } finally {
    await network.remove()
  }
})

test(
  'a node that is restarted before its evidence is on the chain does not write it down again',
  withThree(async (network, nodes) => {
    await nodes[1]!.stop()
    await nodes[2]!.stop()
    for (const odometer of [1, 2]) nodes[0]!.replica.onBatchText(sealed(network, 'p4', 0, odometer).text)
    await until('it is written down', () => waitingEvidence(nodes[0]!) === 1)
    await nodes[0]!.stop()
    const back = await network.open('p1')
    back.replica.onBatchText(sealed(network, 'p4', 0, 3).text)
    const all = [back, await network.open('p2'), await network.open('p3')]
    await until('it is proven', () => all.every((node) => proven(node, 'p4') === 1))
    // Whatever it would write again goes into the block after.
    await append(back, 1)
    await onlyTheLiarIsProven(all, 1)
    const { store } = back.replica.chain
    const written = await store.history('_evidence', '[]', { limit: 100, includeRefused: true })
    const by = written.map(({ height, batch }) => store.block(height)?.batches[batch]?.author)
    assert.is(by.filter((author) => author === 'p1').length, 1)
  })
)

test(
  'an honest partner is never accused: sent again, announced again, restarted',
  withThree(async (network, nodes) => {
    placeLiar(network, holdsNothing)
    const batches = [0, 1, 2].map((sequence) => sealed(network, 'p4', sequence, 7))
    const spread = (to: readonly LocalNode[]): void => {
      for (const { text, announcement } of [...batches, ...batches]) {
        for (const { replica } of to) {
          replica.onBatchText(text)
          replica.onMessage('p4', announcement)
        }
      }
    }
    spread(nodes.slice(0, 1))
    spread(nodes)
    await append(nodes[0]!, 1)
    await append(nodes[1]!, 2)
    await nodes[1]!.stop()
    const waiting = append(nodes[0]!, 3)
    const back = await network.open('p2')
    await waiting
    const all = [nodes[0]!, back, nodes[2]!]
    spread(all)
    // Of an incarnation that is not in force they are void, and prove nothing.
    for (const { replica } of all) replica.onBatchText(sealed(network, 'p4', 1, 9, 1).text)
    await append(back, 4)
    spread(all)
    await append(all[2]!, 5)
    await onlyTheLiarIsProven(all, 0)
    assert.equal(await recorded(back), [0, 0])
  })
)

test.run()
