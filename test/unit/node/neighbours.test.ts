import * as assert from 'uvu/assert'
import type { CheckedBatch } from '../../../src/ledger/execution.js'
import { createNeighbours, type Neighbours } from '../../../src/node/neighbours.js'
import type { PeerMessage, VoteMessage } from '../../../src/node/peers.js'
import { createRelay, type Relay } from '../../../src/node/relay.js'
import { suite } from '../../support/suite.js'

const test = suite('who passes on what to whom')

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `p${String(at + 1).padStart(2, '0')}`)
const faultsAmong = (count: number): number => count - (Math.floor((2 * count) / 3) + 1)

function voteOf(voter: string, round = 0, height = 1): VoteMessage {
  const vote = {
    block: null,
    height,
    incarnation: 0,
    kind: 'prevote',
    round,
    voter,
    signature: 'ab'.repeat(64)
  } as const
  return { type: 'vote', vote, reason: null }
}

interface Sent {
  readonly from: string
  readonly to: string
  readonly message: PeerMessage
}

/** Partners with these links, who all have told each other of them unless `silent`; what is sent waits in a queue. */
function networkOf(ids: readonly string[], linked: (a: string, b: string) => boolean, silent: readonly string[] = []) {
  const queue: Sent[] = []
  const tip = { height: 0 }
  const nodes = new Map<string, { readonly relay: Relay; readonly neighbours: Neighbours }>()
  const linksOf = (id: string): string[] => ids.filter((other) => other !== id && linked(id, other))
  for (const self of ids) {
    const connected = (): string[] => linksOf(self)
    const neighbours = createNeighbours({ self, connected, faults: () => faultsAmong(ids.length) })
    for (const other of connected()) neighbours.told(other, silent.includes(other) ? undefined : linksOf(other))
    const peers = { send: (to: string, message: PeerMessage) => void queue.push({ from: self, to, message }) }
    nodes.set(self, { neighbours, relay: createRelay({ chain: { tip } as never, self, peers, neighbours }) })
  }
  return {
    nodes,
    queue,
    tip,
    linksOf,
    /** Everybody whom the signer reaches is told, then whatever is passed on is; in any order. Who has it, and by how many. */
    spread(
      message: VoteMessage,
      random: () => number
    ): { readonly reached: Map<string, number>; readonly relayed: number } {
      const { voter } = message.vote
      const reached = new Map<string, number>([[voter, 0]])
      let relayed = 0
      for (const to of linksOf(voter)) queue.push({ from: voter, to, message })
      while (queue.length > 0) {
        const [{ from, to }] = queue.splice(Math.floor(random() * queue.length), 1) as [Sent]
        if (from !== voter) relayed++
        reached.set(to, (reached.get(to) ?? 0) + 1)
        nodes.get(to)?.relay.pass(from, message)
      }
      return { reached, relayed }
    }
  }
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

test('where all are connected nothing is passed on', () => {
  const ids = names(13)
  const network = networkOf(ids, () => true)
  for (const id of ids) assert.is(network.spread(voteOf(id), seeded(1)).relayed, 0)
})

test('with one link missing f + 1 pass on, each partner to others, and to nobody but who lacks it', () => {
  for (const count of [4, 7, 13]) {
    const ids = names(count)
    const [a, b] = [ids[0]!, ids[count - 2]!]
    const network = networkOf(ids, (x, y) => !([a, b].includes(x) && [a, b].includes(y)))
    for (const id of ids) {
      const { reached, relayed } = network.spread(voteOf(id), seeded(count))
      const isApart = id === a || id === b
      assert.is(relayed, isApart ? Math.min(faultsAmong(count) + 1, count - 2) : 0, `${id} of ${count}`)
      assert.is(reached.size, count)
      if (isApart) assert.is(reached.get(id === a ? b : a), relayed)
    }
  }
})

test('whatever the links are, everybody is reached as long as there is a way, and nobody by a storm', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed)
    const count = 3 + Math.floor(random() * 11)
    const ids = names(count)
    const share = random()
    const links = new Set<string>()
    for (let at = 1; at < count; at++) links.add(`${ids[Math.floor(random() * at)]} ${ids[at]}`)
    for (const a of ids) for (const b of ids) if (a < b && random() < share) links.add(`${a} ${b}`)
    const network = networkOf(ids, (a, b) => links.has(a < b ? `${a} ${b}` : `${b} ${a}`))
    for (const id of ids) {
      const { reached, relayed } = network.spread(voteOf(id), random)
      assert.is(reached.size, count, `seed ${seed}: of ${id}, only ${[...reached.keys()].join(' ')}`)
      // Each passes it on once, and never to whom the signer reaches.
      const others = count - 1 - network.linksOf(id).length
      assert.ok(relayed <= others * (count - 1), `seed ${seed}: ${relayed} messages for ${others}`)
    }
  }
})

