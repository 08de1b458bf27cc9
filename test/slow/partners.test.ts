import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { verifyReceipt } from '../../src/ledger/verify-receipt.js'
import type { RunningNode } from '../../src/node/node.js'
import { suite } from '../support/suite.js'
import { appendLines } from '../support/test-home.js'
import { agreed, createNetwork, until } from '../support/whole-nodes.js'

const test = suite('nodes of several partners', { timeoutMs: 90_000 })

/** Whether the node takes records now: not while it rejoins. */
function mayAppend(node: RunningNode): boolean {
  try {
    return node.check('inspection', visit(1_000_000)) === null
  } catch {
    return false
  }
}

const visit = (odometer: number): string => `{"vehicle":"a","odometer":${odometer}}`

for (const gossip of [true, false]) {
  test(`four partners join, write and verify ${gossip ? 'with' : 'without'} gossip; receipts hold across the changes`, async () => {
    const network = await createNetwork({ gossip })
    try {
      await appendLines(network.nodes[0]!, 'inspection', [visit(1)])
      for (const id of ['p2', 'p3', 'p4']) await network.join(id)
      const { nodes } = network
      for (const [at, node] of nodes.entries()) {
        const [outcome] = await appendLines(node, 'inspection', [visit(10 + at)])
        assert.is(outcome?.status, 'accepted', node.partner)
      }
      await agreed(nodes)
      for (const node of nodes) {
        const report = await node.verify({})
        assert.is(report.ok, true, JSON.stringify(report.failure))
        const genesis = JSON.stringify(node.genesis())
        for (const id of ['p1/0/0', 'p4/1/0']) {
          const statement = verifyReceipt(node.receipt(id) ?? '', genesis, JSON.stringify(node.checkpoint()))
          assert.ok(statement.ok, `${node.partner} ${id} ${JSON.stringify(statement)}`)
        }
        assert.equal(
          node.partners().map(({ id, voter }) => [id, voter]),
          [
            ['p1', true],
            ['p2', true],
            ['p3', true],
            ['p4', true]
          ]
        )
      }
    } finally {
      await network.remove()
    }
  })
}

test('an observer joins, keeps a copy, and does not count', async () => {
  const network = await createNetwork()
  try {
    await network.join('p2')
    const observer = await network.join('o1', 'reader')
    await until('quorum of two', () => network.nodes[0]!.status().quorum.needed === 2)
    await appendLines(network.nodes[0]!, 'inspection', [visit(1)])
    await agreed(network.nodes)
    assert.is(observer.partners().find(({ id }) => id === 'o1')?.voter, false)
    const [outcome] = await appendLines(observer, 'inspection', [visit(2)])
    assert.is(outcome?.status === 'refused' ? outcome.code : '', 'NOT_PERMITTED')
    assert.is((await observer.verify({})).ok, true)
  } finally {
    await network.remove()
  }
})

test('a partner that was away during admissions finds the others again', async () => {
  const network = await createNetwork()
  try {
    for (const id of ['p2', 'p3', 'p4']) await network.join(id)
    const away = network.nodes.find(({ partner }) => partner === 'p2')!
    await network.close(away)
    await network.join('p5')
    await appendLines(network.nodes[0]!, 'inspection', [visit(1)])
    const back = await network.open('p2')
    await agreed(network.nodes)
    assert.ok(back.partners().some(({ id }) => id === 'p5'))
  } finally {
    await network.remove()
  }
})

test('a partner that lost its disk but for its key and who it is fetches the chain, rejoins, and its vote counts again', async () => {
  const network = await createNetwork()
  try {
    for (const id of ['p2', 'p3', 'p4']) await network.join(id)
    await appendLines(network.nodes[0]!, 'inspection', [visit(1)])
    await agreed(network.nodes)
    await network.close(network.nodes.find(({ partner }) => partner === 'p4')!)
    for (const name of ['store', 'log', 'sign-guard', 'lock', 'refusals.ndjson']) {
      await rm(join(network.home('p4'), name), { recursive: true, force: true })
    }
    const back = await network.open('p4')
    await until('it has rejoined', () => mayAppend(back))
    await agreed(network.nodes)
    await network.close(network.nodes.find(({ partner }) => partner === 'p2')!)
    for (const [at, node] of network.nodes.entries()) {
      const [outcome] = await appendLines(node, 'inspection', [visit(10 + at)])
      assert.is(outcome?.status, 'accepted', node.partner)
    }
    assert.is((await back.verify({})).ok, true)
  } finally {
    await network.remove()
  }
})

test.run()
