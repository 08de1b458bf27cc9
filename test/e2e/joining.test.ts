import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { generateSeed, signer } from '../../src/base/crypto.js'
import { createInvitation, readToken } from '../../src/node/invitation.js'
import { founding, INSPECTIONS } from '../support/inspections.js'
import { invite, network, sameChain, started, until, untilVoters, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('joining', { timeoutMs: 120_000 })

/** A role that keeps a copy and does not vote. */
const WITH_OBSERVER = INSPECTIONS.replace(
  'auditor: { append: [], govern: false }',
  'auditor: { append: [], vote: false }'
)

test('a token is all it takes: the joiner syncs, votes and appends, and the same line starts it again', async () => {
  await withSandbox(async (sandbox) => {
    const [p1] = await network(sandbox, 1)
    const before = await p1!.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":10}\n')
    assert.is(before.code, 0, before.stderr)
    const token = await invite(p1!, 'p2', 'inspector', ['--name', 'Garage South'])
    const p2 = await started(sandbox, 'p2', ['--invite', token])
    assert.is(p2.node().ready.partner, 'p2')
    assert.is(p2.node().ready.state, 'joining')
    await untilVoters([p1!, p2])
    const lower = await p2.ledger(['append', 'inspection', '--json'], '{"vehicle":"A","odometer":9}\n')
    assert.is(lower.code, 3, lower.stderr)
    assert.is((await p2.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":11}\n')).code, 0)
    const views = ndjson<{ id: string; name: string; state: string; voter: boolean }>(
      (await p1!.ledger(['partners', '--json'])).stdout
    )
    assert.equal(
      views.map(({ id, name, state, voter }) => [id, name, state, voter]),
      [
        ['p1', 'p1', 'active', true],
        ['p2', 'Garage South', 'active', true]
      ]
    )
    await p2.node().stop()
    const again = await p2.again(['--invite', token])
    assert.is(again.ready.partner, 'p2')
    await untilVoters([p1!, p2])
    await sameChain([p1!, p2])
    await verifyAll([p1!, p2])
    const genesis = await Promise.all([p1!, p2].map(({ home }) => readFile(join(home, 'genesis.json'), 'utf8')))
    assert.is(genesis[0], genesis[1])
  })
})

/** A token like this one in all but its signature, which is a stranger's. */
function forged(token: string, inviter: string): string {
  const read = readToken(token)
  assert.ok(read.ok)
  const { genesis, bootstrap } = read.value
  return createInvitation({
    scope: { genesis, epoch: 0 },
    title: 'Inspections',
    inviter,
    sign: signer(generateSeed()),
    partner: 'p5',
    role: 'inspector',
    name: 'p5',
    expires: Date.now() + 3_600_000,
    bootstrap,
    seed: generateSeed()
  })
}

test('used, expired, revoked, foreign and broken tokens get nowhere: exit code 4', async () => {
  await withSandbox(async (sandbox) => {
    const [p1] = await network(sandbox, 1, { text: WITH_OBSERVER })
    const refusal = async (name: string, token: string, why: RegExp, readyLines = 1): Promise<void> => {
      const { code, stdout, stderr } = await sandbox.at(name).ledgerNode(['start', '--invite', token])
      assert.is(code, 4, `${name}: ${stderr}`)
      assert.is(ndjson(stdout).length, readyLines, name)
      const told = stderr.split('\n').filter((line) => line.startsWith('NOT_PERMITTED: '))
      assert.is(told.length, 1, `${name}: ${stderr}`)
      assert.match(told[0]!, why, name)
    }
    const used = await invite(p1!, 'watcher', 'auditor')
    const watcher = await started(sandbox, 'watcher', ['--invite', used])
    await until('the observer is active', async () => (await watcher.client.status()).partner.state === 'active')
    await refusal('used', used, /used|redeemed|already/i)
    const revoked = await invite(p1!, 'p3')
    assert.is((await p1!.ledger(['revoke', revoked])).code, 0)
    await refusal('revoked', revoked, /revoked/i)
    const elsewhere = sandbox.at('elsewhere')
    const other = await sandbox.file('other.yaml', INSPECTIONS)
    const stranger = await elsewhere.start(founding(other))
    const foreign = await invite(elsewhere, 'p4')
    await stranger.stop()
    // What a stranger would do: our network's addresses, an invitation that none of our partners signed.
    await refusal('forged', forged(used, 'p1'), /p1 did not sign the invitation/)
    await refusal('by-mallory', forged(used, 'mallory'), /mallory is no active partner/)
    await refusal('broken', `${used.slice(0, -9)}${used.at(-9) === 'A' ? 'B' : 'A'}${used.slice(-8)}`, /./, 0)
    await refusal('cut', used.slice(0, -20), /./, 0)
    const joined = await sandbox.at('watcher').ledgerNode(['start', '--invite', foreign])
    assert.is(joined.code, 4, joined.stderr)
    assert.match(joined.stderr, /^NOT_PERMITTED: .*already belongs to another network/m)
    const usage = await sandbox.at('nothing').ledgerNode(['start', '--invite', used, ...founding(other)])
    assert.is(usage.code, 2)
    assert.is((await p1!.client.partners()).length, 2, 'nobody else came in')
  })
})

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
      syncing: true
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
