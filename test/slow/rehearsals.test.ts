import * as assert from 'uvu/assert'
import type { NetworkDefinition } from '../../src/ledger/network-definition.js'
import type { ProposalView } from '../../src/node/ledger-node.js'
import type { RunningNode } from '../../src/node/node.js'
import { suite } from '../support/suite.js'
import { appendLines } from '../support/test-home.js'
import { agreed, createNetwork, until } from '../support/whole-nodes.js'

const test = suite('rehearsal of proposals', { timeoutMs: 60_000 })

/** The network file in force with another text in it. */
function changed(node: RunningNode, from: string, to: string): NetworkDefinition {
  return JSON.parse(JSON.stringify(node.model().network).replaceAll(from, to)) as NetworkDefinition
}

test('each node rehearses a proposed file by itself, and again after it was started anew', async () => {
  const network = await createNetwork()
  try {
    const [p1] = network.nodes as [RunningNode]
    const p2 = await network.join('p2')
    for (const [node, odometer] of [
      [p1, 10],
      [p2, 60],
      [p1, 70]
    ] as const) {
      await agreed(network.nodes)
      const [outcome] = await appendLines(node, 'inspection', [JSON.stringify({ vehicle: 'a', odometer })])
      assert.is(outcome?.status, 'accepted')
    }
    const propose = (file: NetworkDefinition): Promise<ProposalView> =>
      p1.propose({ change: { kind: 'model', network: file }, expiresMs: 600_000, force: true })
    const rule = 'previous == null || record.odometer >= previous.odometer'
    const { id } = await propose(changed(p1, rule, 'record.odometer < 50'))
    const titled = await propose(changed(p1, '"Note"', '"Remark"'))
    const rehearsed = async (node: RunningNode): Promise<void> => {
      await until('it is rehearsed', () => node.show(id) !== null && node.proposal(id).rehearsal?.state === 'done')
      const { rehearsal } = node.proposal(id)
      assert.ok(rehearsal?.state === 'done')
      const { records, refused, accepted, groups } = rehearsal
      assert.equal([records, refused, accepted], [3, 2, 0])
      assert.equal(groups.map(({ partner, count }) => [partner, count]).sort(), [
        ['p1', 1],
        ['p2', 1]
      ])
      assert.is(node.proposal(titled.id).rehearsal, undefined, 'a title judges nothing')
    }
    await agreed(network.nodes)
    for (const node of [p1, p2]) await rehearsed(node)
    await network.close(p2)
    const again = await network.open('p2')
    await rehearsed(again)
    const found: string[] = []
    await again.rehearse(
      { proposal: id },
      { onDifference: ({ author, data }) => void found.push(`${author} ${data.odometer}`) }
    )
    assert.equal(found, ['p2 60', 'p1 70'])
    const kind = (await p1.propose({ change: { kind: 'suspend', partner: 'p2' }, expiresMs: 600_000, force: true })).id
    const error = await p1.rehearse({ proposal: kind }, {}).catch((thrown: unknown) => thrown)
    assert.match((error as Error).message, /of kind suspend; only a network file/)
  } finally {
    await network.remove()
  }
})

test.run()
