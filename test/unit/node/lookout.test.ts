import * as assert from 'uvu/assert'
import { initialState } from '../../../src/consensus/state.js'
import type { SignedVote } from '../../../src/consensus/types.js'
import { foundingSet } from '../../../src/ledger/partner-set.js'
import type { Chain } from '../../../src/node/chain.js'
import { silentLogger } from '../../../src/node/log.js'
import { createLookout } from '../../../src/node/lookout.js'
import { createMempool } from '../../../src/node/mempool.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('what a node sees of others')

const small = smallChain(['p1', 'p2', 'p3', 'p4'])
const VOTE: SignedVote = {
  block: null,
  height: 1,
  incarnation: 0,
  kind: 'prevote',
  round: 0,
  signature: '0'.repeat(128),
  voter: 'p1'
}

/** The lookout of p1, at whom nothing has moved for a minute; p4 is an observer. */
function lookoutOfOne() {
  let now = small.tip.time + 1
  const set = foundingSet(small.genesis.genesis)
  const partners = { ...set, partners: set.partners.map((one) => (one.id === 'p4' ? { ...one, voter: false } : one)) }
  const chain = {
    tip: { ...small.tip, height: 0 },
    rulebook: { ...small.rulebook(), partners },
    store: { state: small.state }
  } as unknown as Chain
  const others = ['p2', 'p3', 'p4']
  const lookout = createLookout({
    chain,
    self: 'p1',
    mempool: createMempool(),
    driver: () => ({
      state: initialState(),
      blockOf: () => null,
      missing: () => [],
      isActive: true,
      hasBlockToMake: () => true
    }),
    connected: () => others,
    heightOf: () => 0,
    syncing: () => false,
    rejoining: () => false,
    rejoinWhy: () => null,
    asking: () => 0,
    now: () => now,
    log: silentLogger
  })
  lookout.stalled()
  now += 60_000
  return lookout
}

test('what voters object to is told, and what an observer says is not', () => {
  const lookout = lookoutOfOne()
  lookout.onObjection('p2', 0, 'its word')
  lookout.onObjection('p4', 0, 'a word of no vote')
  const told = JSON.stringify(lookout.stalled()?.causes)
  assert.match(told, 'its word')
  assert.not.match(told, 'a word of no vote')
})

test('the reason of an own prevote is said again whenever the vote is', () => {
  const lookout = lookoutOfOne()
  assert.is(lookout.reasonOf(VOTE, 'why it is nil'), 'why it is nil')
  assert.is(lookout.reasonOf(VOTE, null), 'why it is nil')
  assert.is(lookout.reasonOf({ ...VOTE, round: 1 }, null), null)
  lookout.committed([])
  assert.is(lookout.reasonOf(VOTE, null), null)
})

test.run()
