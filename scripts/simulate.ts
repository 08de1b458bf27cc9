/**
 * Runs simulated networks (test/simulation), and tells of the first broken promise with its seed and the end of its trace.
 *
 *   npm run simulate -- --seed 7            one run, with its whole trace
 *   npm run simulate -- --seeds 5000        many runs, from --from on (default 1)
 *   --voters N  --observers N  --silent N  --liars N  --faults 0   instead of what the seed says
 *   --real-signatures                       Ed25519 instead of the stand-in
 */
import { parseArgs } from 'node:util'
import type { Scenario } from '../test/simulation/scenario.js'
import { useStandInSignatures } from '../test/simulation/use-stand-in-signatures.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    voters: { type: 'string' },
    observers: { type: 'string' },
    silent: { type: 'string' },
    liars: { type: 'string' },
    faults: { type: 'string' },
    'real-signatures': { type: 'boolean' }
  }
})
if (!values['real-signatures']) useStandInSignatures()
const { simulate } = await import('../test/simulation/simulation.js')

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const set: { -readonly [Name in keyof Scenario]?: Scenario[Name] } = {}
if (values.voters !== undefined) set.voters = Number(values.voters)
if (values.observers !== undefined) set.observers = Number(values.observers)
if (values.silent !== undefined) set.silent = Number(values.silent)
if (values.liars !== undefined) set.liars = Number(values.liars)
if (values.faults === '0') set.faults = []

if (values.seed !== undefined) await one(Number(values.seed))
else await many(Number(values.from ?? 1), Number(values.seeds ?? 100))

async function one(seed: number): Promise<void> {
  const { tail: _, ...result } = await simulate(seed, set, say)
  const { broken, scenario, ...figures } = result
  say(JSON.stringify({ ...scenario, faults: scenario.faults.length }))
  say(JSON.stringify(figures))
  say(broken === null ? 'everything held' : `BROKEN ${broken.message}`)
  process.exitCode = broken === null ? 0 : 1
}

async function many(from: number, count: number): Promise<void> {
  const started = performance.now()
  const sums = {
    heights: 0,
    faults: 0,
    crashes: 0,
    events: 0,
    acknowledged: 0,
    refused: 0,
    roundMax: 0,
    convergedMsMax: 0
  }
  for (let seed = from; seed < from + count; seed++) {
    const result = await simulate(seed, set)
    if (result.broken !== null) {
      for (const line of result.tail) say(line)
      say(`BROKEN ${result.broken.message}`)
      say(`seed ${seed}: npm run simulate -- --seed ${seed}`)
      process.exitCode = 1
      return
    }
    sums.heights += result.height
    sums.faults += result.scenario.faults.length
    sums.crashes += result.crashes
    sums.events += result.events
    sums.acknowledged += result.acknowledged
    sums.refused += result.refused
    sums.roundMax = Math.max(sums.roundMax, result.roundMax)
    sums.convergedMsMax = Math.max(sums.convergedMsMax, Math.round(result.convergedMs))
  }
  const seconds = (performance.now() - started) / 1000
  say(`${count} runs from seed ${from} on held; ${(count / seconds).toFixed(1)} runs/s; ${JSON.stringify(sums)}`)
}
