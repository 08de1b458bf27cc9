/**
 * Runs simulated networks (test/simulation). Prints the seed of each that broke a promise, and what broke, then what all
 * of them were and how many there were in a second.
 *
 *   npm run simulate -- --seed 7            one run, with its whole trace
 *   npm run simulate -- --seeds 5000        many runs, from --from on (default 1)
 *   --workers N                             processes side by side (default 1)
 *   --voters N  --observers N  --joiners N  --silent N  --gone N  --liars N  --fragile N  --quorum RULE  --faults 0
 *   --changes 0                             instead of what the seed says; the last: nobody pauses, leaves, changes
 *   --ways 'flood,two batches'              how liars lie (test/simulation/liar.ts)
 *   --set JSON|NAME                         any part of a scenario (test/simulation/scenario.ts), as a failing test prints it;
 *                                           or a set of the planted bugs by its name (scripts/planted/seed-sets.ts)
 *   --real-signatures                       Ed25519 instead of the stand-in
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Scenario } from '../test/simulation/scenario.js'
import { addRun, addSums, FAULTS_MIN, HEIGHTS_MIN, noSums, type Sums } from '../test/simulation/sums.js'
import { useStandInSignatures } from '../test/simulation/use-stand-in-signatures.js'
import { BUGS } from './planted/bugs.js'
import { EXIT_READER_GONE, whenReaderGone } from './reader-gone.js'

const COUNTS = ['voters', 'observers', 'joiners', 'silent', 'gone', 'liars', 'fragile'] as const

/** Failing seeds that are printed with their promise; more say nothing more. */
const FAILURES_MAX = 50

/**
 * Of each worker, MiB: what a run makes lives until the run is over, and is copied about less often where there is room
 * for several runs. A seventh faster than with the default.
 */
const YOUNG_SPACE = '--max-semi-space-size=64'

/** Begins the line in which a worker tells its sums. */
const SUMS = 'sums '

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    seed: text,
    seeds: text,
    from: text,
    workers: text,
    quorum: text,
    faults: text,
    changes: text,
    ways: text,
    set: text,
    voters: text,
    observers: text,
    joiners: text,
    silent: text,
    gone: text,
    liars: text,
    fragile: text,
    worker: { type: 'boolean' },
    'real-signatures': { type: 'boolean' }
  }
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const from = Number(values.from ?? 1)
const count = Number(values.seeds ?? 100)
const workers = Math.min(Number(values.workers ?? 1), count)
const children: ChildProcess[] = []
whenReaderGone(() => {
  for (const child of children) child.kill()
  process.exit(EXIT_READER_GONE)
})

if (values.seed !== undefined) await one(Number(values.seed))
else if (values.worker === true) await many()
else await share()

function asked(): Partial<Scenario> {
  const set: { -readonly [Name in keyof Scenario]?: Scenario[Name] } = values.set === undefined ? {} : given(values.set)
  for (const name of COUNTS) if (values[name] !== undefined) set[name] = Number(values[name])
  if (values.quorum === 'majority' || values.quorum === 'two-thirds') set.quorum = values.quorum
  if (values.faults === '0') set.faults = []
  if (values.changes === '0') set.changes = []
  if (values.ways !== undefined) set.ways = values.ways.split(',') as NonNullable<Scenario['ways']>
  return set
}

/** @throws Error where a set of this name is not there, or the text is no JSON */
function given(text: string): Partial<Scenario> {
  if (text.startsWith('{')) return JSON.parse(text) as Partial<Scenario>
  const checks = BUGS.flatMap((bug) => bug.checks)
  const named = checks.flatMap((check) => (check.kind === 'seeds' ? (check.set ?? []) : []))
  const found = named.find(({ name }) => name === text)
  if (found === undefined)
    throw new Error(`no set is called ${text}: ${[...new Set(named.map((s) => s.name))].join('; ')}`)
  return { ...found.scenario }
}

/** What runs a seed just as it was run here. */
function again(seed: number | 'N'): string {
  const {
    seed: _,
    seeds: _many,
    from: _from,
    workers: _beside,
    worker: _part,
    'real-signatures': isReal,
    ...rest
  } = values
  const more = Object.entries(rest).map(([name, value]) => ` --${name} '${value}'`)
  return `npm run simulate -- --seed ${seed}${isReal ? ' --real-signatures' : ''}${more.join('')}`
}

async function simulator(): Promise<typeof import('../test/simulation/simulation.js')> {
  if (values['real-signatures'] !== true) useStandInSignatures()
  return await import('../test/simulation/simulation.js')
}

async function one(seed: number): Promise<void> {
  const { simulate } = await simulator()
  const { tail: _, ...result } = await simulate(seed, asked(), say)
  const { broken, scenario, ...figures } = result
  say(JSON.stringify({ ...scenario, faults: scenario.faults.length }))
  say(JSON.stringify(figures))
  say(broken === null ? 'everything held' : `BROKEN ${broken.message}`)
  process.exitCode = broken === null ? 0 : 1
}

/** A worker's part. */
async function many(): Promise<void> {
  const { simulate } = await simulator()
  const sums = noSums()
  let failures = 0
  for (let seed = from; seed < from + count; seed++) {
    const result = await simulate(seed, asked())
    addRun(sums, result)
    if (result.broken === null) continue
    failures++
    if (failures <= FAILURES_MAX) say(`BROKEN seed ${seed}: ${result.broken.message.split('\n')[0]} (${again(seed)})`)
  }
  if (failures > 0) process.exitCode = 1
  say(`${SUMS}${JSON.stringify(sums)}`)
}

/** Gives each worker its part of the seeds, and passes on what it says. */
async function share(): Promise<void> {
  const started = performance.now()
  const sums = noSums()
  const parts = Array.from({ length: workers }, (_, index) => {
    const begin = from + Math.floor((index * count) / workers)
    return { begin, seeds: from + Math.floor(((index + 1) * count) / workers) - begin }
  })
  const codes = await Promise.all(parts.map(({ begin, seeds }) => work(begin, seeds, sums)))
  const failed = codes.some((code) => code !== 0)
  if (failed) process.exitCode = 1
  conclude(sums, performance.now() - started, failed)
}

function work(begin: number, seeds: number, sums: Sums): Promise<number | null> {
  const others = process.argv.slice(2)
  const own = ['--worker', '--from', String(begin), '--seeds', String(seeds), '--workers', '1']
  const program = [YOUNG_SPACE, ...process.execArgv, fileURLToPath(import.meta.url), ...others, ...own]
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      child.kill()
      process.exitCode = 1
    })
  }
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith(SUMS)) addSums(sums, JSON.parse(line.slice(SUMS.length)) as Sums)
      else say(line)
    }
  })
  return new Promise((settle, fail) => child.on('error', fail).on('close', settle))
}

function conclude(sums: Sums, ms: number, failed: boolean): void {
  const speed = `${(sums.runs / (ms / 1000)).toFixed(1)} runs/s`
  const { runs, heights, faults } = sums
  const mean = (sum: number): string => (sum / Math.max(1, runs)).toFixed(1)
  say(JSON.stringify(sums))
  say(`${runs} runs from seed ${from} on, of ${mean(heights)} heights and ${mean(faults)} faults; ${speed}`)
  say(`${sums.whole} of them had at least four partners, ${HEIGHTS_MIN} heights and ${FAULTS_MIN} faults`)
  say(failed ? `see a failing one with: ${again('N')}` : 'everything held')
}
