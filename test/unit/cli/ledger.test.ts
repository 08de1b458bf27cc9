import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import type { JsonObject } from '../../../src/base/json.js'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { type ApiFixture, withApi } from '../../support/api-fixture.js'
import { type CliResult, type CliSurroundings, runProgram } from '../../support/cli-run.js'
import { suite } from '../../support/suite.js'

const test = suite('ledger commands')

type Run = (line: string | readonly string[], surroundings?: CliSurroundings) => Promise<CliResult>

/** Serves a fake node and runs command lines against it. */
async function withLedger(work: (run: Run, fixture: ApiFixture) => Promise<void>): Promise<void> {
  await withApi(async (fixture) => {
    const run: Run = (line, surroundings) => {
      const argv = typeof line === 'string' ? line.split(' ') : line
      return runProgram(ledgerProgram, ['--home', fixture.home, ...argv], surroundings)
    }
    await work(run, fixture)
  })
}

function lines(text: string): JsonObject[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonObject)
}

const VISITS = [
  '{"vehicle":"A","odometer":5}',
  '',
  '{"vehicle":"A","odometer":4}',
  '{"hold":true}',
  '{"vehicle":"A","odometer":6}'
].join('\n')

test('append --json: one line per record, in input order', async () => {
  await withLedger(async (run) => {
    const { code, stdout, stderr } = await run('append inspection --json', { stdin: VISITS })
    assert.equal(lines(stdout), [
      { line: 1, status: 'accepted', id: 'p1/0/0', height: 1 },
      {
        line: 3,
        status: 'refused',
        code: 'RULE_BROKEN',
        rule: 'odometer-never-decreases',
        message: 'odometer 4 is lower than 5',
        details: { record: { odometer: 4 }, previous: { odometer: 5 } }
      },
      { line: 4, status: 'pending', id: 'p1/1/0', code: 'NO_QUORUM' },
      { line: 5, status: 'accepted', id: 'p1/2/0', height: 2 }
    ])
    assert.is(code, 5)
    assert.is(stderr, '')
  })
})

test('append for people: what needs attention, and a summary', async () => {
  await withLedger(async (run) => {
    const { stdout, stderr } = await run('append inspection', { stdin: VISITS })
    assert.equal(stdout.split('\n'), [
      'line 3: refused RULE_BROKEN odometer 4 is lower than 5 (rule odometer-never-decreases)',
      'line 4: pending p1/1/0: no quorum in time; ask later with: ledger show p1/1/0',
      '4 records: 2 accepted, 1 refused, 1 pending',
      ''
    ])
    assert.is(stderr, '')
  })
})

test('append exit codes: each alone', async () => {
  const cases: [input: string, code: number][] = [
    ['{"vehicle":"X","odometer":1}\n', 0],
    ['', 0],
    ['nonsense\n', 3],
    ['{"forbidden":true}\nnonsense\n', 4],
    ['{"hold":true}\nnonsense\n', 5],
    ['{"hold":true}\n{"forbidden":true}\n', 4]
  ]
  await withLedger(async (run) => {
    for (const [stdin, code] of cases) assert.is((await run('append inspection', { stdin })).code, code, stdin)
    const unknown = await run('append nothing', { stdin: '{}\n' })
    assert.is(unknown.code, 7)
    assert.match(unknown.stderr, /^UNKNOWN_OBJECT: .*it has inspection, note/)
  })
})

test('append: a failure amid the pipe comes before everything else', async () => {
  await withLedger(async (run, { node }) => {
    async function* input(): AsyncGenerator<Buffer> {
      yield Buffer.from('nonsense\n')
      node.fail(new LedgerError('DISK_FULL', 'no space left'))
      yield Buffer.from('{}\n')
    }
    const { code, stderr } = await run('append inspection --json', { stdin: Readable.from(input()) })
    assert.is(code, 1)
    assert.match(stderr, /^DISK_FULL: no space left\n/)
  })
})

