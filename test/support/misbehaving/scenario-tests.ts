import { seededRandom } from '../../simulation/virtual-clock.js'
import { skipUnless, suite } from '../suite.js'
import { missingFor } from './machine-needs.js'
import { runScenario } from './run-scenario.js'
import { SCENARIOS } from './scenarios.js'
import type { Links } from './step.js'

/** Longest a scenario may take, with the founding before it and the checks after it. */
const SCENARIO_MS_MAX = 240_000

/** A suite with the declared scenarios over such links, each a test. */
export function scenarioTests(name: string, links: Links): void {
  const test = suite(name, { timeoutMs: SCENARIO_MS_MAX })
  for (const [at, scenario] of SCENARIOS.entries()) {
    if (scenario.links !== links) continue
    test(scenario.name, async () => {
      const missing = missingFor(scenario)
      skipUnless(missing === null, missing ?? '')
      const outcome = await runScenario(scenario, seededRandom(at))
      process.stdout.write(`${scenario.name}: ${JSON.stringify(outcome)}\n`)
    })
  }
  test.run()
}
