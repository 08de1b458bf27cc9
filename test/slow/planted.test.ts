import { spawn } from 'node:child_process'
import * as assert from 'uvu/assert'
import { projectRoot } from '../support/source.js'
import { suite } from '../support/suite.js'

/** One for each way of being caught, quickly: by the simulator as a fork and as a stall, and by a test. */
const SAMPLE = ['wrong-partner-set', 'log-not-replayed', 'receipt-verdict-not-tied']

interface Report {
  readonly unmutated: readonly string[]
  readonly bugs: readonly { readonly bug: string; readonly by: string | null; readonly message: string }[]
}

const test = suite('planted bugs', { timeoutMs: 10 * 60_000 })

test('a few of them are caught, and the tree without them passes the same checks', async () => {
  const { code, stdout, stderr } = await planted(['--only', SAMPLE.join(','), '--json'])
  const report = JSON.parse(stdout || '{}') as Report
  assert.equal(report.unmutated, [], stderr)
  for (const { bug, by, message } of report.bugs) assert.ok(by !== null, `${bug} is missed: ${message}`)
  assert.equal(report.bugs.map(({ bug }) => bug).sort(), [...SAMPLE].sort())
  assert.is(code, 0, stderr)
})

test('a name that no bug has is refused', async () => {
  const { code, stderr } = await planted(['--only', 'no-such-bug'])
  assert.is(code, 2)
  assert.match(stderr, 'no-such-bug')
})

function planted(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/planted.ts', ...args], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((settle, fail) => {
    child.on('error', fail)
    child.on('close', (code) => settle({ code, stdout, stderr }))
  })
}

test.run()
