import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { ndjson, withSandbox } from '../support/processes.js'
import { NETWORK } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

const test = suite('determinism', { timeoutMs: 60_000 })

const PRINT = fileURLToPath(new URL('../support/print-determinism.ts', import.meta.url))
const ELSEWHERE = { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' }

function print(environment: Record<string, string>): string[] {
  const env = { ...process.env, ...environment }
  return execFileSync(process.execPath, ['--import', 'tsx', PRINT], { env, encoding: 'utf8' }).trim().split('\n')
}

test('hashes and verdicts are equal in another time zone and language', () => {
  const here = print({ TZ: 'UTC', LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' })
  const there = print(ELSEWHERE)
  assert.is.not(there[0], here[0], 'the environment reached the process')
  assert.is(there[1], here[1])
})

test('what the commands print does not depend on it either', async () => {
  await withSandbox(async (sandbox) => {
    const network = await sandbox.file('network.yaml', NETWORK)
    const node = await sandbox.start(['--network', network, '--partner', 'p1', '--role', 'inspector'])
    await sandbox.ledger(
      ['append', 'inspection'],
      '{"vehicle":"Iıİi","odometer":10}\n{"vehicle":"Iıİi","odometer":9}\n'
    )
    const look = async (): Promise<string> =>
      (await sandbox.ledger(['history', 'inspection', 'Iıİi', '--all', '--json'])).stdout
    const here = await look()
    const before = { ...process.env }
    Object.assign(process.env, ELSEWHERE)
    try {
      assert.is(await look(), here)
    } finally {
      process.env = before
    }
    assert.equal(
      ndjson<{ status: string }>(here).map(({ status }) => status),
      ['accepted', 'refused']
    )
    await node.stop()
  })
})

test.run()
