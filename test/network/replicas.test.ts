import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { signer } from '../../src/base/crypto.js'
import { LedgerError } from '../../src/base/errors.js'
import { checkRecord, encodeRecord } from '../../src/ledger/record.js'
import { voteBytes } from '../../src/ledger/vote.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createLocalNetwork, type LocalNode, type LocalOptions } from '../support/local-network.js'
import { seedOf } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

const test = suite('replicas', { timeoutMs: 40_000 })

const FOUR = ['p1', 'p2', 'p3', 'p4']

type Network = Awaited<ReturnType<typeof createLocalNetwork>>

function withNetwork(
  ids: readonly string[],
  work: (network: Network, nodes: LocalNode[]) => Promise<void>,
  options: LocalOptions = {}
): () => Promise<void> {
  return async () => {
    const network = await createLocalNetwork(ids, options)
    try {
      const nodes: LocalNode[] = []
      for (const id of ids) nodes.push(await network.open(id))
      await work(network, nodes)
      for (const node of network.nodes.values()) assert.equal(node.failures, [], node.id)
    } finally {
      await network.remove()
    }
  }
}

/** Appends inspections; resolves to their verdict codes. */
async function append(
  replica: Replica,
  visits: readonly (readonly [vehicle: string, odometer: number])[]
): Promise<string[]> {
  const { chain, own } = replica
  const placed = visits.map(([vehicle, odometer]) => {
    const text = encodeRecord({ object: 'inspection', data: { vehicle, odometer } })
    return own.add(checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax))
  })
  const decisions = await Promise.all(placed.map(({ batch }) => batch.decided))
  return decisions.map(({ verdicts }, at) => verdicts[placed[at]!.index]?.code ?? 'accepted')
}

async function until(what: string, holds: () => boolean, ms = 20_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function agreed(nodes: readonly LocalNode[]): Promise<void> {
  const tips = (): string[] => nodes.map(({ replica }) => `${replica.chain.tip.height} ${replica.chain.tip.hash}`)
  await until('all have the same tip', () => new Set(tips()).size === 1)
}

test(
  'four partners append for the same car and hold the same chain with the same verdicts',
  withNetwork(FOUR, async (_, nodes) => {
    const all = await Promise.all(
      nodes.map(({ replica }, at) =>
        append(replica, [
          ['a', 10 + at],
          ['a', 20 + at],
          [`own-${at}`, 1]
        ])
      )
    )
    for (const codes of all) assert.is(codes[2], 'accepted')
    await agreed(nodes)
  })
)

for (const dead of [0, 1, 2, 3]) {
  test(
    `with partner ${dead + 1} of four away the others go on, and it catches up when it is back`,
    withNetwork(FOUR, async (network, nodes) => {
      assert.equal(await append(nodes[0]!.replica, [['a', 1]]), ['accepted'])
      await agreed(nodes)
      await nodes[dead]!.stop()
      const rest = nodes.filter((_, at) => at !== dead)
      for (let i = 2; i < 12; i++) assert.equal(await append(rest[i % 3]!.replica, [['a', i]]), ['accepted'])
      const back = await network.open(FOUR[dead]!)
      await agreed([...rest, back])
      assert.equal(await append(back.replica, [['a', 100]]), ['accepted'])
      await agreed([...rest, back])
    })
  )
}

test(
  'with two of four away nothing commits; it goes on when one is back',
  withNetwork(FOUR, async (network, nodes) => {
    await nodes[2]!.stop()
    await nodes[3]!.stop()
    const waiting = append(nodes[0]!.replica, [['a', 1]])
    let done = false
    void waiting.then(() => {
      done = true
    })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    assert.is(done, false)
    const back = await network.open('p3')
    assert.equal(await waiting, ['accepted'])
    await agreed([nodes[0]!, nodes[1]!, back])
  })
)

test(
  'without gossip batches are pulled',
  withNetwork(
    FOUR,
    async (_, nodes) => {
      assert.equal(await append(nodes[1]!.replica, [['a', 1]]), ['accepted'])
      assert.equal(await append(nodes[2]!.replica, [['a', 2]]), ['accepted'])
      await agreed(nodes)
    },
    { passes: (_from, _to, message) => message.type !== 'gossip' }
  )
)

test(
  'two that never hear each other both take part',
  withNetwork(
    FOUR,
    async (_, nodes) => {
      for (let i = 0; i < 8; i++) assert.equal(await append(nodes[i % 4]!.replica, [['a', i]]), ['accepted'])
      await agreed(nodes)
    },
    { passes: (from, to) => !((from === 'p1' && to === 'p2') || (from === 'p2' && to === 'p1')) }
  )
)

test(
  'a third of all messages lost: everything commits all the same',
  withNetwork(
    FOUR,
    async (_, nodes) => {
      for (let i = 0; i < 5; i++) assert.equal(await append(nodes[i % 4]!.replica, [['a', i]]), ['accepted'])
      await agreed(nodes)
    },
    { passes: () => Math.random() > 0.33 }
  )
)

test(
  'a partner that lost its sign guard signs nothing until it has rejoined, then its vote counts again',
  withNetwork(FOUR, async (network, nodes) => {
    assert.equal(await append(nodes[3]!.replica, [['a', 1]]), ['accepted'])
    await agreed(nodes)
    await nodes[3]!.stop()
    await rm(join(network.folder, 'p4', 'guard'))
    const back = await network.open('p4')
    assert.is(back.replica.rejoining, true)
    await until('it has rejoined', () => !back.replica.rejoining)
    const { partners } = back.replica.chain.rulebook.partners
    assert.is(partners.find(({ id }) => id === 'p4')?.incarnation, 1)
    await nodes[0]!.stop()
    assert.equal(await append(back.replica, [['a', 2]]), ['accepted'])
    assert.equal(await append(nodes[1]!.replica, [['a', 3]]), ['accepted'])
    await agreed([nodes[1]!, nodes[2]!, back])
  })
)

test(
  'a voter that signs two different votes does not split the others, and its lie stands on the chain',
  withNetwork(FOUR, async (network, nodes) => {
    assert.equal(await append(nodes[0]!.replica, [['a', 1]]), ['accepted'])
    await agreed(nodes)
    const { chain } = nodes[0]!.replica
    const height = chain.tip.height + 1
    const sign = signer(seedOf('p4'))
    for (const block of ['ab'.repeat(32), 'cd'.repeat(32)]) {
      const vote = { block, height, incarnation: 0, kind: 'prevote', round: 0, voter: 'p4' } as const
      const signed = { ...vote, signature: sign(voteBytes(chain.scope, vote)) }
      for (const to of ['p1', 'p2', 'p3'])
        network.nodes.get(to)!.replica.onMessage('p4', { type: 'vote', vote: signed, reason: null })
    }
    for (let i = 2; i < 6; i++) assert.equal(await append(nodes[i % 3]!.replica, [['a', i]]), ['accepted'])
    await until('the evidence is on the chain', () => chain.store.state.get('e:p4') !== undefined)
    for (const id of ['p1', 'p2', 'p3']) assert.is(chain.store.state.get(`e:${id}`), undefined)
    await agreed(nodes.slice(0, 3))
    // The honest p4 may hear its own key elsewhere, and then stops, as it should.
    nodes[3]!.failures.splice(0, nodes[3]!.failures.findLastIndex(isOwnKeyElsewhere) + 1)
  })
)

function isOwnKeyElsewhere(failure: unknown): boolean {
  return failure instanceof LedgerError && failure.code === 'SIGN_REFUSED'
}

test.run()
