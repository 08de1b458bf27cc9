import * as assert from 'uvu/assert'
import { suite } from '../support/suite.js'
import { assertHeld } from './run-seeds.js'
import { simulate } from './simulation.js'

/** The other simulated runs use a stand-in for signatures; these few use Ed25519, and JSON for every message. */
const SEEDS = [1, 2, 3, 4, 5, 6]

const test = suite('simulated networks with real signatures', { timeoutMs: 60_000 })

for (const seed of SEEDS) {
  test(`seed ${seed}`, async () => {
    const result = await simulate(seed, { voters: 4, silent: 0, liars: seed % 2, records: 25, wire: true })
    assertHeld(result)
    assert.ok(result.height > 0 && result.isReal)
  })
}

test.run()
