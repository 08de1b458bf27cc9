import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import * as assert from 'uvu/assert'
import { readArguments } from '../../src/cli/command.js'
import { keyCommand } from '../../src/cli/ledger-node/key.js'
import { ledgerNodeProgram } from '../../src/cli/ledger-node/program.js'
import { homePaths } from '../../src/node/home.js'
import { lockHome } from '../../src/node/store/home-lock.js'
import { type CliResult, runProgram } from '../support/cli-run.js'
import { suite } from '../support/suite.js'
import { createTestHome } from '../support/test-home.js'

/** Each opening of a key takes a third of a second on a machine that does nothing else. */
const test = suite('cli keys', { timeoutMs: 60_000 })

const WORDS = 'correct horse battery'
const OTHERS = 'another horse stable'

interface Place {
  readonly folder: string
  readonly home: string
  readonly run: (argv: readonly string[]) => Promise<CliResult>
  /** On a terminal on which these lines are typed, each once it is asked for. */
  readonly typing: (lines: readonly string[], argv: readonly string[]) => Promise<CliResult>
  readonly file: (name: string, text: string) => string
}

async function inHome(work: (place: Place) => Promise<void>): Promise<void> {
  const { folder, home, remove } = await createTestHome()
  const at = (argv: readonly string[]): string[] => ['--home', home, ...argv]
  try {
    await work({
      folder,
      home,
      run: (argv) => runProgram(ledgerNodeProgram, at(argv)),
      typing(lines, argv) {
        const left = [...lines]
        const stdin = new PassThrough()
        const setRawMode = (raw: boolean): void => {
          if (raw) setImmediate(() => stdin.write(`${left.shift() ?? '\u0004'}\r`))
        }
        return runProgram(ledgerNodeProgram, at(argv), {
          stdin: Object.assign(stdin, { setRawMode }),
          terminals: ['stdin']
        })
      },
      file(name, text) {
        const path = join(folder, name)
        writeFileSync(path, text, { mode: 0o600 })
        return path
      }
    })
  } finally {
    await remove()
  }
}

function told({ code, stdout, stderr }: CliResult): Record<string, unknown> {
  assert.is(code, 0, stderr)
  return JSON.parse(stdout)
}

function refused({ code, stderr }: CliResult, exit: number, error: string): void {
  assert.is(code, exit, stderr)
  assert.ok(stderr.includes(`${error}: `), stderr)
  for (const secret of [WORDS, OTHERS]) assert.not.match(stderr, secret)
}

test('the line says what belongs to what', () => {
  assert.equal(readArguments(keyCommand, ['backup', 'f', '--no-passphrase']), {
    action: 'backup',
    file: 'f',
    inClear: true
  })
  assert.equal(readArguments(keyCommand, ['passphrase', '--passphrase-file', 'a', '--remove']), {
    action: 'passphrase',
    passphraseFile: 'a',
    remove: true
  })
  for (const line of [
    'steal',
    'backup',
    'restore',
    'show f',
    'passphrase words',
    'show --remove',
    'new --new-passphrase-file f',
    'passphrase --remove --new-passphrase-file f',
    'show --no-passphrase',
    'passphrase --passphrase words'
  ]) {
    assert.throws(() => readArguments(keyCommand, line.split(' ')), undefined, line)
  }
})

