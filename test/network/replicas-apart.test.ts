import * as assert from 'uvu/assert'
import { checkRecord, encodeRecord } from '../../src/ledger/record.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createLocalNetwork, type LocalNode, type LocalOptions } from '../support/local-network.js'
import { suite } from '../support/suite.js'
import { until } from '../support/whole-nodes.js'

const test = suite('replicas that never meet', { timeoutMs: 30_000 })

type Network = Awaited<ReturnType<typeof createLocalNetwork>>

type Passes = NonNullable<LocalOptions['passes']>

/** p2 and p3 never meet. */
const meet = (a: string, b: string): boolean => !(['p2', 'p3'].includes(a) && ['p2', 'p3'].includes(b))

/** Appends one inspection; resolves to the height of its block. */
async function append({ chain, own }: Replica, vehicle: string): Promise<number> {
  const text = encodeRecord({ object: 'inspection', data: { vehicle, odometer: 1 } })
  const { batch, index } = own.add(checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax))
  const { height, verdicts } = await batch.decided
  assert.is(verdicts[index] ?? null, null)
  return height
}

/** All of these partners but the last, who is never there: so each of the others is needed. */
async function withAllButOne(
  count: 4 | 5,
  options: LocalOptions,
  work: (nodes: readonly LocalNode[], network: Network) => Promise<void>
): Promise<void> {
  const ids = ['p1', 'p2', 'p3', 'p4', 'p5'].slice(0, count)
  const network = await createLocalNetwork(ids, options)
  try {
    const nodes: LocalNode[] = []
    for (const id of ids.slice(0, -1)) nodes.push(await network.open(id))
    await work(nodes, network)
    const all = [...network.nodes.values()]
    await until('all have the same tip', () => new Set(all.map(({ replica }) => replica.chain.tip.hash)).size === 1)
    for (const { id, failures } of all) assert.equal(failures, [], id)
  } finally {
    await network.remove()
  }
}

test('votes and proposals of either reach the other although nobody may ask for any', async () => {
  const asked: string[] = []
  const passes: Passes = (from, to, message) => {
    if (message.type !== 'request' || message.request.type !== 'messages') return true
    asked.push(`${from} ${to}`)
    return false
  }
  await withAllButOne(4, { meet, passes }, async (nodes) => {
    for (let turn = 0; turn < 2; turn++) {
      for (const { id, replica } of nodes) await append(replica, `${id} ${turn}`)
    }
  })
})

test('what one wants to write becomes known to the other without gossip, and before any status lists it', async () => {
  const announced: string[] = []
  const passes: Passes = (from, to, message) => {
    if (message.type === 'batch' && message.author !== from) announced.push(`${message.author} ${from} ${to}`)
    // Statuses that list nothing pass: they tell who is connected with whom.
    return message.type !== 'gossip' && (message.type !== 'status' || message.batches.length === 0)
  }
  await withAllButOne(4, { meet, passes }, async ([, p2, p3]) => {
    await append(p2!.replica, 'a')
    await append(p3!.replica, 'b')
  })
  assert.ok(announced.includes('p2 p1 p3') && announced.includes('p3 p1 p2'), announced.join(', '))
})

test('where four stand in a line, one at its end that starts again hears from the other end what is known of it', async () => {
  const inLine = (a: string, b: string): boolean => Math.abs(Number(a.slice(1)) - Number(b.slice(1))) === 1
  await withAllButOne(5, { meet: inLine }, async ([p1, , , p4], network) => {
    await append(p1!.replica, 'a')
    await append(p4!.replica, 'b')
    await p1!.stop()
    const again = await network.open('p1')
    await append(again.replica, 'c')
  })
})

test.run()
