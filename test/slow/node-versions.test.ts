import { spawn } from 'node:child_process'
import * as assert from 'uvu/assert'
import { projectRoot } from '../support/source.js'
import { suite } from '../support/suite.js'

/** What an engine may do otherwise on the pure floors, read, judge and hash, and one whole node. */
const PURE = ['unit/base', 'unit/ledger', 'unit/consensus']
const WHOLE = ['e2e/determinism', 'e2e/records']

/** The oldest Node we support and the newest of each later line, of which the newest differs the most. */
const NODE_VERSIONS: readonly (readonly [version: string, folders: readonly string[], parts: readonly string[]])[] = [
  ['20.19.0', ['unit/base'], WHOLE],
  ['22', ['unit/base', 'unit/ledger'], WHOLE],
  ['24', PURE, [...WHOLE, 'slow/partners', 'slow/joining-processes']]
]

const test = suite('other versions of Node', { timeoutMs: 9 * 60_000 })

for (const [version, folders, parts] of NODE_VERSIONS) {
  const files = [...folders, ...parts.map((name) => `test/${name}.test.ts`)]
  test(`nodes work on Node ${version}`, async () => {
    const found = await runUnder(version, ['--version'])
    assert.is(found.code, 0, found.output)
    assert.match(found.output, new RegExp(`^v${version}(?:\\.|$)`, 'm'))
    const { code, output } = await runUnder(version, ['--import', 'tsx', 'test/run.ts', ...files])
    assert.is(code, 0, output)
    assert.match(output, /^[1-9]\d* passed, 0 failed/m)
  })
}

/** Runs a Node of another version, fetched by npx: its package for one platform has no install script. */
function runUnder(version: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const name = `node-${process.platform}-${process.arch}@${version}`
  const child = spawn('npx', ['-y', '-p', name, 'node', ...args], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  const collect = (text: string) => {
    output += text
  }
  child.stdout.setEncoding('utf8').on('data', collect)
  child.stderr.setEncoding('utf8').on('data', collect)
  return new Promise((settle, fail) => child.on('error', fail).on('close', (code) => settle({ code, output })))
}

test.run()
