import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as assert from 'uvu/assert'
import { suite } from '../support/suite.js'

const projectRoot = resolve(import.meta.dirname, '../..')
const suiteUrl = pathToFileURL(join(projectRoot, 'test/support/suite.ts')).href

/** Below the project, so that the made test files find tsx; never inside test/, where a run would pick them up. */
const scratchParent = join(projectRoot, 'node_modules/.cache')
mkdirSync(scratchParent, { recursive: true })

interface Case {
  readonly name: string
  readonly body: string
  readonly expect: { readonly exit: number; readonly last: string; readonly says?: RegExp }
  readonly arguments?: readonly string[]
  readonly environment?: Record<string, string>
}

const one = `test('one', () => {})`

const cases: Case[] = [
  {
    name: 'passing tests are counted',
    body: `${one}\ntest('two', async () => {})\ntest.run()`,
    expect: { exit: 0, last: '2 passed, 0 failed', says: /^ok {4}/m }
  },
  {
    name: 'a failing test fails the run and is printed in full',
    body: `${one}\ntest('two', () => { throw new Error('seven is not eight') })\ntest.run()`,
    expect: { exit: 1, last: '1 passed, 1 failed', says: /seven is not eight[\s\S]*at /m }
  },
  {
    name: 'a thrown value that is no Error fails the run',
    body: `test('one', () => { throw undefined })\ntest.run()`,
    expect: { exit: 1, last: '0 passed, 1 failed', says: /thrown: undefined/ }
  },
  {
    name: 'a test that waits for ever fails at its timeout and the next one runs',
    body: `test('one', () => new Promise(() => {}), { timeoutMs: 50 })\ntest('two', () => {})\ntest.run()`,
    expect: { exit: 1, last: '1 passed, 1 failed', says: /'fixture: one' took longer than 50 ms/ }
  },
  {
    name: 'a test file that blocks is killed',
    body: `test('one', () => { for (;;); })\ntest.run()`,
    arguments: ['--timeout', '1500'],
    expect: { exit: 1, last: '0 passed, 1 failed', says: /hung: killed after 1500 ms/ }
  },
  {
    name: 'an error in a before hook fails the run',
    body: `test.before(() => { throw new Error('no ground') })\n${one}\ntest.run()`,
    expect: { exit: 1, last: '0 passed, 1 failed', says: /no ground/ }
  },
  {
    name: 'an error in an after hook fails the run',
    body: `test.after(async () => { throw new Error('not tidied') })\n${one}\ntest.run()`,
    expect: { exit: 1, last: '1 passed, 1 failed', says: /not tidied/ }
  },
  {
    name: 'an error in a before.each hook fails the run',
    body: `test.before.each(() => { throw new Error('no table') })\n${one}\ntest.run()`,
    expect: { exit: 1, last: '0 passed, 1 failed', says: /no table/ }
  },
  {
    name: 'an error in an after.each hook fails the run',
    body: `test.after.each(() => { throw new Error('not wiped') })\n${one}\ntest.run()`,
    expect: { exit: 1, last: '1 passed, 1 failed', says: /not wiped/ }
  },
  {
    name: 'a hook that waits for ever fails the run',
    body: `test.before(() => new Promise(() => {}))\n${one}\ntest.run()`,
    expect: { exit: 1, last: '0 passed, 1 failed', says: /before hook' took longer than 400 ms/ }
  },
  {
    name: 'a suite whose run() is missing fails, also beside one that runs',
    body: `${one}\ntest.run()\nconst other = suite('other')\nother('never', () => {})`,
    expect: { exit: 1, last: '1 passed, 1 failed', says: /suite 'other'.*run\(\) was never called/ }
  },
  {
    name: 'a file without a test fails',
    body: 'test.run()',
    expect: { exit: 1, last: '0 passed, 1 failed', says: /ran no test/ }
  },
  {
    name: 'a handle that keeps the process alive fails the run and is named',
    body: `test('one', () => { setInterval(() => {}, 1000) })\ntest.run()`,
    expect: { exit: 1, last: '1 passed, 1 failed', says: /leaked handle.*Timeout/ }
  },
  {
    name: 'a process that exits in the middle fails',
    body: `${one}\ntest('two', () => process.exit(0))\ntest.run()`,
    expect: { exit: 1, last: '1 passed, 1 failed' }
  },
  {
    name: 'a file that cannot be loaded fails',
    body: `import './absent.js'\n${one}\ntest.run()`,
    expect: { exit: 1, last: '0 passed, 1 failed', says: /absent/ }
  },
  {
    name: 'a rejection nobody handles fails the run',
    body: `test('one', () => { Promise.reject(new Error('dropped')) })\ntest('two', () => new Promise((go) => setTimeout(go, 50)))\ntest.run()`,
    expect: { exit: 1, last: '1 passed, 1 failed', says: /dropped/ }
  },
  {
    name: 'a skipped test is counted with its reason',
    body: `${one}\ntest('two', () => skipUnless(false, 'needs a moon'))\ntest.skip('three', () => {})\ntest.run()`,
    environment: { CI: '' },
    expect: { exit: 0, last: '1 passed, 0 failed, 2 skipped', says: /skipped fixture: two: needs a moon/ }
  },
  {
    name: 'what is missing fails in CI',
    body: `test('one', () => skipUnless(false, 'needs a moon'))\ntest.run()`,
    environment: { CI: 'true' },
    expect: { exit: 1, last: '0 passed, 1 failed', says: /must not be skipped in CI: needs a moon/ }
  },
  {
    name: 'what test.only leaves out is counted as skipped',
    body: `${one}\ntest.only('two', () => {})\ntest.run()`,
    expect: { exit: 0, last: '1 passed, 0 failed, 1 skipped' }
  }
]

const test = suite('test/run.ts', { timeoutMs: 30_000 })
let scratch = ''

test.before(() => {
  scratch = mkdtempSync(join(scratchParent, 'run-test-'))
  writeFileSync(join(scratch, 'package.json'), '{"type":"module"}')
})
test.after(() => rmSync(scratch, { recursive: true, force: true }))

for (const [index, { name, body, expect, environment, arguments: extra = [] }] of cases.entries()) {
  test(name, async () => {
    const file = join(scratch, `${index}.test.ts`)
    const head = `import { skipUnless, suite } from '${suiteUrl}'\nconst test = suite('fixture', { timeoutMs: 400 })\n`
    writeFileSync(file, `${head}void skipUnless\n${body}\n`)
    const { code, output } = await run([...extra, file], environment)
    assert.is(output.trimEnd().split('\n').at(-1), expect.last, output)
    assert.is(code, expect.exit, output)
    if (expect.says !== undefined) assert.match(output, expect.says)
  })
}

test('a mistyped file name is refused', async () => {
  const { code, output } = await run(['test/unit/no-such.test.ts'])
  assert.is(code, 2)
  assert.match(output, 'no such test file')
})

test('no file at all is refused', async () => {
  assert.is((await run([])).code, 2)
})

function run(
  args: readonly string[],
  environment: Record<string, string> = {}
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/run.ts', ...args], {
    cwd: projectRoot,
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((settle, fail) => child.on('error', fail).on('close', (code) => settle({ code, output })))
}

test.run()
