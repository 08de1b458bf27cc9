import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type { ProposalView } from '../../src/node/ledger-node.js'
import { network, type Partner, sameChain, until, untilVoters, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('away while the others decide', { timeoutMs: 240_000 })

/** Longer than a key that is none any more is still let in. */
const FORGOTTEN_MS = 32_000

async function agree(partners: readonly Partner[], line: readonly string[]): Promise<void> {
  const [first, ...others] = partners as readonly [Partner, ...Partner[]]
  const { code, stdout, stderr } = await first.ledger(['propose', ...line, '--force', '--json'])
  assert.is(code, 0, stderr)
  const { id } = ndjson<ProposalView>(stdout)[0]!
  for (const { ledger } of others) assert.is((await ledger(['vote', id, 'yes', '--force'])).code, 0)
  await until(`${line.join(' ')} is in force`, async () => (await first.client.proposal(id)).state === 'enacted')
}

test('its key was replaced by the one in its home: it learns so from a quorum, takes it up and goes on', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3, p4] = partners
    const key = (await p4.ledgerNode(['key', 'new'])).stdout.trim()
    await p4.node().stop()
    await agree([p1, p2, p3], ['key', 'p4', key])
    await sleep(FORGOTTEN_MS)
    await p4.again()
    await untilVoters(partners)
    assert.is((await p4.ledgerNode(['key', 'show'])).stdout.trim(), key)
    const record = '{"vehicle":"A","odometer":1}\n'
    await until('p4 writes', async () => (await p4.ledger(['append', 'inspection'], record)).code === 0)
    await sameChain(partners)
    await verifyAll(partners)
  })
})

test('it was removed: it learns so from a quorum, and its copy can be verified', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3, p4] = partners
    await p4.node().stop()
    await agree([p1, p2, p3], ['remove', 'p4'])
    await sleep(FORGOTTEN_MS)
    await p4.again()
    await until('p4 is told', async () => (await p4.client.status()).partner.state === 'removed')
    assert.match((await p4.client.status()).stalled?.why ?? '', /have removed this one, as a quorum of them signed/)
    await verifyAll(partners)
  })
})

test.run()
