import * as assert from 'uvu/assert'
import type { PartnerChange } from '../../src/ledger/governance-change.js'
import { openProposalsIn } from '../../src/ledger/governance-state.js'
import { partnerSetText } from '../../src/ledger/partner-set.js'
import { systemRecord } from '../../src/node/duties.js'
import { admitOf, revocationOf, tokenOf } from '../support/admissions.js'
import { ballotOf, proposalOf, type Said, withdrawalOf } from '../support/governance-chain.js'
import { createLocalNetwork, type LocalNode } from '../support/local-network.js'
import { keyOf } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

const test = suite('records of governance by who has no right', { timeoutMs: 60_000 })

const SOON = { expires: Date.now() + 3_600_000 }

/** Appends without any question to the own node: its batch goes out as it is, and only the others judge it. */
async function forced({ replica }: LocalNode, { object, data }: Said): Promise<string> {
  const outcome = await replica.appendSystem(systemRecord(replica.chain, object, data))
  return outcome.ok ? `accepted ${outcome.id}` : outcome.code
}

/** What decides on partners, as a copy has it. */
function standing({ replica }: LocalNode): string {
  const { rulebook, store } = replica.chain
  return `${partnerSetText(rulebook.nextPartners)} ${openProposalsIn(store.state).join()}`
}

test('a modified node appends them past its own judgement: all copies refuse each, whatever it claims', async () => {
  const network = await createLocalNetwork(['p1', 'p2', 'p3', 'p4'])
  try {
    const nodes = await Promise.all(['p1', 'p2', 'p3', 'p4'].map((id) => network.open(id)))
    const [p1, p2, p3, p4] = nodes as [LocalNode, LocalNode, LocalNode, LocalNode]
    const { scope } = p1.replica.chain
    // p4 has the right no more once its role is another one.
    const demotion = await forced(p1, proposalOf({ kind: 'role', partner: 'p4', role: 'reader' }, SOON))
    const id = demotion.replace('accepted ', '')
    for (const node of [p2, p3]) assert.match(await forced(node, ballotOf(id, true)), /^accepted/)
    const target = await forced(p1, proposalOf({ kind: 'suspend', partner: 'p3' }, SOON))
    assert.match(target, /^accepted/)
    const open = target.replace('accepted ', '')
    while (p4.replica.chain.tip.height < p1.replica.chain.tip.height) await new Promise((done) => setTimeout(done, 20))
    const before = standing(p1)
    const mine = { expires: 2e12, inviter: 'p4' }
    const claims: readonly Said[] = [
      ...(['suspend', 'reinstate', 'remove'] as const).map((kind) => proposalOf({ kind, partner: 'p1' }, SOON)),
      proposalOf({ kind: 'role', partner: 'p4', role: 'inspector' }, SOON),
      proposalOf({ kind: 'key', partner: 'p1', key: keyOf('p4 again') }, SOON),
      proposalOf(
        {
          kind: 'admit',
          addresses: [],
          invitation: tokenOf('p7'),
          key: keyOf('p7'),
          name: 'p7',
          partner: 'p7',
          role: 'inspector'
        } as unknown as PartnerChange,
        SOON
      ),
      ballotOf(open, true),
      ballotOf(open, false),
      ballotOf(id, true),
      withdrawalOf(open),
      withdrawalOf(id),
      revocationOf(tokenOf('p7')),
      admitOf(scope, 'p7', { invitation: mine }),
      admitOf(scope, 'p7', { invitation: { expires: 2e12 }, signedBy: 'p4' }),
      admitOf(scope, 'p7', { invitation: { ...mine, role: 'reader' } })
    ]
    for (const claim of claims) {
      const verdict = await forced(p4, claim)
      assert.match(verdict, /^(NOT_PERMITTED|SCHEMA)$/, JSON.stringify(claim).slice(0, 200))
    }
    const height = p4.replica.chain.tip.height
    for (const node of nodes) {
      while (node.replica.chain.tip.height < height) await new Promise((done) => setTimeout(done, 20))
      assert.is(standing(node), before)
      assert.equal(node.failures, [])
    }
    const hashes = new Set(nodes.map(({ replica }) => replica.chain.store.block(height)?.hash))
    assert.is(hashes.size, 1)
  } finally {
    for (const node of network.nodes.values()) await node.stop()
    await network.remove()
  }
})

test.run()
