import * as assert from 'uvu/assert'
import type { RunningNode } from '../../src/node/node.js'
import { suite } from '../support/suite.js'
import { appendLines } from '../support/test-home.js'
import { agreed, createNetwork, until } from '../support/whole-nodes.js'

const test = suite('two partners that never connect', { timeoutMs: 120_000 })

const visit = (vehicle: string, odometer: number): string => JSON.stringify({ vehicle, odometer })

function sees(node: RunningNode, other: string): boolean {
  return node.partners().find(({ id }) => id === other)?.connected === true
}

/** Appends at each of these in turn. */
async function appendAtEach(nodes: readonly RunningNode[], odometer: number): Promise<void> {
  for (const [at, node] of nodes.entries()) {
    const [outcome] = await appendLines(node, 'inspection', [visit('a', odometer + at)])
    assert.is(outcome?.status, 'accepted', `${node.partner}: ${JSON.stringify(outcome)}`)
  }
}

for (const gossip of [true, false]) {
  test(`records of both commit everywhere, ${gossip ? 'with' : 'without'} gossip, also where both are needed for a quorum`, async () => {
    const network = await createNetwork({ gossip, apart: ['p2', 'p3'] })
    try {
      for (const id of ['p2', 'p4', 'p3']) await network.join(id)
      const [p1, p2, p4, p3] = network.nodes as [RunningNode, RunningNode, RunningNode, RunningNode]
      await until('all others are connected', () => {
        return [p2, p3].every((node) => sees(node, 'p1') && sees(node, 'p4')) && sees(p1, 'p4')
      })
      assert.not.ok(sees(p2, 'p3') || sees(p3, 'p2'), 'the two are connected after all')
      await appendAtEach([p2, p3], 1)
      await Promise.all([p2, p3].map((node) => appendLines(node, 'inspection', [visit(node.partner, 1)])))
      await agreed(network.nodes)

      await network.close(p4)
      // Three of four are needed, three are left, and p1 alone is connected with both others.
      await appendAtEach([p2, p3, p1], 10)
      await agreed(network.nodes)
      for (const node of network.nodes) {
        await until(`${node.partner} counts all three`, () => node.status().quorum.online === 3)
        assert.is((await node.verify({})).ok, true)
        assert.equal(node.get('inspection', ['a'])?.data, { vehicle: 'a', odometer: 12 })
      }
      assert.not.ok(sees(p2, 'p3') || sees(p3, 'p2'), 'the two are connected after all')
    } finally {
      await network.remove()
    }
  })
}

test.run()
