import { seededRandom } from '../../simulation/virtual-clock.js'
import { skipUnless, suite } from '../suite.js'
import { inTurn } from '../turns.js'
import { missingFor } from './machine-needs.js'
import { runScenario } from './run-scenario.js'
import type { Scenario } from './step.js'

/** Longest a scenario may take, with the founding before it and the checks after it. */
const SCENARIO_MS_MAX = 240_000

/**
 * A suite with these scenarios, each a test.
 * @param parts of how many commits each runs a part of them
 */
export function scenarioTests(name: string, scenarios: readonly Scenario[], parts = 1): void {
  const test = suite(name, { timeoutMs: SCENARIO_MS_MAX })
  for (const scenario of inTurn(scenarios, parts)) {
    const at = scenarios.indexOf(scenario)
    test(scenario.name, async () => {
      const missing = missingFor(scenario)
      skipUnless(missing === null, missing ?? '')
      const outcome = await runScenario(scenario, seededRandom(at))
      process.stdout.write(`${scenario.name}: ${JSON.stringify(outcome)}\n`)
    })
  }
  test.run()
}
