import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { founding, INSPECTIONS } from '../support/inspections.js'
import { ndjson, type Sandbox, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('records from pipe to proof', { timeoutMs: 60_000 })

interface Outcome {
  readonly line: number
  readonly status: string
  readonly id: string
  readonly height: number
  readonly code?: string
  readonly rule?: string
  readonly message?: string
  readonly details?: { readonly record: Record<string, unknown>; readonly previous: Record<string, unknown> }
}

interface RecordLine {
  readonly id: string
  readonly key: unknown[]
  readonly data: Record<string, unknown>
  readonly status: string
  readonly cursor: string
}

async function startedNode(sandbox: Sandbox) {
  return sandbox.start(founding(await sandbox.file('network.yaml', INSPECTIONS)))
}

test('the main job: pipe in, refuse, look up, watch, prove, verify', async () => {
  await withSandbox(async (sandbox) => {
    const { ledger, file } = sandbox
    const node = await startedNode(sandbox)
    const visits = [
      '{"vehicle":"VH-001","odometer":10,"garage":"north"}',
      '{"odometer":20,"vehicle":"VH-002","garage":"south"}',
      '',
      '{"vehicle":"VH-001","odometer":9}',
      '{"vehicle":"VH-001","odometer":11}'
    ].join('\n')
    const appended = await ledger(['append', 'inspection', '--json'], visits)
    assert.is(appended.code, 3, appended.stderr)
    const outcomes = ndjson<Outcome>(appended.stdout)
    assert.equal(
      outcomes.map(({ line, status }) => [line, status]),
      [
        [1, 'accepted'],
        [2, 'accepted'],
        [4, 'refused'],
        [5, 'accepted']
      ]
    )
    assert.is(outcomes[2]?.code, 'RULE_BROKEN')
    assert.is(outcomes[2]?.rule, 'odometer-never-decreases')
    assert.is(outcomes[2]?.message, 'odometer 9 is lower than 10')
    assert.equal(outcomes[2]?.details, { record: { odometer: 9 }, previous: { odometer: 10 } })
    const [first, , refused] = outcomes

    const newest = ndjson<RecordLine>((await ledger(['get', 'inspection', 'VH-001', '--json'])).stdout)[0]
    assert.equal([newest?.key, newest?.data], [['VH-001'], { vehicle: 'VH-001', odometer: 11 }])
    const history = ndjson<RecordLine>((await ledger(['history', 'inspection', 'vehicle=VH-001', '--json'])).stdout)
    assert.equal(
      history.map(({ data }) => data.odometer),
      [10, 11]
    )
    const all = ndjson<RecordLine>((await ledger(['history', 'inspection', 'VH-001', '--all', '--json'])).stdout)
    assert.equal(
      all.map(({ status, data }) => [status, data.odometer]),
      [
        ['accepted', 10],
        ['refused', 9],
        ['accepted', 11]
      ]
    )
    const listed = ndjson<RecordLine>((await ledger(['list', 'inspection', '--json'])).stdout)
    assert.equal(listed.map(({ key }) => key).sort(), [['VH-001'], ['VH-002']])
    const where = await ledger(['list', 'inspection', '--where', 'garage=north', '--history', '--json'])
    assert.equal(
      ndjson<RecordLine>(where.stdout).map(({ id }) => id),
      [first?.id]
    )
    const page = ndjson<RecordLine>(
      (await ledger(['list', 'inspection', '--history', '--limit', '2', '--json'])).stdout
    )
    const rest = await ledger(['list', 'inspection', '--history', '--after', page[1]?.cursor ?? '', '--json'])
    const paged = [...page, ...ndjson<RecordLine>(rest.stdout)].map(({ data }) => data.odometer)
    assert.equal(paged.sort(), [10, 11, 20])
    assert.is(ndjson((await ledger(['show', first?.id ?? '', '--json'])).stdout)[0]?.status, 'accepted')
    const shown = ndjson((await ledger(['show', refused?.id ?? '', '--json'])).stdout)[0]
    assert.is(shown?.status, 'refused')
    const block = ndjson((await ledger(['block', '1', '--json'])).stdout)[0]
    assert.is(block?.height, 1)
    const status = ndjson((await ledger(['status', '--json'])).stdout)[0]
    assert.equal(Object.keys(status ?? {}).sort(), [
      'amendments',
      'epoch',
      'genesis',
      'head',
      'height',
      'mempool',
      'network',
      'partner',
      'partners',
      'quorum',
      'recoveries',
      'software',
      'stalled',
      'stateHash',
      'strangers',
      'syncing',
      'version'
    ])
    assert.equal(status?.quorum, { rule: 'two-thirds', needed: 1, online: 1 })
    assert.is((await ledger(['verify'])).code, 0)

    await file('genesis.json', (await ledger(['genesis', '--json'])).stdout)
    await file('checkpoint.json', (await ledger(['checkpoint'])).stdout)
    const proofs: [outcome: Outcome | undefined, words: RegExp][] = [
      [first, /p1 wrote this record.*ACCEPTED.*Endorsed by 1 partner: p1/s],
      [refused, /REFUSED: RULE_BROKEN \(rule odometer-never-decreases\)/]
    ]
    for (const [outcome, words] of proofs) {
      const receipt = await ledger(['receipt', outcome?.id ?? ''])
      const paths = [await file('receipt.json', receipt.stdout), '--genesis', join(sandbox.directory, 'genesis.json')]
      const plain = await ledger(['verify-receipt', ...paths, '--home', '/nonexistent'])
      assert.is(plain.code, 0, plain.stderr)
      assert.match(plain.stdout, words)
      const checkpoint = ['--checkpoint', join(sandbox.directory, 'checkpoint.json')]
      const strong = await ledger(['verify-receipt', ...paths, ...checkpoint, '--json'])
      assert.is(strong.code, 0, strong.stderr)
      assert.is(ndjson(strong.stdout)[0]?.status, outcome?.status)
      await file('receipt.json', receipt.stdout.replace('VH-001', 'VH-003'))
      const forged = await ledger(['verify-receipt', ...paths])
      assert.is(forged.code, 6)
      assert.match(forged.stderr, /^VERIFICATION_FAILED: /)
    }
    assert.is(await node.stop(), 0)
    const stopped = await ledger(['verify', '--json'])
    assert.is(stopped.code, 0, stopped.stderr)
    assert.is(ndjson(stopped.stdout)[0]?.head, status?.head)
  })
})

test('a flipped byte in the store of a stopped node fails its verification, or is told by name', async () => {
  await withSandbox(async (sandbox) => {
    const node = await startedNode(sandbox)
    const visits = Array.from({ length: 50 }, (_, odometer) => `{"vehicle":"A","odometer":${odometer}}\n`)
    assert.is((await sandbox.ledger(['append', 'inspection'], visits.join(''))).code, 0)
    assert.is(await node.stop(), 0)
    const store = join(sandbox.home, 'store')
    const names = (await readdir(store, { recursive: true })).filter((name) => /\.(log|ldb)$/.test(name))
    for (const name of names) {
      const path = join(store, name)
      const bytes = await readFile(path)
      if (bytes.length === 0) continue
      const flipped = Buffer.from(bytes)
      const middle = bytes.length >> 1
      flipped[middle] = (flipped[middle] ?? 0) ^ 1
      await writeFile(path, flipped)
      const { code, stdout, stderr } = await sandbox.ledger(['verify', '--json'])
      assert.ok(code === 6 || /^(STORE_DAMAGED|LOG_DAMAGED): /.test(stderr), `${name}: ${code} ${stdout}${stderr}`)
      return
    }
    throw new Error('the store has no file to damage')
  })
})

test('the same file again with --key-field: each record gets its first outcome', async () => {
  await withSandbox(async (sandbox) => {
    await startedNode(sandbox)
    const notes = await sandbox.file('notes.ndjson', '{"visit":"a","text":"x"}\n{"visit":"b"}\n')
    const line = ['append', 'note', notes, '--key-field', 'visit', '--json']
    const first = await sandbox.ledger(line)
    assert.is(first.code, 0, first.stderr)
    const second = await sandbox.ledger(line)
    assert.is(second.code, 0, second.stderr)
    assert.is(second.stdout, first.stdout)
    const changed = await sandbox.ledger(
      ['append', 'note', '--key-field', 'visit', '--json'],
      '{"visit":"a","text":"y"}\n'
    )
    assert.is(ndjson<Outcome>(changed.stdout)[0]?.code, 'DUPLICATE')
    const without = await sandbox.ledger(['append', 'note', '--key-field', 'visit', '--json'], '{"text":"y"}\n')
    assert.is(without.code, 3)
    const listed = await sandbox.ledger(['list', 'note', '--history', '--json'])
    assert.is(ndjson(listed.stdout).length, 2)
  })
})

test('an outcome comes while the pipe is still open, and each record of a trickle is committed', async () => {
  await withSandbox(async (sandbox) => {
    await startedNode(sandbox)
    const program = fileURLToPath(new URL('../../bin/ledger.js', import.meta.url))
    const child = spawn(process.execPath, [program, '--home', sandbox.home, 'append', 'inspection', '--json'], {
      stdio: ['pipe', 'pipe', 'inherit']
    })
    try {
      const ended = new Promise((resolve) => child.once('close', resolve))
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      for (const odometer of [1, 2, 3]) {
        child.stdin.write(`{"vehicle":"A","odometer":${odometer}}\n`)
        while (ndjson(text).length < odometer) await new Promise((resolve) => setTimeout(resolve, 10))
      }
      child.stdin.end()
      assert.is(await ended, 0)
      assert.equal(
        ndjson<Outcome>(text).map(({ height }) => height),
        [1, 2, 3]
      )
    } finally {
      child.kill('SIGKILL')
    }
  })
})

test.run()
