import { runNode } from './child-process.js'
import type { Check, SeedCheck, TestCheck } from './planted-bug.js'
import type { SeedsOutcome } from './run-seeds.js'

/** What a check found in a copy of the tree. */
export interface Found {
  /** What noticed something: a promise of the simulator, or a test; null when all held. */
  readonly by: string | null
  /** What it said. */
  readonly message: string
  /** Seeds that were run. */
  readonly seeds: number
}

/** A simulator that does not come to an end has found something too; a loaded machine runs one seed in some seconds. */
const SEEDS_MS = 60_000
const SEED_MS = 10_000

/** Longest that a test file may take, and what starting it takes besides. */
const TEST_MS = 240_000
const START_MS = 30_000

const COMPILE_MS = 180_000

/** Runs one check in a copy of the tree. @throws Error when it cannot be run */
export function runCheck(path: string, check: Check): Promise<Found> {
  return check.kind === 'seeds' ? runSeeds(path, check) : runTest(path, check)
}

/** Why a copy does not compile; null when it does. */
export async function compileProblem(path: string): Promise<string | null> {
  const { code, stdout, stderr } = await runNode(path, [binOf('typescript/bin/tsc'), '--noEmit'], COMPILE_MS)
  return code === 0 ? null : `${stdout}${stderr}`.trim()
}

async function runSeeds(path: string, { seeds, set }: SeedCheck): Promise<Found> {
  const args = [
    binOf('tsx/dist/cli.mjs'),
    'scripts/planted/run-seeds.ts',
    JSON.stringify({ seeds, set: set?.scenario })
  ]
  const { code, stdout, stderr, hung } = await runNode(path, args, SEEDS_MS + seeds * SEED_MS)
  if (hung) return { by: 'the simulator does not end', message: '', seeds }
  if (code !== 0) throw new Error(`the simulator failed: ${stderr.trim() || stdout.trim()}`)
  const { runs, broken } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as SeedsOutcome
  if (broken === null) return { by: null, message: '', seeds: runs }
  return {
    by: broken.promise,
    message: `seed ${broken.seed}${set === undefined ? '' : ` (${set.name})`}: ${broken.message}`,
    seeds: runs
  }
}

/** A failed test, as test/run.ts prints it: what failed, a colon, why. */
const FAILED = /^ {6}failed (.*)$/m

async function runTest(path: string, { file }: TestCheck): Promise<Found> {
  const args = [binOf('tsx/dist/cli.mjs'), 'test/run.ts', '--timeout', String(TEST_MS), file]
  const { code, stdout, stderr } = await runNode(path, args, TEST_MS + START_MS)
  if (code === 0) return { by: null, message: '', seeds: 0 }
  const failed = FAILED.exec(stdout)?.[1]
  if (failed === undefined) throw new Error(`${file} could not be run: ${stderr.trim() || stdout.trim()}`)
  return { by: file.replace(/^test\/(.*)\.test\.ts$/, '$1'), message: failed, seeds: 0 }
}

function binOf(name: string): string {
  return `node_modules/${name}`
}
