import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { CONFIG_DEFAULTS, mergeConfig, parseConfig, readConfig, writeInitialConfig } from '../../../src/cli/config.js'
import { openPorts } from '../../../src/cli/ledger-node/ports.js'
import { suite } from '../../support/suite.js'

const test = suite('cli config')

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'ledger-config-'))
  try {
    await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

test('reads every member', () => {
  const text = [
    'listen: [/ip4/0.0.0.0/tcp/4001]',
    'announce: [/dns4/ledger.example.org/tcp/4001]',
    'http: "[::1]:8080"',
    'logLevel: warn',
    'logFormat: pretty',
    'cacheMiB: 64'
  ].join('\n')
  assert.equal(parseConfig(text, 'c'), {
    listen: ['/ip4/0.0.0.0/tcp/4001'],
    announce: ['/dns4/ledger.example.org/tcp/4001'],
    http: { host: '::1', port: 8080 },
    logLevel: 'warn',
    logFormat: 'pretty',
    cacheMiB: 64
  })
  assert.equal(parseConfig('# nothing\n', 'c'), {})
  assert.equal(parseConfig('http: off', 'c'), { http: null })
})

const mistakes: [text: string, message: RegExp][] = [
  ['logLevel: info\nlistn: []', /^c\.yaml:2: unknown member 'listn'; there are listen, announce/],
  ['\n\nlogLevel: loud', /^c\.yaml:3: 'logLevel' must be one of error, warn/],
  ['listen: 4001', /^c\.yaml:1: 'listen' must be a list/],
  ['listen: [/a, /a]', /twice/],
  ['http: 8080', /HOST:PORT/],
  ['cacheMiB: 1', /whole number/],
  ['cacheMiB: "64"', /whole number/],
  ['logLevel: info\nlogLevel: warn', /^c\.yaml:2: /],
  ['- a', /members and values/],
  ['a: [', /^c\.yaml:\d+: /],
  ['listen:', /'listen' must be a list/],
  ['? [a]\n: 1', /unknown member/]
]

for (const [text, message] of mistakes) {
  test(`refuses: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseConfig(text, 'c.yaml'),
      (error: unknown) => error instanceof LedgerError && error.code === 'CONFIG' && message.test(error.message)
    )
  })
}

test('the explained example and the one of a new home are right', async () => {
  const example = await readFile(new URL('../../../config/node.example.yaml', import.meta.url), 'utf8')
  parseConfig(example, 'example')
  const uncommented = example.replace(/^#([a-zA-Z]+:)/gm, '$1')
  assert.equal(Object.keys(parseConfig(uncommented, 'example')).sort(), Object.keys(CONFIG_DEFAULTS).sort())
  await withDirectory(async (directory) => {
    const path = join(directory, 'config.yaml')
    await writeInitialConfig(path)
    const text = await readFile(path, 'utf8')
    assert.equal(parseConfig(text, path), {})
    assert.is(Object.keys(parseConfig(text.replace(/^# ([a-zA-Z]+:)/gm, '$1'), path)).length > 2, true)
    await writeFile(path, 'logLevel: debug\n')
    await writeInitialConfig(path)
    assert.equal(await readConfig(path), { logLevel: 'debug' })
  })
})

test('flags go before the file, the file before the defaults', () => {
  const merged = mergeConfig({ logLevel: 'debug' }, { logLevel: 'warn', listen: [] })
  assert.equal(merged, { ...CONFIG_DEFAULTS, logLevel: 'debug', listen: [] })
  assert.equal(CONFIG_DEFAULTS.listen, ['/ip4/127.0.0.1/tcp/0'])
})

test('a file that is not there says nothing', async () => {
  await withDirectory(async (directory) => {
    assert.equal(await readConfig(join(directory, 'config.yaml')), {})
    let code = ''
    await readConfig(directory).catch((error: LedgerError) => (code = error.code))
    assert.is(code, 'CONFIG')
  })
})

test('a port 0 is chosen once and kept', async () => {
  await withDirectory(async (directory) => {
    const first = await openPorts(directory)
    const listen = await first.listen('/ip4/127.0.0.1/tcp/0')
    const http = await first.http({ host: '127.0.0.1', port: 0 })
    assert.match(listen, /^\/ip4\/127\.0\.0\.1\/tcp\/[1-9][0-9]+$/)
    assert.ok(http.port > 0)
    assert.is(first.remembered(), false)
    const unsaved = await openPorts(directory)
    await unsaved.listen('/ip4/127.0.0.1/tcp/0')
    assert.is(unsaved.remembered(), false)
    await first.save()

    const second = await openPorts(directory)
    assert.is(await second.listen('/ip4/127.0.0.1/tcp/0'), listen)
    assert.is(second.remembered(), true)
    await second.save()
    const third = await openPorts(directory)
    assert.equal(await third.http({ host: '127.0.0.1', port: 0 }), http)
    assert.is(await third.listen('/ip4/0.0.0.0/tcp/4001'), '/ip4/0.0.0.0/tcp/4001')
    assert.equal(await third.http({ host: 'a', port: 80 }), { host: 'a', port: 80 })
  })
})

test('a damaged ports.json is named', async () => {
  await withDirectory(async (directory) => {
    await writeFile(join(directory, 'ports.json'), '[]')
    let code = ''
    await openPorts(directory).catch((error: LedgerError) => (code = error.code))
    assert.is(code, 'CONFIG')
  })
})

test.run()
