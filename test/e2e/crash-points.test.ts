import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { buildCrashNode } from '../support/crash-points.js'
import {
  type CrashReport,
  type CrashScenario,
  crashWhileFounding,
  crashWhileWorking,
  every
} from '../support/crash-scenarios.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('killed, or without power, at a durable write', { timeoutMs: 180_000 })

/** A scenario, every how many writes it is tried here (test/slow tries them all, and those of partners), and the least writes it makes. */
const SCENARIOS: readonly [string, (scenario: CrashScenario) => Promise<CrashReport>, number, number][] = [
  ['while it is founded', crashWhileFounding, 10, 30],
  ['while it appends alone', crashWhileWorking, 7, 25]
]

for (const [name, scenario, step, writesMin] of SCENARIOS) {
  test(`${name}: nothing acknowledged is lost or doubled, and it goes on`, async () => {
    await withSandbox(async (sandbox) => {
      const program = await buildCrashNode(join(sandbox.directory, 'crash-node'))
      const { writes, tried, ended } = await scenario({ sandbox, program, sample: every(step) })
      assert.ok(writes.length >= writesMin, `only ${writes.length} durable writes:\n${writes.join('\n')}`)
      assert.ok(ended >= 0.6 * tried, `only ${ended} of ${tried} runs came to their write`)
    })
  })
}

test.run()
