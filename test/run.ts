/**
 * Runs test files, each in a process of its own, and ends with the line `N passed, N failed`.
 *
 *   tsx test/run.ts unit e2e        every *.test.ts below test/unit and test/e2e
 *   tsx test/run.ts --all           every *.test.ts below test; of some slow ones half, in turns
 *   tsx test/run.ts --all --without unit,e2e   the same without these tiers, as they were run before
 *   tsx test/run.ts FILE...         these files
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { ReportedTest, ReportLine } from './support/suite.js'
import { REPORT_VARIABLE } from './support/suite.js'
import { inTurn } from './support/turns.js'

const USAGE =
  'usage: tsx test/run.ts [--all [--without TIER,TIER]] [--concurrency N] [--timeout MS] [DIRECTORY of test, or FILE]...'

/** Longest a test file may take, in milliseconds; `--timeout` changes it. Files in test/slow get longer. */
const FILE_TIMEOUT_MS = 240_000
const SLOW_FILE_TIMEOUT_MS = 20 * 60_000

/** Files that run side by side; `--concurrency` changes it. Those of networks wait more than they work. */
const CONCURRENCY = 3

/** Files that take the longest begin first: else one of them is left over at the end, alone. */
const LONGEST = ['crash-points', 'simulation', 'simulation-more', 'node-versions'].map((name) =>
  join('slow', `${name}.test.ts`)
)

/** Slow files that take turns: half of them run at a commit, all with SLOW_TESTS=all. Neighbours weigh about the same. */
const IN_TURNS = [
  ...['crash-partners', 'coming-and-going', 'hostile-sessions', 'catch-up', 'planted', 'away-from-governance'],
  ...['keys-of-partners', 'quorum', 'damaged-home', 'network-file', 'crash-alone', 'admission'],
  ...['grown-network', 'attachments-of-partners', 'stalls', 'recovery']
].map((name) => join('slow', `${name}.test.ts`))

const testRoot = fileURLToPath(new URL('.', import.meta.url))
const projectRoot = resolve(testRoot, '..')

interface FileResult {
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly string[]
  readonly milliseconds: number
  /** What is wrong with the file as a whole: killed, no test run, died early. */
  readonly complaints: readonly string[]
  readonly output: string
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean' },
    without: { type: 'string' },
    concurrency: { type: 'string' },
    timeout: { type: 'string' }
  }
})
const timeoutGivenMs = Number(values.timeout ?? FILE_TIMEOUT_MS)
const concurrency = Number(values.concurrency ?? CONCURRENCY)
const left = values.without === undefined ? [] : values.without.split(',').map((name) => join(testRoot, name))
const files = values.all ? allFiles() : positionals.flatMap(filesNamed)
if (files.length === 0 || !(timeoutGivenMs > 0) || !(concurrency > 0)) {
  process.stderr.write(`no test files: ${USAGE}\n`)
  process.exit(2)
}

const groups = new Set<number>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const group of groups) killGroup(group)
    process.exit(1)
  })
}

const scratch = mkdtempSync(join(tmpdir(), 'ledger-tests-'))
const results: FileResult[] = []
try {
  await Promise.all(Array.from({ length: concurrency }, work))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
finish(results)

/** Takes files from the front of the list until none is left. */
async function work(): Promise<void> {
  for (let file = files.shift(); file !== undefined; file = files.shift()) {
    const result = await runFile(file, join(scratch, `${files.length}.ndjson`))
    results.push(result)
    print(result)
  }
}

/** All but those whose turn is at another commit, and those of tiers that were run before. */
function allFiles(): string[] {
  const later = IN_TURNS.filter((name) => !inTurn(IN_TURNS, 2).includes(name)).map((name) => join(testRoot, name))
  for (const file of later) {
    process.stdout.write(`later ${relative(projectRoot, file)} (at another commit; SLOW_TESTS=all runs it now)\n`)
  }
  const isLeft = (file: string): boolean => later.includes(file) || left.some((tier) => file.startsWith(`${tier}/`))
  return testFilesBelow(testRoot).filter((file) => !isLeft(file))
}

/** A directory of test/ stands for all test files below it; anything else is a file. */
function filesNamed(name: string): string[] {
  const directory = resolve(testRoot, name)
  if (!name.endsWith('.ts') && existsSync(directory)) return testFilesBelow(directory)
  const file = resolve(name)
  if (existsSync(file)) return statSync(file).isDirectory() ? testFilesBelow(file) : [file]
  // A tier without tests yet is no mistake; a mistyped file is.
  if (!name.includes('.')) return []
  process.stderr.write(`no such test file: ${name}\n`)
  process.exit(2)
}

function testFilesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(directory, name))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

