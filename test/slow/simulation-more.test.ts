import * as assert from 'uvu/assert'
import { quartersInTurn, RUNS_MIN, seedsOfQuarter } from '../simulation/fixed-seeds.js'
import { assertHeld, runSeeds } from '../simulation/run-seeds.js'
import { useStandInSignatures } from '../simulation/use-stand-in-signatures.js'
import { suite } from '../support/suite.js'

useStandInSignatures()
const { simulate } = await import('../simulation/simulation.js')

const test = suite('more simulated networks', { timeoutMs: 18 * 60_000 })

for (const quarter of quartersInTurn([2, 3])) {
  test(`all promises hold under the fixed seeds, quarter ${quarter}`, async () => {
    const { runs } = await runSeeds(simulate, seedsOfQuarter(quarter))
    assert.ok(runs >= RUNS_MIN, `only ${runs} runs`)
  })
}

test('thirteen voters under all kinds of faults', async () => {
  for (let seed = 1; seed <= 8; seed++) assertHeld(await simulate(seed, { voters: 13, silent: 0 }))
})

test('liars of every kind', async () => {
  for (let seed = 1; seed <= 30; seed++)
    assertHeld(await simulate(seed, { voters: 7, silent: 0, liars: 2, fragile: 0, gone: 0 }))
})

test.run()
