import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { founding, INSPECTIONS } from '../support/inspections.js'
import { until } from '../support/partners.js'
import { type CommandResult, type Sandbox, type SandboxHome, withSandbox } from '../support/processes.js'
import { skipUnless, suite } from '../support/suite.js'

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

test('a locked key starts with its file, and the next one is taken up without being asked for', async () => {
  await withSandbox(async (sandbox) => {
    const file = await words(sandbox)
    const line = founding(await sandbox.file('network.yaml', INSPECTIONS))
    done(await sandbox.ledgerNode(['init', ...line, '--passphrase-file', file]))
    const refused = await sandbox.ledgerNode(['start'])
    assert.is(refused.code, 1)
    assert.match(refused.stderr, /PASSPHRASE_NEEDED: \S+ is locked .*\n.*--passphrase-file/)
    await writeFile(join(sandbox.home, 'config.yaml'), 'passphraseFile: ../words\n')
    const node = await sandbox.start()
    done(await append(sandbox, 10))

    // The process that runs takes the next key up: it reads the file again.
    const key = done(await sandbox.ledgerNode(['key', 'new'])).stdout.trim()
    done(await sandbox.ledger(['propose', 'key', 'p1', key]))
    await until('the next key is in use', async () => (await append(sandbox, 20)).code === 0 && (await newest()) === 20)
    const shown = JSON.parse(done(await sandbox.ledgerNode(['key', 'show', '--json'])).stdout)
    assert.equal(shown, { partner: 'p1', key, locked: true, next: null })
    assert.not.ok(node.isOver())
    for (const told of [node.stderr(), node.stdout()]) assert.not.match(told, WORDS)
    assert.is(await node.stop(), 0)
    await sandbox.start()
    done(await append(sandbox, 30))
    done(await sandbox.ledger(['verify']))

    async function newest(): Promise<unknown> {
      return (await sandbox.client.get('inspection', ['A'])).data.odometer
    }
  })
})

test('on a terminal the passphrase is asked for twice and not shown', async () => {
  // Of util-linux: gives a program a terminal.
  skipUnless(process.platform === 'linux' && existsSync('/usr/bin/script'), 'the program script is missing')
  await withSandbox(async (sandbox) => {
    const network = await sandbox.file('network.yaml', INSPECTIONS)
    done(await sandbox.ledgerNode(['init', ...founding(network)]))
    const set = await onTerminal(
      sandbox.home,
      ['key', 'passphrase'],
      [
        ['New passphrase:', WORDS],
        ['once more:', WORDS]
      ]
    )
    assert.is(set.code, 0, set.shown)
    assert.not.match(set.shown, WORDS)
    const removed = await onTerminal(
      sandbox.home,
      ['key', 'passphrase', '--remove'],
      [
        ['Passphrase of', 'another one'],
        ['Passphrase of', WORDS]
      ]
    )
    assert.is(removed.code, 0, removed.shown)
    assert.not.match(removed.shown, WORDS)
    const left = await onTerminal(sandbox.home, ['key', 'passphrase'], [['New passphrase:', '\u0003']])
    assert.is(left.code, 1, left.shown)
    assert.match(left.shown, 'PASSPHRASE_NEEDED: no passphrase was given')
  })
})

/** Runs bin/ledger-node.js on a terminal, and types each line once what comes before it is shown. */
async function onTerminal(
  home: string,
  args: readonly string[],
  lines: readonly (readonly [before: string, line: string])[]
): Promise<{ readonly code: number | null; readonly shown: string }> {
  const command = [process.execPath, 'bin/ledger-node.js', '--home', home, ...args].join(' ')
  const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let shown = ''
  let seen = 0
  const left = [...lines]
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    shown += piece
    const [next] = left
    const at = next === undefined ? -1 : shown.indexOf(next[0], seen)
    if (next === undefined || at < 0) return
    seen = at + next[0].length
    left.shift()
    child.stdin.write(`${next[1]}\r`)
  })
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { code, shown }
}

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
