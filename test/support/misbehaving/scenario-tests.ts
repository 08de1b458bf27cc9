import { seededRandom } from '../../simulation/virtual-clock.js'
import { skipUnless, suite } from '../suite.js'
import { missingFor } from './machine-needs.js'
import { runScenario } from './run-scenario.js'
import type { Scenario } from './step.js'

/** Longest a scenario may take, with the founding before it and the checks after it. */
const SCENARIO_MS_MAX = 240_000

/** A suite with these scenarios, each a test. */
export function scenarioTests(name: string, scenarios: readonly Scenario[]): void {
  const test = suite(name, { timeoutMs: SCENARIO_MS_MAX })
  for (const [at, scenario] of scenarios.entries()) {
    test(scenario.name, async () => {
      const missing = missingFor(scenario)
      skipUnless(missing === null, missing ?? '')
      const outcome = await runScenario(scenario, seededRandom(at))
      process.stdout.write(`${scenario.name}: ${JSON.stringify(outcome)}\n`)
    })
  }
  test.run()
}
