import * as assert from 'uvu/assert'
import { checkRecord, encodeRecord } from '../../src/ledger/record.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createLocalNetwork, type LocalNode, type LocalOptions } from '../support/local-network.js'
import { suite } from '../support/suite.js'
import { until } from '../support/whole-nodes.js'

const test = suite('replicas that never meet', { timeoutMs: 30_000 })

/** p2 and p3 never meet and p4 is never there, so all of the other three are needed. */
const FOUR = ['p1', 'p2', 'p3', 'p4']

type Passes = NonNullable<LocalOptions['passes']>

/** Appends one inspection; resolves to the height of its block. */
async function append({ chain, own }: Replica, vehicle: string): Promise<number> {
  const text = encodeRecord({ object: 'inspection', data: { vehicle, odometer: 1 } })
  const { batch, index } = own.add(checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax))
  const { height, verdicts } = await batch.decided
  assert.is(verdicts[index] ?? null, null)
  return height
}

async function withThree(passes: Passes, work: (nodes: readonly LocalNode[]) => Promise<void>): Promise<void> {
  const network = await createLocalNetwork(FOUR, { apart: ['p2', 'p3'], passes })
  try {
    const nodes: LocalNode[] = []
    for (const id of FOUR.slice(0, 3)) nodes.push(await network.open(id))
    await work(nodes)
    await until('all have the same tip', () => new Set(nodes.map(({ replica }) => replica.chain.tip.hash)).size === 1)
    for (const { id, failures } of nodes) assert.equal(failures, [], id)
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
  await withThree(passes, async (nodes) => {
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
  await withThree(passes, async ([, p2, p3]) => {
    await append(p2!.replica, 'a')
    await append(p3!.replica, 'b')
  })
  assert.ok(announced.includes('p2 p1 p3') && announced.includes('p3 p1 p2'), announced.join(', '))
})

test.run()
