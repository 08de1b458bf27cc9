import { createServer } from 'node:net'
import * as assert from 'uvu/assert'
import { network, type Partner, until, untilVoters } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('addresses of partners', { timeoutMs: 240_000 })

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function addressesOf(partner: string, at: Partner): Promise<readonly string[]> {
  const { stdout } = await at.ledger(['partners', '--json'])
  const views = ndjson<{ id: string; addresses: readonly string[] }>(stdout)
  return views.find(({ id }) => id === partner)?.addresses ?? []
}

test('one that listens elsewhere is shown there, and who knew only its old address finds it', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3] = partners
    const before = p2.node().ready.listen
    await until('p1 shows where p2 is', async () => String(await addressesOf('p2', p1)) === String(before))
    await p3.node().stop()
    await p2.node().stop()
    const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
    await p2.again(['--listen', address])
    const now = p2.node().ready.listen
    assert.ok(now.length === 1 && now[0]?.startsWith(`${address}/p2p/`), String(now))
    await until('p1 shows the new address alone', async () => String(await addressesOf('p2', p1)) === String(now))
    await p3.again()
    await untilVoters(partners)
    await until('p3 shows the new address', async () => String(await addressesOf('p2', p3)) === String(now))
  })
})

test.run()
