import * as assert from 'uvu/assert'
import { createIntake } from '../../src/node/intake.js'
import type { AppendOutcome } from '../../src/node/ledger-node.js'
import { systemTimers } from '../../src/node/timers.js'
import { createLocalNetwork, type LocalNode } from '../support/local-network.js'
import { suite } from '../support/suite.js'

const test = suite('replicas that append while behind', { timeoutMs: 60_000 })

async function append({ id, replica }: LocalNode, object: string, data: object): Promise<AppendOutcome | undefined> {
  const { chain, own, pending } = replica
  const intake = createIntake({
    chain,
    own,
    pending,
    partner: id,
    blocked: () => null,
    inStep: () => replica.inStep,
    now: Date.now,
    timers: systemTimers,
    show: () => null,
    logRefusal: () => {}
  })
  async function* chunks() {
    yield Buffer.from(JSON.stringify(data))
  }
  for await (const outcome of intake.append(object, chunks(), { timeoutMs: 20_000 })) return outcome
  return undefined
}

test('a voter just back from an outage takes what rests on blocks it has missed, and refuses nothing by its old copy', async () => {
  const network = await createLocalNetwork(['p1', 'p2', 'p3', 'p4'])
  try {
    const nodes: LocalNode[] = []
    for (const id of ['p1', 'p2', 'p3', 'p4']) nodes.push(await network.open(id))
    const [p1, , , p4] = nodes as [LocalNode, LocalNode, LocalNode, LocalNode]
    assert.is((await append(p4, 'inspection', { vehicle: 'a', odometer: 10 }))?.status, 'accepted')
    await p4.stop()
    for (const vehicle of ['b', 'c', 'new']) {
      assert.is((await append(p1, 'inspection', { vehicle, odometer: 5 }))?.status, 'accepted')
    }
    const back = await network.open('p4')
    assert.is(back.replica.inStep, false)
    const note = await append(back, 'note', { text: 'rests on what p4 has missed', vehicle: 'new' })
    assert.is(note?.status, 'accepted', JSON.stringify(note))
    const wrong = await append(back, 'inspection', { vehicle: 'a', odometer: 5 })
    assert.is(wrong?.status, 'refused')
    assert.is('height' in (wrong ?? {}), false, 'in step again, it refuses by itself')
  } finally {
    await network.remove()
  }
})

test('cut off from a quorum, a node gives no final refusal; with enough others that none decides without them, it does', async () => {
  const network = await createLocalNetwork(['p1', 'p2', 'p3', 'p4'])
  try {
    const p1 = await network.open('p1')
    const [p2, p3] = [await network.open('p2'), await network.open('p3')]
    assert.is((await append(p1, 'inspection', { vehicle: 'a', odometer: 10 }))?.status, 'accepted')
    assert.is(p1.replica.inStep, true)
    await p3.stop()
    assert.is(p1.replica.inStep, true, 'three of four are needed: nothing is decided without p1 or p2')
    await p2.stop()
    assert.is(p1.replica.inStep, false)
  } finally {
    await network.remove()
  }
})

test.run()
