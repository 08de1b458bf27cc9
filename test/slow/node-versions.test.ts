import { spawn } from 'node:child_process'
import * as assert from 'uvu/assert'
import { projectRoot } from '../support/source.js'
import { suite } from '../support/suite.js'

/** The oldest Node we support and the newest of each later line. */
const NODE_VERSIONS = ['20.19.0', '22', '24']

/** What an engine may do otherwise: read, judge, hash, store, talk, and run as a process. The rest is Node's alike. */
const FLOORS = ['unit/base', 'unit/ledger', 'unit/consensus', 'unit/node', 'unit/api']
const PARTS = ['network/partners', 'network/peers', 'network/replicas', 'e2e/determinism', 'e2e/joining', 'e2e/records']
const TESTS = [...FLOORS, ...PARTS.map((name) => `test/${name}.test.ts`)]

const test = suite('other versions of Node', { timeoutMs: 9 * 60_000 })

for (const version of NODE_VERSIONS) {
  test(`nodes work on Node ${version}`, async () => {
    const found = await runUnder(version, ['--version'])
    assert.is(found.code, 0, found.output)
    assert.match(found.output, new RegExp(`^v${version}(?:\\.|$)`, 'm'))
    const { code, output } = await runUnder(version, ['--import', 'tsx', 'test/run.ts', ...TESTS])
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
