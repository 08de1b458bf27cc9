import * as assert from 'uvu/assert'
import { startedState } from '../../../src/consensus/state.js'
import { TIMEOUTS_DEFAULT, timeoutMs } from '../../../src/consensus/timeouts.js'
import type { StartHeight } from '../../../src/consensus/types.js'
import type { QuorumRule } from '../../../src/ledger/network-definition.js'
import { faultsOf, quorumOf, quorumPromise } from '../../../src/ledger/quorum.js'
import { suite } from '../../support/suite.js'
import { startOf } from '../consensus/machine.js'

const quorum = suite('consensus: quorum')

// n, then Q and f under two-thirds, then Q and f under majority
const table: [number, number, number, number, number][] = [
  [1, 1, 0, 1, 0],
  [2, 2, 0, 2, 0],
  [3, 3, 0, 2, 1],
  [4, 3, 1, 3, 1],
  [5, 4, 1, 3, 2],
  [6, 5, 1, 4, 2],
  [7, 5, 2, 4, 3],
  [10, 7, 3, 6, 4],
  [13, 9, 4, 7, 6]
]
for (const [voters, thirds, thirdsFaults, majority, majorityFaults] of table) {
  quorum(`of ${voters}`, () => {
    assert.equal([quorumOf(voters, 'two-thirds'), faultsOf(voters, 'two-thirds')], [thirds, thirdsFaults])
    assert.equal([quorumOf(voters, 'majority'), faultsOf(voters, 'majority')], [majority, majorityFaults])
  })
}

quorum('two quorums share more voters than may lie, for every number of voters', () => {
  for (let voters = 1; voters <= 128; voters++) {
    for (const rule of ['two-thirds', 'majority'] as QuorumRule[]) {
      const promise = quorumPromise(voters, rule)
      assert.ok(2 * promise.quorum - voters > promise.liars, `${voters} ${rule}`)
      assert.ok(voters - promise.silent >= promise.quorum, `${voters} ${rule}`)
    }
  }
})

quorum('fewer than four voters withstand nothing under two-thirds; a majority never withstands a liar', () => {
  for (const voters of [1, 2, 3]) {
    assert.equal([quorumPromise(voters, 'two-thirds').liars, quorumPromise(voters, 'two-thirds').silent], [0, 0])
  }
  assert.equal(quorumPromise(4, 'two-thirds'), { voters: 4, rule: 'two-thirds', quorum: 3, liars: 1, silent: 1 })
  assert.equal(quorumPromise(3, 'majority'), { voters: 3, rule: 'majority', quorum: 2, liars: 0, silent: 1 })
})

quorum('needs 1 to 128 voters', () => {
  for (const voters of [0, -1, 1.5, 129]) assert.throws(() => quorumOf(voters, 'majority'), '1 to 128')
})

quorum.run()

const timeouts = suite('consensus: timeouts')

timeouts('grow linearly with the round, to a cap', () => {
  const settings = { ...TIMEOUTS_DEFAULT, prevote: { firstMs: 100, growthMs: 50, capMs: 220 } }
  const found = [0, 1, 2, 3, 1_000_000].map((round) => timeoutMs(settings, 'prevote', round))
  assert.equal(found, [100, 150, 200, 220, 220])
})

timeouts('the caps leave time to move one largest batch at 128 kbit/s', () => {
  const transferMs = (512 * 1024 * 8 * 1000) / 128_000
  for (const { capMs } of Object.values(TIMEOUTS_DEFAULT)) assert.ok(capMs > transferMs * 1.5)
})

timeouts.run()

const start = suite('consensus: the start of a height')

const wrong: [name: string, change: Partial<StartHeight>][] = [
  ['a height below 1', { height: 0 }],
  ['a first round below 0', { round: -1 }],
  ['no voters', { voters: [], order: [], quorum: 0, faults: 0 }],
  ['a voter twice', { voters: [...startOf().voters.slice(0, 3), { id: 'a', incarnation: 1 }] }],
  ['an order with somebody else', { order: ['a', 'b', 'c', 'z'] }],
  ['an order with a voter twice', { order: ['a', 'b', 'c', 'c'] }],
  ['an order without a voter', { order: ['a', 'b', 'c'] }],
  ['a quorum of half the voters', { quorum: 2, faults: 2 }],
  ['a quorum of more than all', { quorum: 5, faults: -1 }],
  ['faults that do not fit', { faults: 2 }]
]
for (const [name, change] of wrong) {
  start(`refuses ${name}`, () => {
    assert.throws(
      () => startedState({ ...startOf(), ...change }),
      (error: { code?: string }) => error.code === 'INVARIANT'
    )
  })
}

start.run()
