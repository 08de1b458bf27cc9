import * as assert from 'uvu/assert'
import { executeBlock } from '../../../src/ledger/chain.js'
import { CHARGES_KEY, chargesIn } from '../../../src/ledger/charges.js'
import type { CheckedBatch } from '../../../src/ledger/execution.js'
import { proposerOrder } from '../../../src/ledger/proposer-order.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('charges')

const IDS = ['p1', 'p2', 'p3', 'p4']

/** Executes a block of an origin round after the tip; gives what it writes down of charges, null when nothing. */
function chargesOf(
  chain: ReturnType<typeof smallChain>,
  originRound: number,
  batches: readonly CheckedBatch[] = []
): string | null {
  const plan = { originRound, proposer: 'p1', time: chain.tip.time + 1000, batches }
  const { execution } = executeBlock(chain.rulebook(), chain.tip, chain.state, plan)
  return execution.writes.find(({ key }) => key === CHARGES_KEY)?.entry.text ?? null
}

test('a block of round 2 writes down the proposers of the rounds before, and the next order has them last', () => {
  const chain = smallChain(IDS)
  const order = proposerOrder(1, IDS, [])
  const text = chargesOf(chain, 2)
  assert.is(text, JSON.stringify(order.slice(0, 2)))
  chain.entries.set(CHARGES_KEY, { text: text ?? '' })
  assert.equal(proposerOrder(2, IDS, chargesIn(chain.state)).slice(-2), order.slice(0, 2))
})

test('a block of round 0 writes nothing down', () => {
  assert.is(chargesOf(smallChain(IDS), 0), null)
})

test('whoever has a batch in the block is charged no more', () => {
  const chain = smallChain(IDS)
  chain.entries.set(CHARGES_KEY, { text: '["p2","p3"]' })
  chain.commit([['p3', [chain.record('inspection', { vehicle: 'a', odometer: 1 })]]])
  assert.equal(chargesIn(chain.state), ['p2'])
})

test('charges count in the result of a block', () => {
  const results = [0, 1].map((originRound) => {
    const chain = smallChain(IDS)
    const plan = { originRound, proposer: 'p1', time: chain.tip.time + 1000, batches: [] }
    return executeBlock(chain.rulebook(), chain.tip, chain.state, plan).execution.resultHash
  })
  assert.is.not(results[0], results[1])
})

test.run()
