import { appendFileSync } from 'node:fs'
import { suite as uvuSuite } from 'uvu'

/** How long one test or hook may take before it fails, unless the suite or the test says otherwise. */
export const TEST_TIMEOUT_MS = 10_000

/** How long a process may stay alive after its last test before that counts as a leaked handle. */
const LEAK_GRACE_MS = 5_000

/** Name of the variable in which test/run.ts gives a test file the path of its report. */
export const REPORT_VARIABLE = 'LEDGER_TEST_REPORT'

/** One line of the report that a test file leaves for test/run.ts: what became of one test or hook. */
export interface ReportedTest {
  readonly status: 'passed' | 'skipped' | 'failed'
  readonly name: string
  /** Why it failed or was skipped. */
  readonly message?: string
}

/** `done` comes last: every suite has finished. */
export type ReportLine = ReportedTest | { readonly status: 'done' }

export interface TestOptions {
  /** @default the suite's, else {@link TEST_TIMEOUT_MS} */
  readonly timeoutMs?: number
}

type Handler<Context> = (context: Context) => unknown
type AddTest<Context> = (name: string, handler: Handler<Context>, options?: TestOptions) => void
type AddHook<Context> = (handler: Handler<Context>) => void

export interface Suite<Context> extends AddTest<Context> {
  before: AddHook<Context> & { each: AddHook<Context> }
  after: AddHook<Context> & { each: AddHook<Context> }
  only: AddTest<Context>
  skip: (name?: string, handler?: Handler<Context>, options?: TestOptions) => void
  run: () => void
}

/** Thrown by {@link skipUnless} to leave a test; never a failure. */
class Skipped extends Error {}

/** Suites that were made and not yet run: at the end of the process there must be none. */
const notRun = new Set<string>()
let made = 0
let unfinished = 0
let failed = false
let leakTimer: NodeJS.Timeout | undefined

/**
 * uvu's `suite` without its traps: every test and hook has a timeout, a failing hook fails the process, a suite whose
 * `run()` was forgotten fails the process, and so does a handle that keeps the process alive after the last test.
 * @param options.context what every test and hook gets as its argument
 */
export function suite<Context extends object = Record<string, unknown>>(
  name: string,
  options: TestOptions & { readonly context?: Context } = {}
): Suite<Context> {
  const inner = uvuSuite<Context>(name, options.context ?? ({} as Context))
  const timeoutDefaultMs = options.timeoutMs ?? TEST_TIMEOUT_MS
  const withoutOnly: string[] = []
  let hasOnly = false
  let runs = false
  made += 1
  const key = `suite '${name}' (number ${made} of its file)`
  notRun.add(key)

  const timed = (title: string, handler: Handler<Context>, { timeoutMs = timeoutDefaultMs }: TestOptions = {}) => {
    return async (context: Context) => {
      try {
        await withTimeout(title, timeoutMs, () => handler(context))
        report({ status: 'passed', name: title })
      } catch (thrown) {
        const error = asError(thrown)
        if (error instanceof Skipped) return reportSkipped(title, error.message)
        reportFailed(title, error)
        throw printable(error)
      }
    }
  }

  const hook = (kind: string, rethrow: boolean, handler: Handler<Context>) => {
    const title = `${name}: ${kind} hook`
    return async (context: Context) => {
      try {
        await withTimeout(title, timeoutDefaultMs, () => handler(context))
      } catch (thrown) {
        const error = asError(thrown)
        reportFailed(title, error)
        process.stdout.write(`\n${title} failed: ${error.stack ?? error.message}\n`)
        // uvu swallows what a hook throws, except before a test: rethrow only where that keeps tests from running.
        if (rethrow) throw error
      }
    }
  }

  const test = ((title, handler, testOptions) => {
    withoutOnly.push(`${name}: ${title}`)
    inner(title, timed(`${name}: ${title}`, handler, testOptions))
  }) as Suite<Context>
  test.only = (title, handler, testOptions) => {
    hasOnly = true
    inner.only(title, timed(`${name}: ${title}`, handler, testOptions))
  }
  test.skip = (title = 'a test') => {
    inner.skip()
    reportSkipped(`${name}: ${title}`, 'marked skip')
  }
  test.before = Object.assign((handler: Handler<Context>) => inner.before(hook('before', true, handler)), {
    each: (handler: Handler<Context>) => inner.before.each(hook('before.each', true, handler))
  })
  test.after = Object.assign((handler: Handler<Context>) => inner.after(hook('after', false, handler)), {
    each: (handler: Handler<Context>) => inner.after.each(hook('after.each', false, handler))
  })
  test.run = () => {
    if (runs) throw new Error(`suite '${name}' is run twice`)
    runs = true
    notRun.delete(key)
    unfinished += 1
    clearTimeout(leakTimer)
    if (hasOnly) for (const title of withoutOnly) reportSkipped(title, 'another test is marked only')
    inner.after(suiteFinished)
    inner.run()
  }
  return test
}

/**
 * Leaves the running test as skipped when what it needs is missing; where CI is 'true' the test fails instead, because
 * there everything must be present. Call it first in a test.
 * @param condition whether the tool or the data is there
 * @param reason what is missing, for the reader of the output
 */
export function skipUnless(condition: boolean, reason: string): void {
  if (condition) return
  if (process.env.CI === 'true') throw new Error(`must not be skipped in CI: ${reason}`)
  throw new Skipped(reason)
}

/** Runs `work` and fails when its promise takes longer. The timer holds the process, so a test that waits for nothing fails too. */
async function withTimeout(title: string, timeoutMs: number, work: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`'${title}' took longer than ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

function suiteFinished(): void {
  unfinished -= 1
  if (unfinished > 0) return
  // Unreferenced, so it fires only when something else keeps the process alive.
  leakTimer = setTimeout(() => {
    const held = process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap' && kind !== 'TTYWrap')
    const message = `the process stays alive after its last test; open: ${held.join(', ') || 'unknown'}`
    reportFailed('leaked handle', new Error(message))
    process.stdout.write(`\nleaked handle: ${message}\n`)
    process.exit(1)
  }, LEAK_GRACE_MS).unref()
}

process.on('exit', () => {
  for (const key of notRun) {
    const message = `${key} was made but its run() was never called`
    reportFailed(key, new Error(message))
    process.stdout.write(`\n${message}\n`)
  }
  if (unfinished === 0) report({ status: 'done' })
  if (failed) process.exitCode = 1
})

function reportSkipped(name: string, reason: string): void {
  report({ status: 'skipped', name, message: reason })
  process.stdout.write(`\n  skipped '${name}': ${reason}\n`)
}

function reportFailed(name: string, error: Error): void {
  failed = true
  report({ status: 'failed', name, message: error.message })
}

function report(line: ReportLine): void {
  const path = process.env[REPORT_VARIABLE]
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(line)}\n`)
}

/** uvu's reporter breaks on a thrown value that is not an Error. */
function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`)
}

/** uvu prints `details` as text; an error that has something else there would end the whole file. */
function printable(error: Error): Error {
  if (!('details' in error) || typeof error.details === 'string') return error
  const plain = new Error(`${error.message} ${JSON.stringify(error.details)}`)
  if (error.stack !== undefined) plain.stack = error.stack
  return plain
}
