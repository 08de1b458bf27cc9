import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { buildCrashNode } from '../support/crash-points.js'
import {
  type CrashReport,
  type CrashScenario,
  crashAmongPartners,
  crashWhileFounding,
  crashWhileJoining,
  crashWhileWorking,
  every,
  twice
} from '../support/crash-scenarios.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('killed, or without power, at every durable write', { timeoutMs: 10 * 60_000 })

const SCENARIOS: readonly [string, (scenario: CrashScenario) => Promise<CrashReport>, CrashScenario['sample']][] = [
  ['while it is founded', crashWhileFounding, twice],
  ['while it appends alone', crashWhileWorking, twice],
  ['as one of three partners', crashAmongPartners, every(3)],
  ['while it joins', crashWhileJoining, every(3)]
]

for (const [name, scenario, sample] of SCENARIOS) {
  test(`${name}: nothing acknowledged is lost or doubled, and it goes on`, async () => {
    await withSandbox(async (sandbox) => {
      const program = await buildCrashNode(join(sandbox.directory, 'crash-node'))
      const { writes, tried, ended } = await scenario({ sandbox, program, sample })
      process.stdout.write(`${name}: ${ended} crashes, ${writes.length} durable writes\n`)
      assert.ok(ended >= 0.6 * tried, `only ${ended} of ${tried} runs came to their write`)
    })
  })
}

test.run()
