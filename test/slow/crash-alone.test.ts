import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { ndjson, type Sandbox, withSandbox } from '../support/processes.js'
import { NETWORK } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

const test = suite('kill -9', { timeoutMs: 120_000 })

const LEDGER = fileURLToPath(new URL('../../bin/ledger.js', import.meta.url))
const RECORDS = 20_000
const KILLS = 6

interface Outcome {
  readonly line: number
  readonly status: string
  readonly id?: string
  readonly height?: number
}

/** Pipes all lines into `ledger append`, gives each outcome as it is printed, and settles when the command has ended. */
async function pipe(home: string, lines: string, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const args = [LEDGER, 'append', 'inspection', '--key-field', 'odometer', '--json', '--home', home]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.on('error', () => {})
  child.stdin.end(lines)
  const ended = new Promise((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line of a killed conversation may be cut short.
    if (line.endsWith('}')) onOutcome(JSON.parse(line) as Outcome)
  }
  await ended
}

test('at any instant: what was acknowledged is there, nothing is doubled, and the same pipe goes on', async () => {
  await withSandbox(async (sandbox: Sandbox) => {
    const network = await sandbox.file('network.yaml', NETWORK)
    const found = ['--network', network, '--partner', 'p1', '--role', 'inspector', '--listen', '/ip4/127.0.0.1/tcp/0']
    const lines = Array.from({ length: RECORDS }, (_, i) => `{"vehicle":"v${i % 50}","odometer":${i}}\n`)
    const acknowledged = new Map<number, string>()
    let node = await sandbox.start(found)
    for (let kill = 0; kill < KILLS; kill++) {
      const known = acknowledged.size
      // After so many new outcomes: early and late in a batch, in a burst, and in between.
      const killAt = known + [1, 37, 1500, 2, 4000, 900][kill % 6]!
      await pipe(sandbox.home, lines.join(''), ({ line, status, id, height }) => {
        assert.is(status, 'accepted')
        const outcome = `${id} ${height}`
        const before = acknowledged.get(line)
        if (before !== undefined) assert.is(outcome, before, `line ${line} has another outcome than before`)
        acknowledged.set(line, outcome)
        if (acknowledged.size === killAt) process.kill(node.pid, 'SIGKILL')
      })
      await node.stop('SIGKILL')
      node = await sandbox.start(found)
    }
    await pipe(sandbox.home, lines.join(''), ({ line, id, height }) => {
      const before = acknowledged.get(line)
      if (before !== undefined) assert.is(`${id} ${height}`, before)
      acknowledged.set(line, `${id} ${height}`)
    })
    assert.is(acknowledged.size, RECORDS)
    const listed = await sandbox.ledger(['list', 'inspection', '--history', '--limit', '100000', '--json'])
    const records = ndjson<{ id: string; height: number; data: { odometer: number } }>(listed.stdout)
    assert.is(records.length, RECORDS, 'records are lost or doubled')
    for (const { id, height, data } of records) assert.is(acknowledged.get(data.odometer + 1), `${id} ${height}`)
    assert.is((await sandbox.ledger(['verify'])).code, 0)
    assert.is(await node.stop(), 0)
    assert.is((await sandbox.ledger(['verify'])).code, 0)
  })
})

test('the chain on disk is the same chain after a kill', async () => {
  await withSandbox(async (sandbox: Sandbox) => {
    const network = await sandbox.file('network.yaml', NETWORK)
    const node = await sandbox.start(['--network', network, '--partner', 'p1', '--role', 'inspector'])
    await sandbox.ledger(['append', 'inspection'], '{"vehicle":"a","odometer":1}\n{"vehicle":"a","odometer":2}\n')
    const look = async (): Promise<string> => {
      const parts = [['block', '1'], ['genesis'], ['history', 'inspection', 'a'], ['receipt', 'p1/0/0']]
      const texts = await Promise.all(parts.map(async (args) => (await sandbox.ledger([...args, '--json'])).stdout))
      return createHash('sha256').update(texts.join('\n')).digest('hex')
    }
    const before = await look()
    await node.stop('SIGKILL')
    const again = await sandbox.start()
    assert.is(await look(), before)
    await again.stop()
  })
})

test.run()