test('a passphrase is set at the terminal, asked twice, changed from files, and removed', () =>
  inHome(async ({ home, run, typing, file }) => {
    const key = homePaths(home).key
    const { stdout: shown } = await run(['key', 'show'])
    refused(await run(['key', 'passphrase']), 1, 'PASSPHRASE_NEEDED')
    refused(await typing([WORDS, OTHERS], ['key', 'passphrase']), 2, 'USAGE')
    refused(await typing(['short', 'short'], ['key', 'passphrase']), 2, 'USAGE')
    const before = readFileSync(key, 'utf8')
    assert.match(before, '"version": 1')

    const set = await typing([WORDS, WORDS], ['key', 'passphrase'])
    assert.equal([set.code, set.stdout], [0, shown], set.stderr)
    assert.match(set.stderr, /New passphrase: \nNew passphrase, once more: \n/)
    assert.match(readFileSync(key, 'utf8'), '"version": 2')
    assert.equal(told(await run(['key', 'show', '--json'])).locked, true)
    assert.is((await run(['key', 'show'])).stdout, shown)
    assert.not.ok(readdirSync(home).some((name) => name.startsWith('key.')))

    const [now, next] = [file('now', `${WORDS}\n`), file('next', OTHERS)]
    refused(await run(['key', 'passphrase', '--new-passphrase-file', next]), 1, 'PASSPHRASE_NEEDED')
    const change = ['key', 'passphrase', '--passphrase-file', now, '--new-passphrase-file', next]
    assert.is((await run(change)).code, 0)
    refused(await run(change), 4, 'PASSPHRASE_WRONG')
    const wrong = await typing(['wrong words', 'wrong words', 'wrong words'], ['key', 'passphrase', '--remove'])
    refused(wrong, 4, 'PASSPHRASE_WRONG')
    assert.is(wrong.stderr.match(/try again/g)?.length, 2)
    assert.is((await typing(['wrong words', OTHERS], ['key', 'passphrase', '--remove'])).code, 0)
    assert.is(readFileSync(key, 'utf8'), before)

    chmodSync(next, 0o644)
    const open = await run(['key', 'passphrase', '--new-passphrase-file', next])
    refused(open, 1, 'PASSPHRASE_NEEDED')
    assert.match(open.stderr, 'chmod 600')
  }))

test('a passphrase is not changed while a node runs', () =>
  inHome(async ({ home, run, file }) => {
    const lock = await lockHome(home)
    try {
      refused(await run(['key', 'passphrase', '--new-passphrase-file', file('w', WORDS)]), 1, 'HOME_LOCKED')
    } finally {
      await lock.release()
    }
  }))

test('the next key is locked as the one in use is', () =>
  inHome(async ({ home, run, typing, file }) => {
    const words = file('words', WORDS)
    refused(await run(['key', 'new', '--passphrase-file', words]), 2, 'USAGE')
    assert.is((await run(['key', 'passphrase', '--new-passphrase-file', words])).code, 0)
    refused(await run(['key', 'new']), 1, 'PASSPHRASE_NEEDED')
    refused(await run(['key', 'new', '--passphrase-file', file('others', OTHERS)]), 4, 'PASSPHRASE_WRONG')
    assert.not(existsSync(homePaths(home).nextKey))
    const { code, stdout, stderr } = await typing([WORDS], ['key', 'new'])
    assert.is(code, 0, stderr)
    assert.is((await run(['key', 'new'])).stdout, stdout, 'the same one again, without a passphrase')
    const shown = told(await run(['key', 'show', '--json']))
    assert.equal(shown.next, { key: stdout.trim(), locked: true })
    // The configuration may say where it stands.
    rmSync(homePaths(home).nextKey)
    writeFileSync(homePaths(home).config, 'passphraseFile: ../words\n')
    assert.is((await run(['key', 'new'])).code, 0)
  }))

