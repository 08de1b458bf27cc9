import type { Check, PlantedBug } from './planted-bug.js'
import { compileProblem, type Found, runCheck } from './run-check.js'
import type { ScratchCopy } from './scratch-copy.js'

/** What became of a planted bug. */
export interface BugResult {
  readonly bug: string
  /** What caught it; null when it was missed, or could not be tried. */
  readonly by: string | null
  /** What the check said; or why the bug could not be tried. */
  readonly message: string
  /** Whether the checks were run at all. */
  readonly tried: boolean
  readonly bySimulator: boolean
  /** Seeds that were run. */
  readonly seeds: number
  readonly seconds: number
}

/**
 * Runs every check that any of the bugs has on copies without a bug.
 * @param tell takes a line for each check
 * @returns what failed
 */
export async function checkUnmutated(
  copies: readonly ScratchCopy[],
  bugs: readonly PlantedBug[],
  tell: (line: string) => void
): Promise<string[]> {
  const problems: string[] = []
  const compiling = await compileProblem(copies[0]!.path)
  if (compiling !== null) return [`it does not compile: ${compiling}`]
  await eachWith(copies, checksOf(bugs), async (copy, check) => {
    const started = performance.now()
    const { by, message } = await found(copy, check)
    tell(`without any bug: ${nameOf(check)} ${by === null ? 'passes' : 'FAILS'} (${secondsSince(started)} s)`)
    if (by !== null) problems.push(`${nameOf(check)} fails: ${by}, ${message}`)
  })
  return problems
}

/** Plants one bug after the other, each in a copy that has no other. @param onResult called as each is done */
export function tryBugs(
  copies: readonly ScratchCopy[],
  bugs: readonly PlantedBug[],
  onResult: (result: BugResult) => void
): Promise<void> {
  return eachWith(copies, bugs, async (copy, bug) => {
    const started = performance.now()
    onResult({ bug: bug.name, ...(await tryBug(copy, bug)), seconds: secondsSince(started) })
  })
}

async function tryBug(copy: ScratchCopy, bug: PlantedBug): Promise<Omit<BugResult, 'bug' | 'seconds'>> {
  let restore = (): void => {}
  let seeds = 0
  const uncaught = (tried: boolean, message: string) => ({ by: null, message, tried, bySimulator: false, seeds })
  try {
    restore = copy.plant(bug)
    const problem = await compileProblem(copy.path)
    if (problem !== null) return uncaught(false, `it does not compile: ${problem}`)
    for (const check of bug.checks) {
      const result = await runCheck(copy.path, check)
      seeds += result.seeds
      const { by, message } = result
      if (by !== null) return { by, message, tried: true, bySimulator: check.kind === 'seeds', seeds }
    }
    return uncaught(true, `by ${bug.checks.map(nameOf).join(', ')}`)
  } catch (error) {
    return uncaught(false, textOf(error))
  } finally {
    restore()
  }
}

async function found(copy: ScratchCopy, check: Check): Promise<Found> {
  try {
    return await runCheck(copy.path, check)
  } catch (error) {
    return { by: 'it cannot be run', message: textOf(error), seeds: 0 }
  }
}

/** Each check once, the simulator with the most seeds that any bug asks for. */
function checksOf(bugs: readonly PlantedBug[]): Check[] {
  const byName = new Map<string, Check>()
  for (const check of bugs.flatMap(({ checks }) => checks)) {
    const name = check.kind === 'test' ? check.file : `seeds ${check.set?.name}`
    const known = byName.get(name)
    if (known?.kind === 'seeds' && check.kind === 'seeds' && known.seeds >= check.seeds) continue
    byName.set(name, check)
  }
  return [...byName.values()]
}

export function nameOf(check: Check): string {
  if (check.kind === 'test') return check.file
  return `${check.seeds} seeds${check.set === undefined ? '' : ` (${check.set.name})`}`
}

/** Takes the items from the front, each copy one at a time. */
async function eachWith<T>(
  copies: readonly ScratchCopy[],
  items: readonly T[],
  work: (copy: ScratchCopy, item: T) => Promise<void>
): Promise<void> {
  const left = [...items]
  await Promise.all(
    copies.map(async (copy) => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(copy, item)
    })
  )
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 1000)
}
