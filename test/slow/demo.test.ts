import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { until } from '../support/partners.js'
import { skipUnless, suite } from '../support/suite.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The demo itself gives up after four minutes. */
const DEMO_MS_MAX = 280_000

const test = suite('the demo', { timeoutMs: 5 * 60_000 })

interface Demo {
  readonly child: ChildProcess
  readonly output: () => string
  /** Process ids of the partners' nodes that run. */
  readonly nodes: () => number[]
  readonly ended: Promise<number | null>
}

/**
 * Runs the demo with temporary files in a folder of its own; afterwards nothing of it may be left. What it runs is built
 * already, so that it does not build into the feet of tests beside it.
 */
async function withDemo(args: readonly string[], work: (demo: Demo) => Promise<void>, buildCode = 0): Promise<void> {
  skipUnless(existsSync('/proc/self/cmdline'), 'processes are looked at through /proc')
  const folder = await mkdtemp(join(tmpdir(), 'ledger-demo-test-'))
  const [programs, scratch] = [join(folder, 'bin'), join(folder, 'tmp')]
  for (const path of [programs, scratch]) await mkdir(path)
  await writeFile(join(programs, 'npm'), `#!/bin/sh\nexit ${buildCode}\n`)
  await chmod(join(programs, 'npm'), 0o755)
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/demo.ts', ...args], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: scratch, PATH: `${programs}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (output += piece))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const late = setTimeout(() => child.kill('SIGTERM'), DEMO_MS_MAX)
  try {
    await work({ child, output: () => output, nodes: () => processesOf(scratch), ended })
    assert.equal(processesOf(scratch), [], 'no process is left')
    // tsx keeps a cache of its own beside.
    assert.equal(
      readdirSync(scratch).filter((name) => name.startsWith('ledger-')),
      [],
      'no temporary folder is left'
    )
  } finally {
    clearTimeout(late)
    if (child.exitCode === null && child.kill('SIGTERM')) await ended
    for (const pid of processesOf(scratch)) process.kill(pid, 'SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

/** Processes that were started with a path below a folder, beside the demo itself. */
function processesOf(folder: string): number[] {
  const lineOf = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {
      return ''
    }
  }
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && lineOf(name).includes(folder))
  return ids.map(Number)
}

test('--once plays the whole story, ends with 0 and leaves nothing behind', async () => {
  await withDemo(['--once'], async ({ ended, output }) => {
    assert.is(await ended, 0, output())
    assert.match(output(), /all of it held/)
    assert.match(output(), /the same history at every partner/)
  })
})

test('it keeps running until Ctrl-C, and then ends with 0 and leaves nothing behind', async () => {
  await withDemo([], async ({ child, ended, output, nodes }) => {
    const toldOrOver = async (): Promise<boolean> => output().includes('Ctrl-C stops') || child.exitCode !== null
    await until('it says what to try', toldOrOver, DEMO_MS_MAX)
    assert.is(child.exitCode, null, output())
    assert.is(nodes().length, 4)
    child.kill('SIGINT')
    assert.is(await ended, 0, output())
  })
})

test('what does not hold ends it with 1: a node that dies without being meant to', async () => {
  await withDemo(['--once'], async ({ ended, output, nodes }) => {
    await until('the founder runs', async () => output().includes('founded and ready'), DEMO_MS_MAX)
    for (const pid of nodes()) process.kill(pid, 'SIGKILL')
    assert.is(await ended, 1, output())
    assert.not.match(output(), /all of it held/)
  })
})

test('what cannot be built ends it with 1', async () => {
  await withDemo(['--once'], async ({ ended, output }) => assert.is(await ended, 1, output()), 1)
})

test.run()
