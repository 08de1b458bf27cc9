import * as assert from 'uvu/assert'
import { checkRecord, encodeRecord } from '../../src/ledger/record.js'
import type { StallCause } from '../../src/node/stall-explanation.js'
import { createLocalNetwork, type LocalNode, type LocalOptions } from '../support/local-network.js'
import { suite } from '../support/suite.js'

/** Replicas that cannot go on, and what their status says of it; each goes on when the reason is gone. */
const test = suite('stalls of replicas', { timeoutMs: 120_000 })

const FOUR = ['p1', 'p2', 'p3', 'p4']

async function withNetwork(
  options: LocalOptions,
  work: (nodes: readonly [LocalNode, LocalNode, LocalNode, LocalNode]) => Promise<void>
): Promise<void> {
  const network = await createLocalNetwork(FOUR, options)
  try {
    const nodes: LocalNode[] = []
    for (const id of FOUR) nodes.push(await network.open(id))
    await work(nodes as unknown as [LocalNode, LocalNode, LocalNode, LocalNode])
    for (const { failures, id } of network.nodes.values()) assert.equal(failures, [], id)
  } finally {
    await network.remove()
  }
}

async function append({ replica: { chain, own } }: LocalNode, vehicle: string, odometer: number): Promise<void> {
  const text = encodeRecord({ object: 'inspection', data: { vehicle, odometer } })
  await own.add(checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax)).batch.decided
}

async function until(what: () => string, holds: () => boolean, ms = 60_000): Promise<void> {
  for (const end = Date.now() + ms; !holds(); ) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Waits for a cause at a node. */
async function causeAt({ replica, id }: LocalNode, code: string): Promise<StallCause> {
  const find = (): StallCause | undefined => replica.stalled()?.causes.find((cause) => cause.code === code)
  await until(
    () => `${id} says ${code}, not ${JSON.stringify(replica.stalled())}`,
    () => find() !== undefined
  )
  return find()!
}

test('one of the three that are needed has a clock a minute ahead: it says what is refused, and whose clock it is', async () => {
  let aheadMs = 60_000
  const clock = (id: string): number => Date.now() + (id === 'p4' ? aheadMs : 0)
  await withNetwork({ clock }, async ([p1, , p3]) => {
    await p3.stop()
    const stuck = append(p1, 'a', 1)
    stuck.catch(() => {})
    const refused = await causeAt(p1, 'clocks-differ')
    assert.match(refused.why, /^[\w, ]+ refuses? the block that p\d proposed in round \d+: /)
    assert.match(refused.todo, /^compare the clock of p\d with those of who refuse/)
    const clocks = await causeAt(p1, 'clock')
    assert.match(
      clocks.why,
      /^the clock of p4 is about \d+ s ahead$|^the clocks of this machine and of p4 differ by about \d+ s$/
    )
    assert.match(clocks.todo, /^tell p4 to set its clock right$|^one of both is wrong: set it right$/)
    aheadMs = 0
    await stuck
  })
})

test('a block names batches that nobody gives: it says whose they are', async () => {
  let isWithheld = true
  const passes: LocalOptions['passes'] = (_from, _to, message) => {
    if (!isWithheld) return true
    return message.type !== 'gossip' && (message.type !== 'request' || message.request.type !== 'batches')
  }
  await withNetwork({ passes }, async (nodes) => {
    const stuck = Promise.all(nodes.map((node, at) => append(node, `of ${at}`, 1)))
    stuck.catch(() => {})
    const { why, todo } = await causeAt(nodes[0], 'missing-batches')
    assert.match(why, /^1 batch of block [0-9a-f]{16} of p[2-4] are nowhere to be had$/)
    assert.match(todo, /see that the node of p[2-4] runs and is reached$/)
    isWithheld = false
    await stuck
  })
})

test('who is needed is connected and behind: it says who, and at which block', async () => {
  let isCut = true
  const passes: LocalOptions['passes'] = (from, to, message) =>
    !isCut || (from !== 'p4' && to !== 'p4') || (message.type === 'status' && from === 'p4')
  await withNetwork({ passes }, async ([p1, , p3]) => {
    for (let odometer = 1; odometer < 4; odometer++) await append(p1, 'a', odometer)
    await p3.stop()
    const stuck = append(p1, 'a', 4)
    stuck.catch(() => {})
    const { why } = await causeAt(p1, 'behind')
    assert.match(why, /^connected, but not yet at block \d+, and so not voting: p4 \(at 0\)$/)
    isCut = false
    await stuck
  })
})

test.run()
