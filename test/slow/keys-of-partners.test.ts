import { chmod, cp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type { ProposalView } from '../../src/node/ledger-node.js'
import { network, type Partner, sameChain, until, untilVoters, verifyAll } from '../support/partners.js'
import { type CommandResult, ndjson, type SandboxHome, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('stolen and restored keys', { timeoutMs: 600_000 })

const WORDS = 'correct horse battery'

/** What a thief cannot use: the lock and the socket of a process, and a port that is taken. */
const NOT_TAKEN = ['control.sock', 'lock', 'ports.json']

async function append(at: SandboxHome, odometer: number): Promise<CommandResult> {
  return await at.ledger(['append', 'inspection', '--timeout', '10s'], `{"vehicle":"A","odometer":${odometer}}\n`)
}

async function keyOf(at: Partner, id: string): Promise<string | undefined> {
  return (await at.client.partners()).find((partner) => partner.id === id)?.key
}

function done(result: CommandResult): CommandResult {
  assert.is(result.code, 0, result.stderr)
  return result
}

async function noEvidence(partners: readonly Partner[]): Promise<void> {
  for (const { client } of partners)
    for await (const lie of client.evidence({})) assert.unreachable(JSON.stringify(lie))
}

test('who has stolen a home can neither undo the vote for another key, nor write', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3, p4] = partners
    assert.is((await append(p2, 10)).code, 0)
    await p2.node().stop()
    const thief = sandbox.at('thief')
    await cp(p2.home, thief.home, { recursive: true })
    for (const name of NOT_TAKEN) await rm(join(thief.home, name), { recursive: true, force: true })
    await rm(join(p2.home, 'key'))

    const key = (await p2.ledgerNode(['key', 'new'])).stdout.trim()
    const { stdout } = await p1.ledger(['propose', 'key', 'p2', key, '--force', '--json'])
    const { id } = ndjson<ProposalView>(stdout)[0]!
    for (const { ledger } of [p3, p4]) assert.is((await ledger(['vote', id, 'yes', '--force'])).code, 0)
    await until('it is in force', async () => (await p1.client.proposal(id)).state === 'enacted')
    await p2.again()
    await untilVoters(partners)

    const mine = (await thief.ledgerNode(['key', 'new'])).stdout.trim()
    assert.is.not(mine, key)
    await thief.start()
    // It may wait for a block that never comes, longer than the test.
    const undone = thief.ledger(['propose', 'key', 'p2', mine, '--force']).catch(() => null)
    assert.is.not((await append(thief, 99)).code, 0)
    assert.is.not((await Promise.race([undone, sleep(5_000, null)]))?.code, 0)
    await until('p2 writes', async () => (await append(p2, 20)).code === 0)
    for (const partner of partners) {
      assert.is(await keyOf(partner, 'p2'), key)
      const list = ndjson<ProposalView>((await partner.ledger(['proposals', '--json'])).stdout)
      assert.equal(
        list.map(({ id }) => id),
        [id]
      )
    }
    const { stdout: newest } = await p1.ledger(['get', 'inspection', 'A', '--json'])
    assert.is(ndjson<{ data: { odometer: number } }>(newest)[0]?.data.odometer, 20)
    await sameChain(partners)
    await verifyAll(partners)
    await noEvidence(partners)
  })
})

test('a restored key that joins again with its old invitation rejoins, as nobody knows what it has signed', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, , p3] = partners
    assert.is((await append(p3, 10)).code, 0)
    const token = (await readFile(join(p3.home, 'invitation.json'), 'utf8')).trim()
    const backup = join(sandbox.directory, 'p3.json')
    assert.is((await p3.ledgerNode(['key', 'backup', backup, '--no-passphrase'])).code, 0)
    await p3.kill()
    await rm(p3.home, { recursive: true })
    assert.is((await append(p1, 20)).code, 0)
    const restored = await p3.ledgerNode(['key', 'restore', backup])
    assert.is(restored.code, 0, restored.stderr)
    await p3.again(['--invite', token])
    await until('p3 writes again', async () => (await append(p3, 30)).code === 0, 90_000)
    assert.match(p3.node().stderr(), /this node rejoins with a new incarnation/)
    await untilVoters(partners)
    await sameChain(partners)
    await verifyAll(partners)
    await noEvidence(partners)
  })
})

test('a locked key starts, is changed as planned without being asked for, and a lost disk is restored from a backup', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, , p4] = partners
    const file = await sandbox.file('words', `${WORDS}\n`)
    await chmod(file, 0o600)

    await p4.node().stop()
    done(await p4.ledgerNode(['key', 'passphrase', '--new-passphrase-file', file]))
    const refused = await p4.ledgerNode(['start'])
    assert.is(refused.code, 1)
    assert.match(refused.stderr, /PASSPHRASE_NEEDED: \S+ is locked .*\n.*--passphrase-file/)
    await p4.again(['--passphrase-file', file])
    await untilVoters(partners)

    // The process that runs takes the next key up: it reads the file again.
    const key = done(await p4.ledgerNode(['key', 'new', '--passphrase-file', file])).stdout.trim()
    const { stdout } = done(await p4.ledger(['propose', 'key', 'p4', key, '--json', '--force']))
    assert.is(ndjson<ProposalView>(stdout)[0]?.needed, 1)
    await until('p4 has its next key everywhere', async () => {
      for (const { client } of partners) {
        if ((await client.partners()).find(({ id }) => id === 'p4')?.key !== key) return false
      }
      return true
    })
    await untilVoters(partners)
    done(await append(p4, 10))
    const shown = JSON.parse(done(await p4.ledgerNode(['key', 'show', '--json'])).stdout)
    assert.equal(shown, { partner: 'p4', key, locked: true, next: null })
    assert.not.ok(p4.node().isOver())
    assert.not.match(p4.node().stderr(), WORDS)

    // The founder backs up while it runs and loses its disk afterwards.
    const directory = join(sandbox.directory, 'backup')
    done(await p1.ledgerNode(['backup', directory, '--passphrase-file', file]))
    const kept = await readdir(directory)
    assert.equal(
      kept.filter((name) => ['store', 'log', 'sign-guard'].includes(name)),
      []
    )
    done(await append(p1, 20))
    await p1.kill()
    await rm(p1.home, { recursive: true })
    done(await append(p2, 30))
    done(await p1.ledgerNode(['restore', directory]))
    await p1.again(['--passphrase-file', file])
    await until('p1 writes again', async () => (await append(p1, 40)).code === 0, 60_000)
    assert.match(p1.node().stderr(), /this node signs again/)
    await untilVoters(partners)
    await sameChain(partners)
    await verifyAll(partners)
    await noEvidence(partners)
  })
})

test.run()
