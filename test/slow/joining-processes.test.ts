import { readFile } from 'node:fs/promises'
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

test.run()
