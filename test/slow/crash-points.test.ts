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
  every
} from '../support/crash-scenarios.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

/** CRASH_POINTS=all ends each scenario at every write in every way; else a sample of both. Takes about an hour. */
const ALL = process.env.CRASH_POINTS === 'all'

const test = suite('killed, or without power, at durable writes', { timeoutMs: (ALL ? 120 : 10) * 60_000 })

const SCENARIOS: readonly [string, (scenario: CrashScenario) => Promise<CrashReport>, CrashScenario['sample']][] = [
  ['while it is founded', crashWhileFounding, every(4)],
  ['while it appends alone', crashWhileWorking, every(4)],
  ['as one of three partners', crashAmongPartners, every(12)],
  ['while it joins', crashWhileJoining, every(12)]
]

for (const [name, scenario, sample] of SCENARIOS) {
  test(`${name}: nothing acknowledged is lost or doubled, and it goes on`, async () => {
    await withSandbox(async (sandbox) => {
      const program = await buildCrashNode(join(sandbox.directory, 'crash-node'))
      const { writes, tried, ended } = await scenario({ sandbox, program, sample: ALL ? (points) => points : sample })
      process.stdout.write(`${name}: ${ended} crashes of ${tried} tried, ${writes.length} durable writes\n`)
      // How many writes there are hangs on how quick the machine is: where blocks are larger the last ones never come.
      assert.ok(ended >= 0.4 * tried, `only ${ended} of ${tried} runs came to their write`)
    })
  })
}

test.run()