test('append: several files are one pipe, and people are told the file', async () => {
  await withLedger(async (run, { home }) => {
    const a = join(home, 'a.ndjson')
    const b = join(home, 'b.ndjson')
    await writeFile(a, '{"vehicle":"A","odometer":5}\nx')
    await writeFile(b, '{"vehicle":"A","odometer":6}\ny\n')
    const json = await run(['append', 'inspection', a, '-', b, '--json'], { stdin: '{"vehicle":"B","odometer":1}' })
    assert.equal(
      lines(json.stdout).map(({ line, status }) => [line, status]),
      [
        [1, 'accepted'],
        [2, 'refused'],
        [3, 'accepted'],
        [4, 'accepted'],
        [5, 'refused']
      ]
    )
    const text = await run(['append', 'inspection', a, '-', b], { stdin: 'z' })
    assert.match(text.stdout, `${a}:1: refused RULE_BROKEN`)
    assert.match(text.stdout, `${a}:2: refused MALFORMED`)
    assert.match(text.stdout, 'stdin:1: refused MALFORMED')
    assert.match(text.stdout, `${b}:2: refused MALFORMED`)
  })
})

test('append: what cannot be read is told before anything is sent', async () => {
  await withLedger(async (run, { home, node }) => {
    const good = join(home, 'good.ndjson')
    await writeFile(good, '{"vehicle":"A","odometer":5}\n')
    for (const bad of [join(home, 'none.ndjson'), home]) {
      const { code, stderr } = await run(['append', 'inspection', good, bad])
      assert.is(code, 2)
      assert.match(stderr, /^USAGE: cannot read /)
    }
    assert.is((await run('append inspection - -')).code, 2)
    assert.is(node.status().height, 0)
  })
})

test('append on a terminal shows a bar on stderr, and wipes it', async () => {
  await withLedger(async (run) => {
    const surroundings = { stdin: VISITS, terminals: ['stderr', 'stdout'] as const }
    const shown = await run('append inspection', surroundings)
    assert.match(shown.stderr, '\r1 records')
    assert.ok(shown.stderr.endsWith('\r\u001b[K'))
    assert.match(shown.stdout, '\u001b[31mrefused')
    assert.not.match((await run('append inspection --no-color', surroundings)).stdout, '\u001b')
    assert.not.match((await run('append inspection', { ...surroundings, env: { NO_COLOR: '1' } })).stdout, '\u001b')
    const quiet = await run('append inspection --quiet', surroundings)
    assert.is(quiet.stderr, '')
    assert.not.match(quiet.stdout, 'accepted')
    const typed = await run('append inspection', { ...surroundings, terminals: ['stdin', 'stderr'] })
    assert.match(typed.stderr, 'Ctrl-D')
  })
})

test('looks records up', async () => {
  await withLedger(async (run, { node }) => {
    node.seed([
      { vehicle: 'A', odometer: 1 },
      { vehicle: 'A', odometer: 2 },
      { vehicle: 'B', odometer: 3 }
    ])
    const record = lines((await run('get inspection A --json')).stdout)[0]
    assert.equal(record?.data, { vehicle: 'A', odometer: 2 })
    assert.match((await run('get inspection vehicle=A')).stdout, /inspection A\n.*p1\/1\/0/s)
    assert.equal(
      lines((await run('history inspection A --json')).stdout).map((one) => [one.id, 'cursor' in one]),
      [
        ['p1/0/0', false],
        ['p1/1/0', false]
      ]
    )
    assert.is((await run('history inspection A')).stdout.split('\n').length, 4)
    assert.equal(
      lines((await run('list inspection --json --where vehicle=B')).stdout).map((one) => one.cursor),
      ['1']
    )
    assert.match((await run('list inspection --limit 1')).stderr, /there may be more/)
    assert.is((await run('list inspection --limit 1 --quiet')).stderr, '')
    assert.match((await run('list note')).stderr, /no records/)
    assert.is(lines((await run('show p1/2/0 --json')).stdout)[0]?.id, 'p1/2/0')
    assert.match((await run('show p1/2/0')).stdout, /accepted in block 3, 2025-03-01 12:00:00Z/)
    assert.is((await run('block 2 --json')).stdout, '{"height":2,"header":{"time":1}}\n')
    assert.is((await run('receipt p1/0/0')).stdout, '{"format":1,"id":"p1/0/0"}\n')
    assert.is((await run('receipt p1/0/0 --json')).stdout, '{"format":1,"id":"p1/0/0"}\n')
    assert.match((await run('checkpoint')).stdout, /^\{"height":3,.*\}\n$/)
  })
})

