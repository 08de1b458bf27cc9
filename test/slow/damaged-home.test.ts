import * as assert from 'uvu/assert'
import { type DamageCounts, outcomesOf, tryDamages } from '../support/damaged-home.js'
import { suite } from '../support/suite.js'

const test = suite('damaged homes, at many places', { timeoutMs: 10 * 60_000 })

const COUNTS: DamageCounts = { flips: 31, cuts: 9 }

for (const [name, partner] of [
  ['alone', 'p1'],
  ['rejoined', 'p3']
] as const) {
  test(`${name}: refused by a code with what to do, or all is served as before`, async () => {
    const tried = await tryDamages(name, partner, COUNTS)
    assert.ok(tried.length > 300, `${tried.length}`)
    assert.equal(outcomesOf(tried, /^store\//, /turned/), ['STORE_DAMAGED'])
    process.stdout.write(`${name}: ${tried.length} damages\n`)
  })
}

test.run()
