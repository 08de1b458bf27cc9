import * as assert from 'uvu/assert'
import { commitHash, firstSeedOf } from '../simulation/commit-seeds.js'
import { assertHeld, runSeeds } from '../simulation/run-seeds.js'
import { useStandInSignatures } from '../simulation/use-stand-in-signatures.js'
import { suite } from '../support/suite.js'

useStandInSignatures()
const { simulate } = await import('../simulation/simulation.js')

/**
 * On from where the quick tests end, and of this commit: two thousand in all. A run takes about a quarter of a second of
 * processor time, so the caps are for machines that are half as fast; the least are those without which this would show
 * too little.
 */
const FIXED = { from: 10_001, count: 1_800, runsMin: 1_000, cpuMsMax: 640_000 }
const OF_COMMIT = { from: firstSeedOf(commitHash()) + 250, count: 200, runsMin: 120, cpuMsMax: 140_000 }

const test = suite('many simulated networks', { timeoutMs: 18 * 60_000 })

test('all promises hold under the fixed seeds', async () => {
  const sums = await runSeeds(simulate, FIXED)
  assert.ok(sums.runs >= FIXED.runsMin, `only ${sums.runs} runs`)
})

test('all promises hold under the seeds of this commit', async () => {
  const sums = await runSeeds(simulate, OF_COMMIT)
  assert.ok(sums.runs >= OF_COMMIT.runsMin, `only ${sums.runs} runs`)
})

test('thirteen voters under all kinds of faults', async () => {
  for (let seed = 1; seed <= 8; seed++) assertHeld(await simulate(seed, { voters: 13, silent: 0 }))
})

test('liars of every kind', async () => {
  for (let seed = 1; seed <= 30; seed++)
    assertHeld(await simulate(seed, { voters: 7, silent: 0, liars: 2, fragile: 0, gone: 0 }))
})

test.run()
