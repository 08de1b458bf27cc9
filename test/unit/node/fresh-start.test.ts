import * as assert from 'uvu/assert'
import type { LedgerError } from '../../../src/base/errors.js'
import type { PartnerSet } from '../../../src/ledger/partner-set.js'
import { freshStartFrom, isNeededByAll, witnessesOf } from '../../../src/node/fresh-start.js'
import type { KnownAnswer } from '../../../src/node/peers.js'
import { setOf } from '../../support/membership-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('where a node begins anew that is needed by all')

const TIP = { height: 7, hash: '', resultHash: '', time: 0, history: { size: 7, peaks: [] } }

function chainOf(partners: PartnerSet, nextPartners = partners): Parameters<typeof freshStartFrom>[0] {
  return { tip: TIP, rulebook: { partners, nextPartners } } as unknown as Parameters<typeof freshStartFrom>[0]
}

function vote(height: number, round: number): KnownAnswer['messages'][number] {
  const body = { block: null, height, incarnation: 0, kind: 'prevote', round, voter: 'a' } as const
  return { type: 'vote', vote: { ...body, signature: '' } }
}

/** What a partner says that stands where this node stands. */
function answer(round: number, more: Partial<KnownAnswer> = {}): KnownAnswer {
  return { type: 'known', signature: '', height: 7, round, since: 0, messages: [], batch: null, ...more }
}

const PAIR = setOf('a', 'b')
const TRIO = setOf('a', 'b', 'c')

interface Case {
  readonly name: string
  readonly chain?: ReturnType<typeof chainOf>
  readonly answers: Readonly<Record<string, KnownAnswer>>
  /** First round at height 8; null: nowhere yet. */
  readonly round: number | null
}

const cases: Case[] = [
  { name: 'two rounds after the latest of the others', answers: { b: answer(0), c: answer(3) }, round: 5 },
  {
    name: 'and after the own messages they show',
    answers: { b: answer(1), c: answer(1, { messages: [vote(8, 2)] }) },
    round: 4
  },
  {
    name: 'own messages of the next height, in a round that it may have been in',
    answers: { b: answer(1), c: answer(1, { messages: [vote(9, 0)] }) },
    round: 3
  },
  { name: 'one has not answered', answers: { b: answer(0) }, round: null },
  {
    name: 'one is behind: it may have forgotten more',
    answers: { b: answer(0), c: answer(0, { height: 6 }) },
    round: null
  },
  { name: 'one is ahead', answers: { b: answer(0), c: answer(0, { height: 8 }) }, round: null },
  { name: 'one cannot tell what it signed', answers: { b: answer(0), c: answer(4, { since: null }) }, round: null },
  {
    name: 'one began anew itself, the other remembers all',
    answers: { b: answer(0), c: answer(4, { since: 4 }) },
    round: 6
  },
  {
    name: 'nobody remembers all of the height',
    answers: { b: answer(2, { since: 2 }), c: answer(4, { since: 4 }) },
    round: null
  },
  { name: 'of two, the other remembers all', chain: chainOf(PAIR), answers: { b: answer(0) }, round: 2 },
  { name: 'of two, the other began anew', chain: chainOf(PAIR), answers: { b: answer(2, { since: 2 }) }, round: null },
  {
    name: 'who votes from the next height on has to answer too',
    chain: chainOf(PAIR, TRIO),
    answers: { b: answer(0) },
    round: null
  },
  {
    name: 'and is no witness of this height',
    chain: chainOf(PAIR, TRIO),
    answers: { b: answer(2, { since: 2 }), c: answer(0) },
    round: null
  },
  {
    name: 'all of both sets have answered',
    chain: chainOf(PAIR, TRIO),
    answers: { b: answer(0), c: answer(0) },
    round: 2
  }
]

for (const { name, chain = chainOf(TRIO), answers, round } of cases) {
  test(name, () => {
    const start = freshStartFrom(chain, 'a', new Map(Object.entries(answers)))
    assert.equal(start, round === null ? null : { height: 8, round })
  })
}

test('own messages of where no former self can have been: another node uses this key', () => {
  for (const message of [vote(10, 0), vote(9, 2)]) {
    const answers = new Map([['b', answer(0, { messages: [message] })]])
    let code = ''
    try {
      freshStartFrom(chainOf(PAIR), 'a', answers)
    } catch (error) {
      code = (error as LedgerError).code
    }
    assert.is(code, 'SIGN_REFUSED')
  }
})

test('it is only for those without whom nothing is decided, and who are not alone', () => {
  const needed = (partners: PartnerSet, self = 'a'): boolean => isNeededByAll(chainOf(partners), self)
  assert.equal(
    [setOf('a'), PAIR, TRIO, setOf('a', 'b', 'c', 'd')].map((set) => needed(set)),
    [false, true, true, false]
  )
  assert.equal(
    [PAIR, TRIO].map((set) => needed({ ...set, quorum: 'majority' })),
    [true, false]
  )
  assert.is(needed(PAIR, 'z'), false)
  assert.equal(witnessesOf(chainOf(PAIR, TRIO), 'a'), ['b', 'c'])
})

test.run()
