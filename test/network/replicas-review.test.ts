import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { sha256Hex, signer } from '../../src/base/crypto.js'
import { LedgerError } from '../../src/base/errors.js'
import { batchBytes, batchHeader, encodeBatch } from '../../src/ledger/batch.js'
import { blockHash } from '../../src/ledger/block.js'
import { checkRecord, encodeRecord } from '../../src/ledger/record.js'
import { proposalBytes } from '../../src/ledger/vote.js'
import type { PullRequest, PullResponse } from '../../src/node/peers.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createLocalNetwork, type LocalNode } from '../support/local-network.js'
import { seedOf } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

const test = suite('replicas among liars and after losses', { timeoutMs: 40_000 })

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

async function append({ chain, own }: Replica, vehicle: string, odometer: number): Promise<string> {
  const text = encodeRecord({ object: 'inspection', data: { vehicle, odometer } })
  const { batch, index } = own.add(checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax))
  const { verdicts } = await batch.decided
  return verdicts[index]?.code ?? 'accepted'
}

async function until(what: string, holds: () => boolean, ms = 15_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await pause(10)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function agreed(nodes: readonly LocalNode[]): Promise<void> {
  const tips = (): string[] => nodes.map(({ replica }) => replica.chain.tip.hash)
  await until('all have the same tip', () => new Set(tips()).size === 1)
}

/** Changes how a node answers requests. */
function answering(
  node: LocalNode,
  answer: (request: PullRequest, honest: () => Promise<PullResponse>) => Promise<PullResponse>
) {
  const honest = node.replica.onRequest
  ;(node.replica as { onRequest: Replica['onRequest'] }).onRequest = (from, request) => {
    return answer(request, () => honest(from, request))
  }
}

/** A batch of a partner, as only its key can make it. */
function batchOf(network: Network, author: string, sequence: number, odometer: number): { hash: string; text: string } {
  const scope = { genesis: network.genesis.hash, epoch: 0 }
  const records = [encodeRecord({ object: 'inspection', data: { vehicle: `of ${author}`, odometer } })]
  const header = batchHeader(author, 0, sequence, records)
  const bytes = batchBytes(scope, header)
  const hash = sha256Hex(bytes)
  return { hash, text: encodeBatch(scope, { header, hash, signature: signer(seedOf(author))(bytes), records }) }
}

test(
  'a partner that serves true blocks with the wrong bodies is passed over, and stops nobody',
  withNetwork(async (network, nodes) => {
    await nodes[3]!.stop()
    for (let i = 1; i < 4; i++) assert.is(await append(nodes[0]!.replica, 'a', i), 'accepted')
    await agreed(nodes.slice(0, 3))
    answering(nodes[0]!, async (_, honest) => {
      const answer = await honest()
      if (answer.type !== 'blocks') return answer
      return { type: 'blocks', blocks: answer.blocks.map((block) => ({ ...block, batches: [] })) }
    })
    const back = await network.open('p4')
    await agreed([...nodes.slice(0, 3), back])
  })
)

test(
  'a partner that claims to be far ahead and never answers holds nobody up',
  withNetwork(async (_, nodes) => {
    const stalled: (() => void)[] = []
    let isOver = false
    const never = (): Promise<PullResponse> => {
      return new Promise((_, reject) => stalled.push(() => reject(new LedgerError('NODE_UNREACHABLE', 'no answer'))))
    }
    answering(nodes[3]!, (request, honest) => (request.type === 'blocks' && !isOver ? never() : honest()))
    const claim = setInterval(() => {
      for (const { replica } of nodes.slice(0, 3)) {
        replica.onMessage('p4', { type: 'status', height: 1_000_000, round: 0, votes: [], batches: [] })
      }
    }, 20)
    try {
      await pause(100)
      const all = Promise.all([1, 2, 3].map((i) => append(nodes[0]!.replica, `car ${i}`, i)))
      let done = false
      void all.then(() => {
        done = true
      })
      await until('it commits', () => done, 10_000)
    } finally {
      clearInterval(claim)
      isOver = true
      for (const give of stalled) give()
    }
  })
)

test(
  'a partner that proposes out of turn, again and again, keeps nobody from agreeing',
  withNetwork(async (_, nodes) => {
    const { chain } = nodes[0]!.replica
    const sign = signer(seedOf('p4'))
    const height = chain.tip.height + 1
    // Rounds 0 to 3 are proposed by p2, p3, p4, p1 at height 1.
    for (let i = 0; i < 200; i++) {
      const header = `{"junk":${i}}`
      const block = blockHash(chain.scope, header)
      const body = { block, height, incarnation: 0, proposer: 'p4', round: i % 32, validRound: -1 }
      const proposal = { ...body, signature: sign(proposalBytes(chain.scope, body)) }
      for (const { replica } of nodes.slice(0, 3)) {
        replica.onMessage('p4', { type: 'proposal', proposal, header, batches: [], prevotes: [] })
      }
    }
    await nodes[3]!.stop()
    assert.is(await append(nodes[0]!.replica, 'a', 1), 'accepted')
    await agreed(nodes.slice(0, 3))
  })
)

test(
  'an author that gives each partner other batches for one sequence keeps nobody from agreeing',
  withNetwork(async (network, nodes) => {
    await nodes[3]!.stop()
    for (const [at, { replica }] of nodes.slice(0, 3).entries()) {
      for (const i of [0, 1]) replica.onBatchText(batchOf(network, 'p4', 0, 10 * at + i).text)
    }
    await until('one of them is in a block', () => nodes[0]!.replica.chain.tip.height > 0, 10_000)
    assert.is(await append(nodes[0]!.replica, 'a', 1), 'accepted')
    await agreed(nodes.slice(0, 3))
  })
)

test(
  'many batches of one sequence at once are not all kept',
  withNetwork(async (network, nodes) => {
    for (const { replica } of nodes) {
      for (let i = 0; i < 20; i++) replica.onBatchText(batchOf(network, 'p4', 7, i).text)
    }
    await pause(300)
    for (const { replica } of nodes) assert.is(replica.mempool.at('p4', 7).length, 2)
  })
)

test(
  'a batch that no block can hold yet begins no height',
  withNetwork(async (network, nodes) => {
    for (const { replica } of nodes) replica.onBatchText(batchOf(network, 'p4', 3, 1).text)
    await until('it is here', () => nodes.every(({ replica }) => replica.mempool.size().batches === 1))
    await pause(2_500)
    assert.equal(
      nodes.map(({ replica }) => replica.round),
      [0, 0, 0, 0]
    )
    const begun = Date.now()
    assert.is(await append(nodes[0]!.replica, 'a', 1), 'accepted')
    assert.ok(Date.now() - begun < 1_000)
  })
)

test(
  'a partner whose store is lost but not its log goes on with its lock, and contradicts nothing it signed',
  withNetwork(async (network, nodes) => {
    assert.is(await append(nodes[0]!.replica, 'a', 1), 'accepted')
    assert.is(await append(nodes[0]!.replica, 'a', 2), 'accepted')
    await agreed(nodes)
    await nodes[2]!.stop()
    await nodes[3]!.stop()
    const waiting = append(nodes[0]!.replica, 'a', 3)
    // Long enough for p1 and p2 to have voted, too few to decide.
    await pause(1_500)
    await nodes[1]!.stop()
    await rm(join(network.folder, 'p2', 'store'), { recursive: true })
    const second = await network.open('p2')
    await until('its copy is complete', () => second.replica.chain.tip.height === 2)
    const third = await network.open('p3')
    assert.is(await waiting, 'accepted')
    await agreed([nodes[0]!, second, third])
  })
)

test(
  'a partner that rejoins follows blocks with batches that it signed before the loss',
  withNetwork(async (network, nodes) => {
    assert.is(await append(nodes[3]!.replica, 'a', 1), 'accepted')
    await agreed(nodes)
    await nodes[1]!.stop()
    await nodes[2]!.stop()
    append(nodes[3]!.replica, 'a', 2).catch(() => {})
    await until('its batch is with another', () => nodes[0]!.replica.mempool.size().batches === 1)
    await nodes[3]!.stop()
    await rm(join(network.folder, 'p4', 'guard'))
    const back = await network.open('p4')
    const [second, third] = [await network.open('p2'), await network.open('p3')]
    await until('it has rejoined', () => !back.replica.rejoining)
    assert.is(await append(back.replica, 'a', 3), 'accepted')
    await agreed([nodes[0]!, second, third, back])
  })
)

test(
  'rejoins that are none are not written into blocks',
  withNetwork(async (_, nodes) => {
    const request = {
      type: 'rejoin',
      partner: 'p4',
      incarnation: 1,
      nonce: 'ab'.repeat(32),
      signature: '0'.repeat(128)
    } as const
    for (let i = 0; i < 5; i++) {
      const answer = await nodes[0]!.replica.onRequest('p4', request)
      assert.is(answer.type === 'rejoin' && answer.accepted, false)
    }
    assert.is(nodes[0]!.replica.chain.tip.height, 0)
  })
)

/** Whoever passes a proposal on, or makes it, may give each partner another list of batches beside it: nobody signs the list. */
const OTHER_LISTS: readonly (readonly [string, (batches: readonly string[]) => readonly string[]])[] = [
  ['one that nobody has', () => ['ef'.repeat(32)]],
  ['none', () => []],
  ['one of them twice', (batches) => [...batches, ...batches]]
]

for (const [name, listed] of OTHER_LISTS) {
  test(
    `a proposal that comes with other batches than its own is no wrong block: ${name}`,
    withNetwork(async (_, nodes) => {
      const [first, ...others] = nodes
      // p1 hears each proposal so before it hears it as it is.
      const { onMessage } = first!.replica
      ;(first!.replica as { onMessage: Replica['onMessage'] }).onMessage = (from, message) => {
        if (message.type === 'proposal') onMessage('p4', { ...message, batches: listed(message.batches) })
        onMessage(from, message)
      }
      for (let i = 1; i <= 5; i++) assert.is(await append(others[0]!.replica, 'a', i), 'accepted')
      await agreed(nodes)
    })
  )
}

test.run()
