import * as assert from 'uvu/assert'
import { type DamageCounts, outcomesOf, tryDamages } from '../support/damaged-home.js'
import { suite } from '../support/suite.js'

const test = suite('a damaged home', { timeoutMs: 120_000 })

/** For each file; test/slow tries many more. */
const COUNTS: DamageCounts = { flips: 2, cuts: 2 }

test('of a partner alone: refused by a code with what to do, or all is served as before', async () => {
  const tried = await tryDamages('alone', 'p1', COUNTS)
  assert.equal(outcomesOf(tried, /^key$/, /gone|turned/), ['KEY_FILE'])
  assert.equal(outcomesOf(tried, /^(log\/.*|sign-guard)$/, /gone|turned/), ['LOG_DAMAGED'])
  assert.equal(outcomesOf(tried, /^store\//, /turned/), ['STORE_DAMAGED'])
  assert.equal(outcomesOf(tried, /^store\/.*(ldb|CURRENT|MANIFEST-\d+)$/), ['STORE_DAMAGED'])
  assert.equal(outcomesOf(tried, /^(genesis|partner)\.json$/, /gone/), ['STORE_DAMAGED'])
})

test('of a partner among others: what they can give back is no reason to stop', async () => {
  const tried = await tryDamages('rejoined', 'p2', COUNTS)
  assert.equal(outcomesOf(tried, /^(log\/.*|sign-guard|peers\.json|invitation\.json)$/), ['harmless'])
  assert.equal(outcomesOf(tried, /^key$/, /gone|turned/), ['KEY_FILE'])
  assert.equal(outcomesOf(tried, /^store\//, /turned/), ['STORE_DAMAGED'])
  assert.equal(outcomesOf(tried, /^store\/.*(ldb|CURRENT|MANIFEST-\d+)$/), ['STORE_DAMAGED'])
})

test.run()
