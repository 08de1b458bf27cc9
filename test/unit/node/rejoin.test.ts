import * as assert from 'uvu/assert'
import { createRejoin, type RejoinDependencies } from '../../../src/node/rejoin.js'
import { suite } from '../../support/suite.js'

const test = suite('rejoin')

/** A node with a whole guard that has signed as an incarnation, on a chain that can be moved on to others. */
function nodeOf(signedAs: number, inForce: number) {
  const own = { id: 'self', incarnation: inForce }
  const partners = { partners: [own] }
  const raised: number[] = []
  const position = { epoch: 0, incarnation: signedAs, height: 3, round: 0, step: 'prevote' }
  const rejoin = createRejoin({
    chain: { rulebook: { partners, nextPartners: partners } },
    self: 'self',
    guard: { whole: true, lastVote: { position, message: '', signature: '' }, lastBatch: null },
    onRaised: () => raised.push(own.incarnation),
    onDone() {},
    fail() {}
  } as unknown as RejoinDependencies)
  return { rejoin, raised, own }
}

test('an incarnation that comes after the one signed in makes void what is under way, once', () => {
  const { rejoin, raised, own } = nodeOf(1, 1)
  rejoin.attend(false)
  assert.equal(raised, [], 'the one signed in is in force')
  own.incarnation = 2
  rejoin.attend(false)
  rejoin.attend(false)
  assert.equal(raised, [2])
})

test('a copy that is fetched anew comes by the incarnations that are past, and nothing becomes void', () => {
  const { rejoin, raised, own } = nodeOf(2, 0)
  for (const incarnation of [0, 1, 2]) {
    own.incarnation = incarnation
    rejoin.attend(true)
  }
  assert.equal(raised, [])
})

test.run()