test('two cliques with a bridge: one message for each partner behind it', () => {
  const ids = names(12)
  const [left, right] = [ids.slice(0, 6), ids.slice(6)]
  const network = networkOf(ids, (a, b) => {
    if (left.includes(a) === left.includes(b)) return true
    return [a, b].includes('p06') && [a, b].includes('p07')
  })
  const { reached, relayed } = network.spread(voteOf('p01'), seeded(1))
  assert.is(reached.size, 12)
  assert.is(relayed, 1 + right.length - 1)
})

test('who does not tell whom it reaches is passed to, where the signer tells; and where nobody tells, nothing is', () => {
  const ids = names(4)
  const linked = (a: string, b: string): boolean => !(['p01', 'p02'].includes(a) && ['p01', 'p02'].includes(b))
  for (const [silent, reached] of [
    [['p02'], 4],
    [['p01'], 4],
    [['p01', 'p02'], 3]
  ] as const) {
    assert.is(networkOf(ids, linked, silent).spread(voteOf('p01'), seeded(1)).reached.size, reached, silent.join(' '))
  }
})

test('what a partner told counts until it tells otherwise or is gone', () => {
  const { nodes } = networkOf(names(4), () => true)
  const { neighbours } = nodes.get('p04')!
  assert.equal(neighbours.unreached('p01', 'p01'), [])
  neighbours.told('p01', ['p03', 'p04'])
  assert.equal(neighbours.unreached('p01', 'p01'), ['p02'])
  neighbours.gone('p01')
  assert.equal(neighbours.unreached('p01', 'p01'), [])
  neighbours.told('p02', ['p03', 'p04'])
  assert.equal(neighbours.unreached('p01', 'p01'), ['p02'])
})

test('each place at a height is passed on once, own messages never, and the next height begins anew', () => {
  const { nodes, queue, tip } = networkOf(names(4), (a, b) => a === 'p03' || b === 'p03')
  const { relay } = nodes.get('p03')!
  const count = (work: () => void): number => {
    work()
    return queue.splice(0).length
  }
  assert.is(
    count(() => relay.pass('p01', voteOf('p01'))),
    2
  )
  // A liar may sign as many as it likes.
  for (const signature of ['cd', 'ef']) {
    const message = voteOf('p01')
    assert.is(
      count(() => relay.pass('p01', { ...message, vote: { ...message.vote, signature } })),
      0
    )
  }
  assert.is(
    count(() => relay.pass('p01', voteOf('p01', 1))),
    2
  )
  assert.is(
    count(() => relay.pass('p02', voteOf('p03'))),
    0
  )
  tip.height = 1
  assert.is(
    count(() => relay.pass('p01', voteOf('p01', 0, 2))),
    2
  )
})

test('a batch is announced to those whom its author does not reach', () => {
  const { nodes, queue } = networkOf(names(4), (a, b) => a === 'p03' || b === 'p03')
  const header = { author: 'p01', incarnation: 0, sequence: 7 }
  nodes.get('p03')!.relay.batch({ header, hash: 'ab'.repeat(32), records: [] } as unknown as CheckedBatch)
  assert.equal(
    queue.map(({ to, message }) => [to, message]),
    ['p02', 'p04'].map((to) => [to, { type: 'batch', hash: 'ab'.repeat(32), ...header }])
  )
})

test.run()
