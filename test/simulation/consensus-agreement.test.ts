import * as assert from 'uvu/assert'
import { quorumOf } from '../../src/ledger/quorum.js'
import { suite } from '../support/suite.js'
import { type NetworkOptions, type NetworkResult, runNetwork } from './consensus-network.js'

const test = suite('consensus: agreement in whole networks', { timeoutMs: 60_000 })

/** No two honest voters decide differently, every certificate verifies, and evidence names no honest voter. */
function assertSafe(options: NetworkOptions, result: NetworkResult): void {
  const { voters, rule = 'two-thirds', liars = 0 } = options
  const blocks = new Map<number, string>()
  for (const certificates of result.decided.values()) {
    for (const { height, block, votes } of certificates) {
      const known = blocks.get(height) ?? block
      assert.is(block, known, `seed ${options.seed}: height ${height} is decided alike`)
      blocks.set(height, block)
      const signers = new Set(votes.map((vote) => vote.voter))
      assert.ok(signers.size === votes.length && signers.size >= quorumOf(voters, rule), `seed ${options.seed}: quorum`)
    }
  }
  const named = new Set(result.evidence.map((found) => found.voter))
  for (const id of result.honest) assert.not(named.has(id), `seed ${options.seed}: evidence names honest ${id}`)
  if (liars === 0) assert.is(result.evidence.length, 0)
}

function assertAllDecided({ seed, heights = 2 }: NetworkOptions, result: NetworkResult): void {
  for (const [id, certificates] of result.decided) {
    assert.is(certificates.length, heights, `seed ${seed}: ${id} has decided every height`)
  }
}

const networks: Omit<NetworkOptions, 'seed'>[] = [
  { voters: 1 },
  { voters: 2 },
  { voters: 3, rule: 'majority', silent: 1 },
  { voters: 4 },
  { voters: 4, liars: 1 },
  { voters: 4, silent: 1 },
  { voters: 7, liars: 2 },
  { voters: 7, liars: 1, silent: 1 },
  { voters: 13, liars: 4, heights: 1, healMs: 15_000 }
]
for (const network of networks) {
  const { voters, liars = 0, silent = 0, rule = 'two-thirds' } = network
  test(`${voters} voters (${rule}), ${liars} lying, ${silent} silent: they agree, and decide once healed`, () => {
    const runs = voters > 7 ? 2 : 12
    let crashes = 0
    let roundMax = 0
    for (let seed = 1; seed <= runs; seed++) {
      const options = { ...network, seed }
      const result = runNetwork(options)
      assertSafe(options, result)
      assertAllDecided(options, result)
      crashes += result.crashes
      roundMax = Math.max(roundMax, result.roundMax)
    }
    if (voters >= 4 && voters <= 7) assert.ok(crashes > 0 && roundMax > 1, 'the schedules are hostile')
  })
}

test('with more than f silent nothing is decided, and nothing forks', () => {
  for (let seed = 1; seed <= 3; seed++) {
    const options = { seed, voters: 4, silent: 2, endMs: 120_000 }
    const result = runNetwork(options)
    assertSafe(options, result)
    for (const certificates of result.decided.values()) assert.is(certificates.length, 0)
  }
})

test('the same seed gives the same run', () => {
  const options = { seed: 5, voters: 4, liars: 1 }
  assert.equal(runNetwork(options), runNetwork(options))
})

test.run()
