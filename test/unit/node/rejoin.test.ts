import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { nonceKey } from '../../../src/ledger/system-keys.js'
import { createRejoin, type RejoinDependencies } from '../../../src/node/rejoin.js'
import { lostGuard } from '../../../src/node/store/sign-guard.js'
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

/** A node without its guard, that asks one partner; what it asked for, and the chain that answers. */
function lostNode() {
  const chain = {
    scope: { genesis: '00', epoch: 0 },
    tip: { height: 7 },
    store: { state: new Map<string, { text: string }>() },
    rulebook: {
      partners: { partners: [{ id: 'self', incarnation: 0 }] },
      nextPartners: { partners: [{ id: 'self', incarnation: 0 }] }
    }
  }
  const asked: { incarnation: number; nonce: string }[] = []
  let again = (): void => {}
  const rejoin = createRejoin({
    chain,
    self: 'self',
    guard: lostGuard(new LedgerError('LOG_DAMAGED', 'lost')),
    sign: () => '',
    peers: {
      connected: () => ['other'],
      async request(_: string, { incarnation, nonce }: { incarnation: number; nonce: string }) {
        asked.push({ incarnation, nonce })
        return { type: 'rejoin', accepted: true, why: '' }
      }
    },
    timers: {
      set(_: number, work: () => void) {
        again = work
        return {}
      },
      clear() {}
    },
    renew: { nonce: () => `nonce ${asked.length}` },
    log: { info() {}, warn() {}, debug() {} },
    onRaised() {},
    onDone() {},
    fail() {}
  } as unknown as RejoinDependencies)
  return { rejoin, asked, chain, askAgain: () => again() }
}

test('a request that is decided is waited for', () => {
  const { rejoin, asked, chain, askAgain } = lostNode()
  rejoin.attend(false)
  chain.store.state.set(nonceKey('self'), { text: 'nonce 0' })
  chain.rulebook.nextPartners = { partners: [{ id: 'self', incarnation: 1 }] }
  rejoin.attend(false)
  askAgain()
  assert.equal(asked, [{ incarnation: 1, nonce: 'nonce 0' }])
})

test('an incarnation that the block of the request itself has raised once more is asked for anew', () => {
  const { rejoin, asked, chain, askAgain } = lostNode()
  rejoin.attend(false)
  chain.store.state.set(nonceKey('self'), { text: 'nonce 0' })
  chain.rulebook.nextPartners = { partners: [{ id: 'self', incarnation: 2 }] }
  rejoin.attend(false)
  askAgain()
  assert.equal(asked, [
    { incarnation: 1, nonce: 'nonce 0' },
    { incarnation: 3, nonce: 'nonce 1' }
  ])
})

test.run()
