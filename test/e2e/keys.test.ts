import { existsSync } from 'node:fs'
import { chmod, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { ProposalView } from '../../src/node/ledger-node.js'
import { founding, INSPECTIONS } from '../support/inspections.js'
import { network, type Partner, sameChain, until, untilVoters, verifyAll } from '../support/partners.js'
import { type CommandResult, ndjson, type Sandbox, type SandboxHome, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('keys and backups', { timeoutMs: 180_000 })

const WORDS = 'correct horse battery'

async function append(at: SandboxHome, odometer: number): Promise<CommandResult> {
  return await at.ledger(['append', 'inspection'], `{"vehicle":"A","odometer":${odometer}}\n`)
}

function done(result: CommandResult): CommandResult {
  assert.is(result.code, 0, result.stderr)
  return result
}

async function words(sandbox: Sandbox): Promise<string> {
  const path = await sandbox.file('words', `${WORDS}\n`)
  await chmod(path, 0o600)
  return path
}

async function noEvidence(partners: readonly Partner[]): Promise<void> {
  for (const { client } of partners)
    for await (const lie of client.evidence({})) assert.unreachable(JSON.stringify(lie))
}

test('a locked key starts, is changed as planned without being asked for, and a lost disk is restored from a backup', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, , p4] = partners
    const file = await words(sandbox)

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

test('a partner alone is backed up whole while it is stopped, and restored when it has not run since', async () => {
  await withSandbox(async (sandbox) => {
    const node = await sandbox.start(founding(await sandbox.file('network.yaml', INSPECTIONS)))
    done(await append(sandbox, 10))
    const directory = join(sandbox.directory, 'backup')
    const running = await sandbox.ledgerNode(['backup', directory, '--no-passphrase'])
    assert.is(running.code, 1)
    assert.match(running.stderr, /BACKUP: \S+ votes alone.*\nstop the node/)
    assert.not(existsSync(directory))
    await node.stop()
    done(await sandbox.ledgerNode(['backup', directory, '--no-passphrase']))
    const again = await sandbox.ledgerNode(['backup', directory, '--no-passphrase'])
    assert.match(again.stderr, /BACKUP: .* is not empty/)

    await rm(sandbox.home, { recursive: true })
    const unsaid = await sandbox.ledgerNode(['restore', directory])
    assert.is(unsaid.code, 1)
    assert.match(unsaid.stderr, /--not-run-since/)
    assert.not(existsSync(sandbox.home))
    // As if it had been interrupted: the same once more ends it.
    done(await sandbox.ledgerNode(['restore', directory, '--not-run-since']))
    for (const name of ['genesis.json', 'sign-guard']) await rm(join(sandbox.home, name))
    done(await sandbox.ledgerNode(['restore', directory, '--not-run-since']))
    await sandbox.start()
    done(await append(sandbox, 20))
    done(await sandbox.ledger(['verify']))
    assert.is((await sandbox.client.status()).height, 2)

    const other = sandbox.at('other')
    await writeFile(join(directory, 'genesis.json'), 'x')
    const damaged = await other.ledgerNode(['restore', directory, '--not-run-since'])
    assert.match(damaged.stderr, /BACKUP: \S+genesis.json is missing or damaged/)
    assert.not(existsSync(join(other.home, 'key')))
  })
})

test.run()
