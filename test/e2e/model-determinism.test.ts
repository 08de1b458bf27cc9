import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { suite } from '../support/suite.js'

const test = suite('determinism of models', { timeoutMs: 60_000 })

const PRINT = fileURLToPath(new URL('../support/print-examples.ts', import.meta.url))

function print(environment: Record<string, string>): string[] {
  const env = { ...process.env, ...environment }
  return execFileSync(process.execPath, ['--import', 'tsx', PRINT], { env, encoding: 'utf8' }).trim().split('\n')
}

test('models, verdicts and messages are equal in another time zone and language', () => {
  const here = print({ TZ: 'UTC', LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' })
  const there = print({ TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' })
  assert.is.not(there[0], here[0], 'the environment reached the process')
  assert.equal(there.slice(1), here.slice(1))
  assert.ok(here.length > 60)
})

test.run()
