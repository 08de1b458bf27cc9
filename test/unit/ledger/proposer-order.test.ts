import * as fc from 'fast-check'
import * as assert from 'uvu/assert'
import { nextCharges, proposerOrder } from '../../../src/ledger/proposer-order.js'
import { suite } from '../../support/suite.js'

const test = suite('proposer order')
const voters = ['a', 'b', 'c', 'd']

test('voters take turns by height', () => {
  const firsts = [4, 5, 6, 7, 8].map((height) => proposerOrder(height, voters, [])[0])
  assert.equal(firsts, ['a', 'b', 'c', 'd', 'a'])
  assert.equal(proposerOrder(5, voters, []), ['b', 'c', 'd', 'a'])
})

test('charged voters stand at the end, the one charged last at the very end', () => {
  assert.equal(proposerOrder(4, voters, ['b', 'a']), ['c', 'd', 'b', 'a'])
  assert.equal(proposerOrder(5, voters, ['b', 'a']), ['d', 'c', 'b', 'a'])
})

test('when all are charged, all still propose', () => {
  assert.equal(proposerOrder(9, voters, ['d', 'b', 'a', 'c']), ['d', 'b', 'a', 'c'])
})

test('the order the voters are given in does not matter, nor do charges of others', () => {
  assert.equal(proposerOrder(6, ['d', 'b', 'a', 'c'], ['z', 'a']), proposerOrder(6, voters, ['a']))
})

test('a block of round 0 charges nobody', () => {
  assert.equal(nextCharges(['c'], { originRound: 0, order: voters, batchAuthors: [] }), ['c'])
})

test('a block of round r charges the proposers of the rounds before', () => {
  const order = ['c', 'a', 'd', 'b']
  assert.equal(nextCharges([], { originRound: 2, order, batchAuthors: ['b'] }), ['c', 'a'])
  assert.equal(nextCharges(['a', 'b'], { originRound: 2, order, batchAuthors: [] }), ['b', 'c', 'a'])
})

test('a batch of its own that commits frees a voter', () => {
  assert.equal(nextCharges(['a', 'b'], { originRound: 0, order: voters, batchAuthors: ['a', 'a'] }), ['b'])
  assert.equal(nextCharges([], { originRound: 1, order: voters, batchAuthors: ['a'] }), [])
})

test('after more rounds than voters, the last turns tell', () => {
  assert.equal(nextCharges([], { originRound: 6, order: voters, batchAuthors: [] }), ['c', 'd', 'a', 'b'])
  const huge = nextCharges([], { originRound: 2 ** 31 - 1, order: voters, batchAuthors: [] })
  assert.equal([...huge].sort(), voters)
})

test('the order is a permutation whatever the charges, and charges name nobody twice', async () => {
  const anyIds = fc.array(fc.constantFrom(...voters, 'z'), { maxLength: 6 })
  const anyBlock = fc.record({ originRound: fc.nat(12), batchAuthors: anyIds })
  await fc.assert(
    fc.property(fc.array(anyBlock, { maxLength: 8 }), (blocks) => {
      let charges: string[] = []
      for (const [index, block] of blocks.entries()) {
        const order = proposerOrder(index + 1, voters, charges)
        assert.equal([...order].sort(), voters)
        charges = nextCharges(charges, { ...block, order })
        assert.is(new Set(charges).size, charges.length)
      }
    }),
    { seed: 14, numRuns: 300 }
  )
})

test.run()
