import type { Simulated, simulate } from './simulation.js'
import { addRun, noSums, type Sums } from './sums.js'

/** Lines of the trace that a failure shows. */
const TAIL_LINES = 60

/** What runs the same once more: all that did not come from the seed is part of it. */
export function commandOf({ scenario, set, isReal }: Pick<Simulated, 'scenario' | 'set' | 'isReal'>): string {
  const more = Object.keys(set).length === 0 ? '' : ` --set '${JSON.stringify(set)}'`
  return `npm run simulate -- --seed ${scenario.seed}${isReal ? ' --real-signatures' : ''}${more}`
}

/** Says which seed broke what, with the end of its trace and how to see all of it; nothing when everything held. */
export function assertHeld(run: Simulated): void {
  const { broken, scenario, tail } = run
  if (broken === null) return
  const command = commandOf(run)
  throw new Error([...tail.slice(-TAIL_LINES), `seed ${scenario.seed} (${command}): ${broken.message}`].join('\n'))
}

/**
 * Runs seeds one after the other until there are `count`, or so much processor time is spent: where machines are slow,
 * fewer runs are better than a failure for lack of time.
 * @throws Error that names the first seed that breaks a promise
 */
export async function runSeeds(
  run: typeof simulate,
  { from, count, cpuMsMax }: { readonly from: number; readonly count: number; readonly cpuMsMax: number }
): Promise<Sums> {
  const started = process.cpuUsage()
  const spentMs = (): number => {
    const { user, system } = process.cpuUsage(started)
    return (user + system) / 1000
  }
  const sums = noSums()
  for (let seed = from; seed < from + count && spentMs() < cpuMsMax; seed++) {
    const result = await run(seed)
    assertHeld(result)
    addRun(sums, result)
  }
  process.stdout.write(
    `\n${sums.runs} networks from seed ${from} on in ${(spentMs() / 1000).toFixed(1)} s: ${JSON.stringify(sums)}\n`
  )
  return sums
}
