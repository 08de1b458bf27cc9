import * as assert from 'uvu/assert'
import type { RunningNode } from '../../src/node/node.js'
import { suite } from '../support/suite.js'
import { appendLines } from '../support/test-home.js'
import { agreed, createNetwork } from '../support/whole-nodes.js'

const test = suite('appending while behind', { timeoutMs: 120_000 })

test('a voter just back from an outage takes records that rest on what it has missed', async () => {
  const network = await createNetwork()
  try {
    for (const id of ['p2', 'p3', 'p4']) await network.join(id)
    const [p1, , , p4] = network.nodes as [RunningNode, RunningNode, RunningNode, RunningNode]
    const visit = (vehicle: string, odometer: number): string => JSON.stringify({ vehicle, odometer })
    const [first] = await appendLines(p4, 'inspection', [visit('a', 10)])
    assert.is(first?.status, 'accepted')
    await network.close(p4)
    // One after the other: several blocks that p4 lacks.
    for (let odometer = 11; odometer <= 20; odometer++) {
      const [outcome] = await appendLines(p1, 'inspection', [visit('a', odometer)])
      assert.is(outcome?.status, 'accepted')
    }
    const [registered] = await appendLines(p1, 'inspection', [visit('new', 5)])
    assert.is(registered?.status, 'accepted')

    const back = await network.open('p4')
    const [note, wrong] = await Promise.all([
      appendLines(back, 'note', [JSON.stringify({ text: 'rests on what p4 has missed', vehicle: 'new' })]),
      appendLines(back, 'inspection', [visit('a', 15)])
    ])
    assert.is(note[0]?.status, 'accepted', JSON.stringify(note))
    assert.is(wrong[0]?.status, 'refused', 'by its old copy it would be accepted')
    await agreed(network.nodes)
  } finally {
    await network.remove()
  }
})

test.run()
