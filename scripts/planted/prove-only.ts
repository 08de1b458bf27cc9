import { runNode } from './child-process.js'
import type { PlantedBug } from './planted-bug.js'
import { compileProblem } from './run-check.js'
import type { ScratchCopy } from './scratch-copy.js'

/** Where somebody who wrote a test for a bug would have put it; where the former notice it the latter need not run. */
const DIRECTORIES = [['unit/base', 'unit/consensus', 'unit/ledger', 'unit/node'], ['network']]

/** Longest for all of it, and for one file of it: machines are loaded. */
const ALL_MS = 60 * 60_000
const FILE_MS = 240_000

/** How often a test has to fail with the bug to have noticed it: those of real connections fail of load, too. */
const FAILURES = 3

/** What the tests say of a bug that only the simulator is said to catch. */
export interface OnlyResult {
  readonly bug: string
  /** Test files that ran. */
  readonly files: number
  /** Those that fail with the bug every time, and pass without it. */
  readonly noticedBy: readonly string[]
  /** Those that failed, and not every time. */
  readonly unsure: readonly string[]
  readonly seconds: number
}

/**
 * Runs all unit and network tests against each bug.
 * @param copies in each of them one bug at a time
 * @throws Error when one does not compile, or no test can be run
 */
export async function proveOnly(
  copies: readonly ScratchCopy[],
  bugs: readonly PlantedBug[],
  onResult: (result: OnlyResult) => void
): Promise<void> {
  const left = [...bugs]
  await Promise.all(
    copies.map(async (copy) => {
      for (let bug = left.shift(); bug !== undefined; bug = left.shift()) onResult(await prove(copy, bug))
    })
  )
}

async function prove(copy: ScratchCopy, bug: PlantedBug): Promise<OnlyResult> {
  const started = performance.now()
  const restore = copy.plant(bug)
  const noticedBy: string[] = []
  const unsure: string[] = []
  let files = 0
  try {
    const problem = await compileProblem(copy.path)
    if (problem !== null) throw new Error(`${bug.name} does not compile: ${problem}`)
    for (const directories of DIRECTORIES) {
      if (noticedBy.length > 0) break
      const ran = await runTests(copy, directories)
      files += ran.files
      for (const file of ran.failed) {
        const list = (await failsAlways(copy, file)) ? noticedBy : unsure
        list.push(file)
      }
    }
  } finally {
    restore()
  }
  const always = [...noticedBy]
  for (const file of always) {
    if ((await runTests(copy, [file])).failed.length > 0) noticedBy.splice(noticedBy.indexOf(file), 1)
  }
  const seconds = Math.round((performance.now() - started) / 1000)
  return { bug: bug.name, files, noticedBy, unsure, seconds }
}

/** Whether a test that failed once does so each time. */
async function failsAlways(copy: ScratchCopy, file: string): Promise<boolean> {
  for (let failures = 1; failures < FAILURES; failures++) {
    if ((await runTests(copy, [file])).failed.length === 0) return false
  }
  return true
}

async function runTests(
  { path }: ScratchCopy,
  which: readonly string[]
): Promise<{ files: number; failed: readonly string[] }> {
  const args = ['node_modules/tsx/dist/cli.mjs', 'test/run.ts', '--concurrency', '2', '--timeout', String(FILE_MS)]
  const { stdout, stderr } = await runNode(path, [...args, ...which], ALL_MS)
  const failed = [...stdout.matchAll(/^FAIL {2}(\S+)/gm)].map((match) => match[1]!)
  const passed = [...stdout.matchAll(/^ok {4}(\S+)/gm)].length
  if (failed.length + passed === 0) throw new Error(`no test could be run: ${stderr.trim() || stdout.trim()}`)
  return { files: failed.length + passed, failed }
}

/** One row. */
export function onlyLine({ bug, files, noticedBy, unsure, seconds }: OnlyResult): string {
  const seen = noticedBy.length === 0 ? 'noticed by none' : `NOTICED BY ${noticedBy.join(', ')}`
  const rest = unsure.length === 0 ? '' : `; failed once, and not again: ${unsure.join(', ')}`
  return `${bug}: ${files} test files, ${seen}${rest} (${seconds} s)`
}
