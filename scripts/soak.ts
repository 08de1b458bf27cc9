/**
 * Runs random scenarios of four partners as real processes (test/support/misbehaving), one after another, and prints what
 * each found. The first broken promise ends it, with the scenario that led to it.
 *
 *   npm run soak                            for an hour
 *   npm run soak -- --hours 8 --from 1000   seeds from 1000 on
 *   npm run soak -- --seed 17               one of them again; real time differs, the plan is the same
 *   npm run soak -- --links proxies         only over such links: loopback, proxies, namespaces
 *   npm run soak -- --go-on                 do not stop at what is broken
 */
import { parseArgs } from 'node:util'
import { seededRandom } from '../test/simulation/virtual-clock.js'
import { missingFor } from '../test/support/misbehaving/machine-needs.js'
import { randomScenario } from '../test/support/misbehaving/random-scenario.js'
import { type Outcome, runScenario } from '../test/support/misbehaving/run-scenario.js'
import type { Links } from '../test/support/misbehaving/step.js'
import { whenReaderGone } from './reader-gone.js'

const { values } = parseArgs({
  options: {
    hours: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    links: { type: 'string' },
    'go-on': { type: 'boolean' }
  }
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const named: readonly Links[] = ['loopback', 'proxies', 'namespaces']
const kinds = named.filter((links) => values.links === undefined || values.links === links)
if (kinds.length === 0) throw new Error(`--links is one of ${named.join(', ')}`)

const first = Number(values.seed ?? values.from ?? 1)
const end = performance.now() + Number(values.hours ?? 1) * 3_600_000
const done: Outcome[] = []
let broken = 0
let interrupted = false
process.once('SIGINT', () => {
  interrupted = true
  say('ends after this one')
})
// Not at once: nodes run, and namespaces are made.
whenReaderGone(() => {
  interrupted = true
})

for (let seed = first; ; seed++) {
  await one(seed)
  if (values.seed !== undefined || interrupted || performance.now() > end || (broken > 0 && !values['go-on'])) break
}
const most = (figure: (outcome: Outcome) => number): number => Math.max(0, ...done.map(figure))
const sum = (figure: (outcome: Outcome) => number): number => done.reduce((total, each) => total + figure(each), 0)
say(
  `${done.length} scenarios held, ${broken} broke; ${sum((each) => each.acknowledged)} records acknowledged, ` +
    `${sum((each) => each.reads)} reads; first commit after healing at most ${most((each) => each.firstCommitMs)} ms, ` +
    `at every partner ${most((each) => each.everywhereMs)} ms`
)
process.exitCode = broken > 0 ? 1 : 0

async function one(seed: number): Promise<void> {
  const scenario = randomScenario(seed, kinds)
  const from = scenario.build === undefined ? '' : ` from ${scenario.build} on`
  const missing = missingFor(scenario)
  if (missing !== null) return say(`seed ${seed} left out: ${missing}`)
  try {
    const outcome = await runScenario(scenario, seededRandom(seed))
    done.push(outcome)
    say(`seed ${seed} ${scenario.links}${from}, ${scenario.steps.length} steps: ${JSON.stringify(outcome)}`)
  } catch (error) {
    broken++
    for (const step of scenario.steps) say(`  ${JSON.stringify(step)}`)
    say(`BROKEN ${error instanceof Error ? error.message : error}`)
    say(`seed ${seed}: npm run soak -- --seed ${seed}${values.links === undefined ? '' : ` --links ${values.links}`}`)
  }
}