test('a key is backed up locked, in clear only when that is said, and restored into an empty home', () =>
  inHome(async ({ folder, home, run, typing, file }) => {
    const [clear, locked] = [join(folder, 'clear.json'), join(folder, 'locked.json')]
    refused(await run(['key', 'backup', locked]), 1, 'PASSPHRASE_NEEDED')
    assert.not(existsSync(locked))
    const typed = await typing([WORDS, WORDS], ['key', 'backup', locked])
    assert.is(typed.code, 0, typed.stderr)
    assert.match(typed.stderr, 'the key is in clear')
    const said = await run(['key', 'backup', clear, '--no-passphrase'])
    assert.is(said.code, 0, said.stderr)
    assert.match(said.stderr, 'whoever can read it can sign')
    for (const path of [clear, locked]) {
      assert.is(statSync(path).mode & 0o777, 0o600)
      refused(await run(['key', 'backup', path, '--no-passphrase']), 1, 'BACKUP')
    }
    assert.match(readFileSync(clear, 'utf8'), '"seed"')
    assert.not.match(readFileSync(locked, 'utf8'), '"seed"')

    const { stdout: key } = await run(['key', 'show'])
    const empty = join(folder, 'empty')
    const there = (argv: readonly string[]): Promise<CliResult> =>
      runProgram(ledgerNodeProgram, ['--home', empty, ...argv])
    const restored = await there(['key', 'restore', locked])
    assert.equal([restored.code, restored.stdout], [0, key], restored.stderr)
    assert.match(restored.stderr, 'copy genesis.json and peers.json')
    assert.equal(told(await there(['key', 'show', '--json'])).locked, true)
    assert.equal(JSON.parse(readFileSync(homePaths(empty).partner, 'utf8')), { partner: 'p1' })
    const again = await there(['key', 'restore', clear])
    assert.is(again.code, 0)
    assert.match(again.stderr, 'there already')
    assert.equal(told(await there(['key', 'show', '--json'])).locked, true, 'what is there stays')

    // A home that lost its key only.
    rmSync(homePaths(home).key)
    const mended = await run(['key', 'restore', clear])
    assert.equal([mended.code, mended.stdout], [0, key], mended.stderr)
    assert.match(mended.stderr, 'start the node with: ledger-node start')
    assert.not(existsSync(homePaths(home).restoredKey))
    assert.is((await run(['key', 'backup', file('x', '')])).code, 1)
  }))

test('a restore never overwrites another key, nor runs beside the node, nor takes what is no backup', () =>
  inHome(async ({ folder, run, file }) => {
    const path = join(folder, 'backup.json')
    assert.is((await run(['key', 'backup', path, '--no-passphrase'])).code, 0)
    const other = await createTestHome()
    const into = (home: string, from: string): Promise<CliResult> =>
      runProgram(ledgerNodeProgram, ['--home', home, 'key', 'restore', from])
    try {
      refused(await into(other.home, path), 1, 'BACKUP')
      rmSync(homePaths(other.home).key)
      const elsewhere = await into(other.home, path)
      refused(elsewhere, 1, 'BACKUP')
      assert.match(elsewhere.stderr, 'another network')
    } finally {
      await other.remove()
    }
    const empty = join(folder, 'empty')
    const lockedHome = join(folder, 'locked')
    assert.is((await into(lockedHome, path)).code, 0)
    rmSync(homePaths(lockedHome).key)
    const lock = await lockHome(lockedHome)
    refused(await into(lockedHome, path), 1, 'HOME_LOCKED')
    await lock.release()

    const text = readFileSync(path, 'utf8')
    const damaged = text.replace(/"seed": "(.)/, (_, digit) => `"seed": "${digit === '0' ? '1' : '0'}`)
    for (const bad of ['', 'null', '{}', text.slice(0, -40), damaged, text.replace('p1', 'p2'), ' '.repeat(20_000)]) {
      const result = await into(empty, file('bad.json', bad))
      refused(result, 1, 'BACKUP')
      assert.not.match(result.stderr, /[0-9a-f]{40}/)
      rmSync(join(folder, 'bad.json'))
    }
    refused(await into(empty, join(folder, 'nothing.json')), 1, 'BACKUP')
    assert.not(existsSync(empty))
  }))

test('a home is founded with a locked key, and does not start without its passphrase', () =>
  inHome(async ({ folder, home, file }) => {
    const network = file('network.yaml', readNetwork(home))
    const empty = join(folder, 'locked-home')
    const at = (argv: readonly string[]): Promise<CliResult> =>
      runProgram(ledgerNodeProgram, ['--home', empty, ...argv])
    const words = file('words', WORDS)
    const founding = ['--network', network, '--partner', 'p1', '--role', 'inspector', '--passphrase-file']
    assert.is((await at(['init', ...founding, words])).code, 0)
    assert.equal(told(await at(['key', 'show', '--json'])).locked, true)
    refused(await at(['start']), 1, 'PASSPHRASE_NEEDED')
    refused(await at(['start', '--passphrase-file', file('others', OTHERS)]), 4, 'PASSPHRASE_WRONG')
  }))

function readNetwork(home: string): string {
  const { network } = JSON.parse(readFileSync(homePaths(home).genesis, 'utf8'))
  return JSON.stringify({ format: 1, ...network })
}

test.run()
