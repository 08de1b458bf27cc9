import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { network, type Partner, sameChain, until, untilVoters, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('a lost disk where all are needed, with processes', { timeoutMs: 180_000 })

/** What a partner has kept somewhere else: its key, and who it is. */
const KEPT = ['key', 'genesis.json', 'partner.json', 'peers.json', 'invitation.json']

async function visit(by: Partner, vehicle: string, odometer: number): Promise<string | undefined> {
  const line = `${JSON.stringify({ vehicle, odometer })}\n`
  const { stdout } = await by.ledger(['append', 'inspection', '--json', '--timeout', '60s'], line)
  return ndjson<{ status: string }>(stdout)[0]?.status
}

test('of two partners one loses its home but for the key: it starts, and both go on', async () => {
  await withSandbox(async (sandbox) => {
    const partners = await network(sandbox, 2)
    const [p1, p2] = partners as [Partner, Partner]
    for (const [index, by] of partners.entries()) assert.is(await visit(by, 'A', index), 'accepted')
    const { height } = await sameChain(partners)

    await p2.kill()
    for (const name of await readdir(p2.home)) {
      if (!KEPT.includes(name)) await rm(join(p2.home, name), { recursive: true })
    }
    const waiting = visit(p1, 'A', 10)
    const node = await p2.again()
    assert.is(await waiting, 'accepted')
    await untilVoters(partners)
    await until('it has rejoined', async () => (await visit(p2, 'A', 11)) === 'accepted', 60_000)
    assert.is(await visit(p1, 'A', 12), 'accepted')
    assert.ok((await sameChain(partners)).height > height)
    assert.match(node.stderr(), /votes again in its old incarnation/)
    for (const { client } of partners) {
      for (const { id, evidence } of await client.partners()) assert.is(evidence, 0, id)
    }
    await verifyAll(partners)

    // Everything it needs for the next start is on its new disk.
    await p2.kill()
    await p2.again()
    await until('it appends again', async () => (await visit(p2, 'A', 13)) === 'accepted', 60_000)
    await sameChain(partners)
  })
})

test.run()