test('what is not there has exit code 7, what is misused 2', async () => {
  await withLedger(async (run) => {
    for (const line of [
      'get inspection A',
      'show p1/9/9',
      'receipt p1/9/9',
      'block 9',
      'get nothing A',
      'list nothing'
    ]) {
      const { code, stdout, stderr } = await run(line)
      assert.is(code, 7, line)
      assert.is(stdout, '', line)
      assert.match(stderr, /^(NOT_FOUND|UNKNOWN_OBJECT): /, line)
    }
    for (const line of [
      'get note',
      'get inspection',
      'show x',
      'frobnicate',
      'get',
      'list inspection --limit x',
      'block 0'
    ]) {
      const { code, stderr } = await run(line)
      assert.is(code, 2, line)
      assert.match(stderr, /^USAGE: .*\n.+\n$/, line)
    }
  })
})

test('tells about node and network', async () => {
  await withLedger(async (run) => {
    assert.is(lines((await run('status --json')).stdout)[0]?.network, 'Inspections')
    assert.match((await run('status')).stdout, /One voting partner/)
    assert.is(lines((await run('partners --json')).stdout).length, 1)
    assert.match((await run('partners')).stdout, /^ID {2}NAME.*\np1/)
    assert.match((await run('genesis --json')).stdout, /^\{"format":1,/)
    assert.match((await run('model')).stdout, /inspection Inspection \(key vehicle\)/)
    assert.is(lines((await run('model --json')).stdout)[0]?.hash, 'ab'.repeat(32))
    assert.is(lines((await run('verify --json')).stdout)[0]?.ok, true)
    assert.match((await run('verify')).stdout, /^verified: 0 records in 0 blocks/)
  })
})

test('a verification that fails has exit code 6', async () => {
  await withLedger(async (run, { node }) => {
    const failure = { height: 3, reason: 'a verdict is wrong' }
    node.verify = async () => ({ ok: false, height: 3, records: 9, head: 'ab', failure })
    const { code, stdout } = await run('verify')
    assert.is(code, 6)
    assert.is(stdout, 'FAILED at block 3: a verdict is wrong\n')
    node.verify = async () => {
      throw new LedgerError('STORE_DAMAGED', 'block 2 header: checksum')
    }
    assert.is((await run('verify --json')).code, 6)
  })
})

test('global options work before and after the command', async () => {
  await withLedger(async (_, { home }) => {
    const lines = [
      ['--json', '--home', home, 'status'],
      ['status', '--home', home, '--json'],
      ['--home', home, 'status', '--json', '--quiet', '--no-color', '--log-level', 'debug']
    ]
    for (const argv of lines) {
      const { code, stdout } = await runProgram(ledgerProgram, argv)
      assert.is(code, 0)
      assert.ok(stdout.startsWith('{"network"'), argv.join(' '))
    }
    const byVariable = await runProgram(ledgerProgram, ['status', '--json'], { env: { LEDGER_HOME: home } })
    assert.is(byVariable.code, 0)
    assert.is((await runProgram(ledgerProgram, ['status', '--log-level', 'loud'])).code, 2)
  })
})

test('errors have no stack trace, unless asked for', async () => {
  const home = await mkdtemp(join(tmpdir(), 'ledger-none-'))
  try {
    const plain = await runProgram(ledgerProgram, ['status', '--home', home])
    assert.is(plain.code, 1)
    assert.is(plain.stdout, '')
    assert.match(plain.stderr, /^NODE_UNREACHABLE: no node answers on .*\nstart the node with: .*\n$/)
    const debug = await runProgram(ledgerProgram, ['status', '--home', home, '--log-level', 'debug'])
    assert.match(debug.stderr, /\n {4}at /)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})

test('every command teaches with examples', async () => {
  const overview = await runProgram(ledgerProgram, ['--help'])
  assert.is(overview.code, 0)
  const commands = Array.from(overview.stdout.matchAll(/^ {2}([a-z-]+) .*/gm), ([, name]) => name ?? '')
  for (const name of ['append', 'get', 'history', 'list', 'show', 'block', 'watch', 'status', 'verify', 'receipt']) {
    assert.ok(commands.includes(name), name)
    const { code, stdout } = await runProgram(ledgerProgram, [name, '--help'])
    assert.is(code, 0)
    assert.match(stdout, new RegExp(`Examples?:\\n.*ledger ${name}`, 's'), name)
    assert.match(stdout, '--home', name)
  }
  assert.is((await runProgram(ledgerProgram, [])).code, 2)
  const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
  assert.is((await runProgram(ledgerProgram, ['--version'])).stdout, `${version}\n`)
})

test('text of others cannot write on the terminal', async () => {
  await withLedger(async (run, { node }) => {
    const odd = 'A\u001b[2J\r\n\u202ex'
    node.seed([{ vehicle: odd, odometer: 1, 'evil\u0007': '\u009b31m' }])
    for (const line of [
      ['list', 'inspection'],
      ['show', 'p1/0/0'],
      ['get', 'inspection', odd]
    ]) {
      const { stdout } = await run(line)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
      assert.not.match(stdout.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202e]/)
      assert.match(stdout, 'A\\u001b[2J\\u000d\\u000a\\u202ex')
    }
    assert.equal(lines((await run('list inspection --json')).stdout)[0]?.key, [odd])
  })
})

test('watch follows, filters, and says how to go on when the node stops', async () => {
  await withLedger(async (run, { node, api }) => {
    node.seed([{ vehicle: 'A', odometer: 1 }])
    let seen = ''
    const stdout = new Writable({
      write(chunk, _, done) {
        seen += chunk
        done()
      }
    })
    const watching = run('watch inspection --since 0 --json', { stdout })
    while (!seen.includes('1.0.0')) await new Promise((resolve) => setTimeout(resolve, 5))
    node.seed([{ vehicle: 'B', odometer: 2 }])
    while (!seen.includes('2.0.0')) await new Promise((resolve) => setTimeout(resolve, 5))
    await api.close()
    const { code, stderr } = await watching
    assert.is(code, 1)
    assert.match(stderr, /^CLOSED: the node has stopped\ngo on with: ledger watch --since 2\.0\.0/)
    assert.equal(
      lines(seen).map(({ event, data }) => [event, (data as JsonObject).vehicle]),
      [
        ['1.0.0', 'A'],
        ['2.0.0', 'B']
      ]
    )
  })
})

test('a reader that goes away ends the command, without a word', async () => {
  await withLedger(async (run, { node }) => {
    node.seed(Array.from({ length: 5000 }, (_, odometer) => ({ vehicle: 'A', odometer })))
    const list = await run('list inspection --history --limit 100000 --json', { stdout: broken() })
    assert.equal([list.code, list.stderr], [0, ''])
    const endless = Readable.from(
      (async function* () {
        for (;;) yield Buffer.from('{"hold":true}\n'.repeat(500))
      })()
    )
    const append = await run('append inspection --json', { stdout: broken(), stdin: endless })
    assert.equal([append.code, append.stderr], [1, ''])
  })
})

test('a proof that does not hold is not one that does, because nobody reads so', async () => {
  await withLedger(async (run) => {
    const directory = await mkdtemp(join(tmpdir(), 'ledger-proof-'))
    try {
      const file = join(directory, 'proofs')
      await writeFile(file, '{}\n'.repeat(2000))
      const trust = `${file} --genesis ${file} --json`
      const receipt = await run(`verify-receipt ${trust}`, { stdout: broken(0) })
      assert.equal([receipt.code, receipt.stderr], [6, ''])
      const evidence = await run(`verify-evidence ${trust}`, { stdout: broken() })
      assert.equal([evidence.code, evidence.stderr], [1, ''])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

/** A reader that goes away after so many pieces. */
function broken(after = 1): Writable {
  let pieces = 0
  return new Writable({
    write(_chunk, _encoding, done) {
      pieces += 1
      done(pieces > after ? Object.assign(new Error('EPIPE'), { code: 'EPIPE' }) : null)
    }
  })
}

test.run()
