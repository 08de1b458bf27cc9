import * as assert from 'uvu/assert'
import { signer } from '../../../src/base/crypto.js'
import { initialState } from '../../../src/consensus/state.js'
import type { Input, SignedVote } from '../../../src/consensus/types.js'
import { type VoteKind, voteBytes } from '../../../src/ledger/vote.js'
import type { Chain } from '../../../src/node/chain.js'
import { createInbound } from '../../../src/node/inbound.js'
import type { PeerMessage } from '../../../src/node/peers.js'
import { seedOf, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('inbound')

const small = smallChain(['p1', 'p2', 'p3', 'p4'])

function voteOf(voter: string, block: string | null, more: { kind?: VoteKind; height?: number } = {}): SignedVote {
  const vote = { block, height: 1, incarnation: 0, kind: 'prevote', round: 2, voter, ...more } as const
  return { ...vote, signature: signer(seedOf(voter))(voteBytes(small.scope, vote)) }
}

function inboundOfOne() {
  let height = 0
  const objections: string[] = []
  const forgers: string[] = []
  const fed: Input[] = []
  const genuine: [from: string, message: PeerMessage][] = []
  const chain = {
    rulebook: small.rulebook(),
    get tip() {
      return { ...small.tip, height }
    }
  } as unknown as Chain
  const inbound = createInbound({
    chain,
    driver: { feed: (input) => fed.push(input), learn: () => {}, state: initialState() },
    onGenuine: (from, message) => genuine.push([from, message]),
    onObjection: (voter, round, reason) => objections.push(`${voter} ${round} ${reason}`),
    onForged: (partner) => forgers.push(partner),
    onAhead: () => {},
    onForeignEpoch: () => {}
  })
  return {
    inbound,
    objections,
    forgers,
    fed,
    genuine,
    commit(): void {
      height++
      inbound.committed()
    }
  }
}

test('a reason counts when the voter gives it itself, beside a nil prevote that it signed', () => {
  const { inbound, objections, fed } = inboundOfOne()
  inbound.take('p2', { type: 'vote', vote: voteOf('p2', null), reason: 'its own word' })
  assert.equal(objections, ['p2 2 its own word'])
  assert.is(fed.length, 1)
})

const ignored: readonly (readonly [name: string, from: string, vote: SignedVote, isCounted: boolean])[] = [
  ['what one partner says in the name of another', 'p4', voteOf('p2', null), true],
  ['a reason beside a vote for a block', 'p2', voteOf('p2', 'ab'.repeat(32)), true],
  ['a reason beside a precommit', 'p2', voteOf('p2', null, { kind: 'precommit' }), true],
  ['a reason beside a vote that is not signed', 'p2', { ...voteOf('p2', null), signature: '0'.repeat(128) }, false]
]

for (const [name, from, vote, isCounted] of ignored) {
  test(`${name} is no objection`, () => {
    const { inbound, objections, fed } = inboundOfOne()
    inbound.take(from, { type: 'vote', vote, reason: 'a word' })
    assert.equal(objections, [])
    assert.is(fed.length, isCounted ? 1 : 0)
  })
}

test('of what came early of a partner only that is told which it signed', () => {
  const { inbound } = inboundOfOne()
  const good = voteOf('p2', null, { height: 2 })
  inbound.take('p4', { type: 'vote', vote: { ...good, round: 3 }, reason: null })
  inbound.take('p4', { type: 'vote', vote: good, reason: null })
  assert.equal(inbound.earlyOf('p2'), [{ type: 'vote', vote: good, reason: null }])
  assert.is(inbound.early(), 2)
})

test('what comes early counts once its height has come, and only from the voter itself', () => {
  const { inbound, objections, commit } = inboundOfOne()
  inbound.take('p2', { type: 'vote', vote: voteOf('p2', null, { height: 2 }), reason: 'early' })
  inbound.take('p4', { type: 'vote', vote: voteOf('p3', null, { height: 2 }), reason: 'early and forged' })
  assert.equal(objections, [])
  commit()
  assert.equal(objections, ['p2 2 early'])
})

test('who sends a signature that does not hold is told of, and nobody else', () => {
  const { inbound, forgers, fed, commit } = inboundOfOne()
  const forged = { ...voteOf('p2', null), signature: '0'.repeat(128) }
  inbound.take('p4', { type: 'vote', vote: forged, reason: null })
  assert.equal(forgers, ['p4'])
  // Of somebody unknown here, or of another incarnation, nobody can say what is right.
  inbound.take('p4', { type: 'vote', vote: { ...forged, voter: 'p9' }, reason: null })
  inbound.take('p4', { type: 'vote', vote: { ...forged, incarnation: 1 }, reason: null })
  inbound.take('p3', { type: 'vote', vote: voteOf('p2', null), reason: null })
  assert.equal(forgers, ['p4'])
  assert.is(fed.length, 1)
  inbound.take('p3', { type: 'vote', vote: { ...forged, height: 2 }, reason: null })
  commit()
  assert.equal(forgers, ['p4', 'p3'])
})

test('what is genuine and was not here is handed on: who brought it, and nothing that is not signed', () => {
  const { inbound, genuine, commit } = inboundOfOne()
  const vote = voteOf('p2', null)
  inbound.take('p4', { type: 'vote', vote, reason: 'a word' })
  inbound.take('p4', { type: 'vote', vote: { ...vote, signature: '0'.repeat(128) }, reason: null })
  assert.equal(genuine, [['p4', { type: 'vote', vote, reason: null }]])
  const later = voteOf('p3', null, { height: 2 })
  inbound.take('p3', { type: 'vote', vote: later, reason: null })
  assert.is(genuine.length, 1)
  commit()
  assert.equal(genuine[1], ['p3', { type: 'vote', vote: later, reason: null }])
})

test.run()
