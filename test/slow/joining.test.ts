import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { INSPECTIONS } from '../support/inspections.js'
import { invite, network, sameChain, started, until, untilVoters, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('more of joining', { timeoutMs: 120_000 })

/** A role that keeps a copy and does not vote. */
const WITH_OBSERVER = INSPECTIONS.replace(
  'auditor: { append: [], govern: false }',
  'auditor: { append: [], vote: false }'
)

test('an invitation that has expired gets nowhere, and invite says what is wrong with one', async () => {
  await withSandbox(async (sandbox) => {
    const [p1] = await network(sandbox, 1)
    const token = await invite(p1!, 'p2', 'inspector', ['--expires', '1s'])
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const { code, stderr } = await sandbox.at('p2').ledgerNode(['start', '--invite', token])
    assert.is(code, 4, stderr)
    assert.match(stderr, /^NOT_PERMITTED: .*expired/m)
    assert.is.not((await p1!.ledger(['invite', 'p1', '--role', 'inspector'])).code, 0, 'p1 is a partner already')
    assert.is.not((await p1!.ledger(['invite', 'p2', '--role', 'nobody'])).code, 0, 'there is no such role')
    const warned = await p1!.ledger(['invite', 'p2', '--role', 'inspector'])
    assert.match(warned.stderr, /^warning: .*only loopback addresses/)
  })
})

test('while nobody answers a joiner is ready and says why, and becomes the node on the same socket and port', async () => {
  await withSandbox(async (sandbox) => {
    const [p1] = await network(sandbox, 1)
    const { genesis } = await p1!.client.status()
    const line = ['--invite', await invite(p1!, 'p2'), '--http', '127.0.0.1:0']
    await p1!.node().stop()
    const p2 = await started(sandbox, 'p2', line)
    const { ready } = p2.node()
    assert.is(ready.state, 'joining')
    await connected(ready.listen[0]!)
    await until('it says what it waits for', async () => (await p2.client.status()).stalled !== null)
    const { stalled, ...status } = await p2.client.status()
    assert.match(stalled!.why, /^nobody of p1 answered: p1 cannot be reached: .*ECONNREFUSED/)
    assert.equal(status, {
      network: 'Inspections',
      genesis,
      partner: { id: 'p2', state: 'joining', role: 'inspector' },
      height: 0,
      head: genesis,
      stateHash: genesis,
      partners: [],
      quorum: { rule: '', needed: 0, online: 0 },
      mempool: { batches: 0, records: 0 },
      strangers: { seen: 0, hungUp: 0, last: null, refused: 0 },
      syncing: true,
      epoch: 0,
      recoveries: []
    })
    const told = await p2.ledger(['status'])
    assert.is(told.code, 0, told.stderr)
    assert.match(told.stdout, /not admitted yet/)
    assert.match(told.stdout, /nobody of p1 answered/)
    for (const args of [['partners'], ['genesis'], ['append', 'inspection'], ['watch'], ['verify'], ['get', 'note']]) {
      const refused = await p2.ledger(args, '{"vehicle":"A","odometer":1}\n')
      assert.is(refused.code, 1, args.join(' '))
      assert.match(refused.stderr, /^JOINING: .*nobody of p1 answered/m, args.join(' '))
    }
    assert.is((await fetch(`http://${ready.http}/health/live`)).status, 200)
    assert.is((await fetch(`http://${ready.http}/health/ready`)).status, 503)
    const second = await sandbox.at('p2').ledgerNode(['start', ...line])
    assert.is(second.code, 1)
    assert.match(second.stderr, /^HOME_LOCKED: /m)

    assert.is(await p2.node().stop(), 0, 'a joiner stops cleanly')
    await p2.again(line)
    await p2.kill()
    const again = await p2.again(line)
    assert.equal(again.ready, ready, 'the same key, ports and socket after a stop and a crash')
    await p1!.again()
    await untilVoters([p1!, p2])
    assert.is((await p2.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":10}\n')).code, 0)
    assert.is((await fetch(`http://${ready.http}/health/ready`)).status, 200)
    const views = await p1!.client.partners()
    assert.equal(views.find(({ id }) => id === 'p2')?.addresses, ready.listen)
    assert.is(ndjson(again.stdout()).length, 1, 'no second ready line')
    await sameChain([p1!, p2])
    assert.is(await again.stop(), 0)
  })
})

test('a partner that is back refuses what expired meanwhile, and admits one of two who come with one token', async () => {
  await withSandbox(async (sandbox) => {
    const [p1] = await network(sandbox, 1)
    const expiring = await invite(p1!, 'p2', 'inspector', ['--expires', '1s'])
    const shared = await invite(p1!, 'p3')
    await p1!.node().stop()
    const late = await started(sandbox, 'p2', ['--invite', expiring])
    const both = await Promise.all(['a', 'b'].map((home) => started(sandbox, home, ['--invite', shared])))
    for (const { node } of [late, ...both]) assert.is(node().ready.state, 'joining')
    await until('its own clock tells', async () => {
      return (await late.client.status()).stalled?.why.includes('; the invitation expired at ') === true
    })
    await p1!.again()
    assert.is(await late.node().ended(), 4)
    assert.match(late.node().stderr(), /^NOT_PERMITTED: .*expired/m)
    const [first, second] = both
    const code = await Promise.race([first!.node().ended(), second!.node().ended()])
    assert.is(code, 4)
    const states = await Promise.all(both.map(({ client }) => client.status().catch(() => null)))
    assert.is(states.filter((status) => status === null).length, 1, 'one of them has ended')
    const other = states[0] === null ? second! : first!
    await untilVoters([p1!, other])
    assert.is((await p1!.client.partners()).length, 2)
  })
})

/** Resolves when something takes a connection at a multiaddr. */
async function connected(address: string): Promise<void> {
  const [, , host, , port] = address.split('/')
  const socket = connect({ host: host!, port: Number(port) })
  await once(socket, 'connect')
  socket.destroy()
}

test('an observer keeps a whole copy, does not vote, and may not append what its role may not', async () => {
  await withSandbox(async (sandbox) => {
    const [p1] = await network(sandbox, 1, { text: WITH_OBSERVER })
    const watcher = await started(sandbox, 'watcher', ['--invite', await invite(p1!, 'watcher', 'auditor')])
    await until('the observer is active', async () => (await watcher.client.status()).partner.state === 'active')
    assert.is((await p1!.client.status()).quorum.needed, 1)
    assert.is((await p1!.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":10}\n')).code, 0)
    await sameChain([p1!, watcher])
    assert.is((await watcher.ledger(['get', 'inspection', 'A'])).code, 0)
    const refused = await watcher.ledger(['append', 'inspection', '--json'], '{"vehicle":"A","odometer":11}\n')
    assert.is(refused.code, 4, refused.stderr)
    const invited = await watcher.ledger(['invite', 'p9', '--role', 'inspector'])
    assert.equal([invited.code, invited.stdout], [4, ''])
    assert.match(invited.stderr, /^NOT_PERMITTED: watcher may not invite: its role does not govern/m)
    await watcher.kill()
    assert.is((await p1!.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":12}\n')).code, 0)
    await watcher.again()
    await sameChain([p1!, watcher])
    await verifyAll([p1!, watcher])
  })
})

test('--resync throws the copy away and fetches it again, with the same key', async () => {
  await withSandbox(async (sandbox) => {
    const partners = await network(sandbox, 2, { quorum: 'two-thirds' })
    const [p1, p2] = partners
    assert.is((await p1!.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":10}\n')).code, 0)
    await sameChain(partners)
    const key = await readFile(join(p2!.home, 'key'), 'utf8')
    await p2!.node().stop()
    await p2!.again(['--resync'])
    assert.is(await readFile(join(p2!.home, 'key'), 'utf8'), key)
    await sameChain(partners)
    await untilVoters(partners)
    const after = await p2!.ledger(['append', 'inspection', '--json'], '{"vehicle":"A","odometer":11}\n')
    assert.is(after.code, 0, after.stdout + after.stderr)
    await verifyAll(partners)
  })
})

test.run()
