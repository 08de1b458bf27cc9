import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { ProposalView } from '../../src/node/ledger-node.js'
import {
  invite,
  network,
  type Partner,
  sameChain,
  started,
  until,
  untilVoters,
  verifyAll
} from '../support/partners.js'
import { ndjson, type Sandbox, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('recovery', { timeoutMs: 240_000 })

async function append(at: Partner, odometer: number): Promise<string> {
  const line = `{"vehicle":"A","odometer":${odometer}}\n`
  const { code, stdout, stderr } = await at.ledger(['append', 'inspection', '--json'], line)
  assert.is(code, 0, `${at.id}: ${stdout}${stderr}`)
  return ndjson<{ id: string }>(stdout)[0]!.id
}

/** A command about recoveries that must work; its output is written to a file. */
async function into(sandbox: Sandbox, name: string, at: Partner, line: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await at.ledgerNode(['recovery', ...line])
  assert.is(code, 0, stderr)
  return await sandbox.file(name, stdout)
}

async function refused(at: Partner, line: readonly string[], code: number, why: RegExp): Promise<void> {
  const result = await at.ledgerNode(['recovery', ...line])
  assert.equal([result.code, result.stdout], [code, ''], result.stderr)
  assert.match(result.stderr, why)
}

async function hashOf(at: Partner, file: string): Promise<string> {
  const { stdout } = await at.ledgerNode(['recovery', 'show', file, '--json'])
  return ndjson<{ hash: string }>(stdout)[0]!.hash
}

async function verifyReceipt(at: Partner, sandbox: Sandbox, id: string): Promise<string> {
  const receipt = await at.ledger(['receipt', id])
  assert.is(receipt.code, 0, receipt.stderr)
  const file = await sandbox.file(`receipt-${id.replaceAll('/', '-')}.json`, receipt.stdout)
  const { code, stdout, stderr } = await at.ledger(['verify-receipt', file, '--genesis', join(at.home, 'genesis.json')])
  assert.is(code, 0, stderr)
  return stdout
}

test('two of four are lost: the others go on, a joiner comes, and a lost one with a block of its own is taken back', async () => {
  await withSandbox(async (sandbox) => {
    const [p1, p2, p3, p4] = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const before = await append(p1, 10)
    await invite(p1, 'p9')
    const { height } = await sameChain([p1, p2, p3, p4])
    await refused(p1, ['propose', '--lost', 'p3,p4'], 1, /HOME_LOCKED/)

    // A block that only the lost have: p1 votes for it and loses it with all that it knew.
    for (const partner of [p1, p2]) await partner.node().stop()
    const copy = join(sandbox.directory, 'copy')
    await cp(p1.home, copy, { recursive: true })
    await p1.again()
    const orphan = await append(p3, 20)
    for (const partner of [p1, p3, p4]) await partner.node().stop()
    await rm(p1.home, { recursive: true })
    await cp(copy, p1.home, { recursive: true })

    for (const partner of [p1, p2]) await partner.again()
    const pending = await p1.ledger(
      ['append', 'inspection', '--json', '--timeout', '1s'],
      '{"vehicle":"B","odometer":7}\n'
    )
    assert.is(pending.code, 5, pending.stderr)
    const { id: waiting } = ndjson<{ id: string }>(pending.stdout)[0]!
    for (const partner of [p1, p2]) await partner.node().stop()

    await refused(p1, ['propose', '--lost', 'p2,p3,p4'], 4, /1 survivors are too few/)
    await refused(p1, ['propose', '--lost', 'p4'], 4, /3 survivors are a quorum/)
    await refused(p1, ['propose', '--lost', 'p9'], 7, /NOT_FOUND/)
    const proposed = await into(sandbox, 'recovery.json', p1, ['propose', '--lost', 'p3,p4'])
    const hash = await hashOf(p2, proposed)
    await refused(p1, ['sign', proposed, '--hash', `${hash.slice(1)}0`], 4, /not the one that was agreed on/)
    await refused(p3, ['sign', proposed, '--hash', hash], 4, /above the/)
    const byP1 = await into(sandbox, 'p1.json', p1, ['sign', proposed, '--hash', hash])
    const other = await into(sandbox, 'other.json', p2, ['propose', '--lost', 'p2,p3'])
    await refused(p1, ['sign', other, '--hash', await hashOf(p1, other)], 1, /never signs two/)
    await refused(p1, ['apply', byP1], 6, /the signatures of p2 are missing/)

    await p1.again()
    const { stalled } = await p1.client.status()
    assert.is(stalled?.causes?.[0]?.code, 'recovery-signed')
    assert.is((await p1.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":11}\n')).code, 4)
    await p1.node().stop()

    const byP2 = await into(sandbox, 'p2.json', p2, ['sign', proposed, '--hash', hash])
    const complete = await into(sandbox, 'complete.json', p1, ['merge', byP1, byP2])
    for (const partner of [p1, p2]) assert.is((await partner.ledgerNode(['recovery', 'apply', complete])).code, 0)
    await Promise.all([p1, p2].map((partner) => partner.again()))
    const recovered = await sameChain([p1, p2], height + 1)
    assert.is(recovered.epoch, 1)
    await until('the record that waited is in a block', async () => {
      return (await p2.ledger(['show', waiting, '--json'])).stdout.includes('"status":"accepted"')
    })
    const after = await append(p2, 30)
    const void9 = ndjson<{ why: string }>((await p1.ledger(['invitations', '--state', 'void', '--json'])).stdout)
    assert.equal(
      void9.map(({ why }) => why),
      ['it was made in epoch 0, which is over']
    )

    const p5 = await started(sandbox, 'p5', ['--invite', await invite(p1, 'p5')])
    await untilVoters([p1, p2, p5])
    await append(p5, 40)
    await sameChain([p1, p2, p5])
    await verifyAll([p1, p2, p5])
    for (const id of [before, waiting, after]) {
      assert.match(
        await verifyReceipt(p5, sandbox, id),
        /crosses the recovery of epoch 1 behind block \d+: p1, p2 declared p3, p4 lost/
      )
    }

    await p3.again()
    await until('p3 knows that its epoch is over', async () => {
      const status = await p3.client.status()
      return status.partner.state === 'suspended' && status.stalled?.causes?.[0]?.code === 'recovery-over'
    })
    assert.is((await p3.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":21}\n')).code, 4)
    await p3.node().stop()
    const orphans = await p3.ledgerNode(['recovery', 'orphans', '--json'])
    assert.equal(
      ndjson<{ id: string; data: object }>(orphans.stdout).map(({ id, data }) => [id, data]),
      [[orphan, { vehicle: 'A', odometer: 20 }]]
    )

    const back = ndjson<ProposalView>((await p1.ledger(['propose', 'reinstate', 'p3', '--force', '--json'])).stdout)[0]!
    for (const partner of [p2, p5]) await partner.ledger(['vote', back.id, 'yes', '--force'])
    await p3.again(['--resync'])
    await untilVoters([p1, p2, p3, p5])
    await append(p3, 50)
    await sameChain([p1, p2, p3, p5])
    await verifyAll([p1, p2, p3, p5])
    await p3.node().stop()
    assert.is(
      (await p3.ledgerNode(['recovery', 'orphans', '--data', 'inspection'])).stdout,
      '{"odometer":20,"vehicle":"A"}\n'
    )
    assert.is((await p4.ledgerNode(['recovery', 'apply', complete])).code, 0)
    await writeFile(join(sandbox.directory, 'broken.json'), '{}')
    await refused(p4, ['apply', join(sandbox.directory, 'broken.json')], 3, /MALFORMED/)
  })
})

test.run()