function rank(file: string): number {
  return LONGEST.some((name) => file.endsWith(name)) ? 0 : 1
}

/** Simulated networks make much that lives until the run is over: with room for it a seventh faster. */
function flagsOf(file: string): string[] {
  return file.includes('simulation') ? ['--max-semi-space-size=64'] : []
}

function runFile(file: string, reportPath: string): Promise<FileResult> {
  const started = performance.now()
  const timeoutMs = timeoutOf(file)
  const environment = { ...process.env, [REPORT_VARIABLE]: reportPath }
  // Its own process group, so that a test file cannot leave processes behind.
  const child = spawn(process.execPath, [...flagsOf(file), '--import', 'tsx', file], {
    cwd: projectRoot,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  const group = child.pid
  if (group !== undefined) groups.add(group)
  const output: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text))
  let killed = false
  const timer = setTimeout(() => {
    killed = true
    if (group !== undefined) killGroup(group)
  }, timeoutMs)

  return new Promise((settle) => {
    child.on('error', (error) => output.push(String(error)))
    // What a left-over grandchild still holds open must not keep us from going on.
    child.on('exit', () => group !== undefined && killGroup(group))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (group !== undefined) groups.delete(group)
      const ended = killed
        ? `hung: killed after ${timeoutMs} ms`
        : code === 0
          ? undefined
          : `ended with ${signal ?? code}`
      settle(judge(file, readReport(reportPath), ended, output.join(''), performance.now() - started))
    })
  })
}

function timeoutOf(file: string): number {
  const slow = values.timeout === undefined && file.startsWith(resolve(testRoot, 'slow'))
  return slow ? SLOW_FILE_TIMEOUT_MS : timeoutGivenMs
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

function readReport(path: string): ReportLine[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  // The last line may be cut where the process was killed; a complete one is followed by an empty one.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as ReportLine)
}

function judge(
  file: string,
  lines: readonly ReportLine[],
  ended: string | undefined,
  output: string,
  milliseconds: number
): FileResult {
  const tests = lines.filter((line): line is ReportedTest => line.status !== 'done')
  const messages = (status: ReportedTest['status']) =>
    tests.filter((test) => test.status === status).map(({ name, message = '' }) => `${name}: ${message.split('\n')[0]}`)
  const passed = messages('passed').length
  const skipped = messages('skipped')
  const failures = messages('failed')
  const complaints = [...failures]
  // A process that failed without a failed test died outside of one; with one, its exit code only repeats that.
  if (ended !== undefined && (failures.length === 0 || ended.startsWith('hung'))) complaints.push(ended)
  else if (tests.length === 0) complaints.push('ran no test: is run() missing?')
  else if (tests.length === lines.length && failures.length === 0) complaints.push('ended too early')
  return {
    file: relative(projectRoot, file),
    passed,
    failed: complaints.length,
    skipped,
    milliseconds,
    complaints,
    output
  }
}

function print(result: FileResult): void {
  const head = `${result.file} (${result.passed} passed, ${Math.round(result.milliseconds)} ms)`
  if (result.failed === 0) process.stdout.write(`ok    ${head}\n`)
  else process.stdout.write(`FAIL  ${head}\n${result.output}\n`)
  for (const reason of result.skipped) process.stdout.write(`      skipped ${reason}\n`)
  for (const complaint of result.complaints) process.stdout.write(`      failed ${complaint}\n`)
}

function finish(all: readonly FileResult[]): void {
  const sum = (count: (result: FileResult) => number) => all.reduce((total, result) => total + count(result), 0)
  const failed = sum((result) => result.failed)
  const skipped = sum((result) => result.skipped.length)
  if (failed > 0) {
    process.stdout.write('\nFailed:\n')
    for (const { file, complaints } of all) for (const line of complaints) process.stdout.write(`  ${file}: ${line}\n`)
  }
  const tail = skipped > 0 ? `, ${skipped} skipped` : ''
  process.stdout.write(`\n${sum((result) => result.passed)} passed, ${failed} failed${tail}\n`)
  process.exitCode = failed > 0 ? 1 : 0
}
