import * as assert from 'uvu/assert'
import { commitHash, firstSeedOf } from '../simulation/commit-seeds.js'
import { quartersInTurn, RUNS_MIN, seedsOfQuarter } from '../simulation/fixed-seeds.js'
import { runSeeds } from '../simulation/run-seeds.js'
import { useStandInSignatures } from '../simulation/use-stand-in-signatures.js'
import { suite } from '../support/suite.js'

useStandInSignatures()
const { simulate } = await import('../simulation/simulation.js')

/** On from where the quick tests of this commit end. */
const OF_COMMIT = { from: firstSeedOf(commitHash()) + 250, count: 200, runsMin: 120, cpuMsMax: 100_000 }

const test = suite('many simulated networks', { timeoutMs: 18 * 60_000 })

for (const quarter of quartersInTurn([0, 1])) {
  test(`all promises hold under the fixed seeds, quarter ${quarter}`, async () => {
    const { runs } = await runSeeds(simulate, seedsOfQuarter(quarter))
    assert.ok(runs >= RUNS_MIN, `only ${runs} runs`)
  })
}

test('all promises hold under the seeds of this commit', async () => {
  const sums = await runSeeds(simulate, OF_COMMIT)
  assert.ok(sums.runs >= OF_COMMIT.runsMin, `only ${sums.runs} runs`)
})

test.run()
