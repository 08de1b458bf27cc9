import * as assert from 'uvu/assert'
import { batchOrderProblem, execute } from '../../../src/ledger/execution.js'
import { stateRecord } from '../../../src/ledger/record-state.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('execution')

type Chain = ReturnType<typeof smallChain>

function inspection(chain: Chain, vehicle: string, odometer: number, unique?: string): string {
  return chain.record('inspection', { vehicle, odometer }, unique)
}

function codes(chain: Chain, texts: readonly string[], author = 'p1'): (string | null)[] {
  return chain.commit([[author, texts]]).executed.execution.verdicts[0]!.map((verdict) => verdict?.code ?? null)
}

test('a rule sees what stands before it in the same batch, and in blocks before', () => {
  const chain = smallChain()
  assert.equal(codes(chain, [inspection(chain, 'a', 10), inspection(chain, 'a', 9), inspection(chain, 'a', 11)]), [
    null,
    'RULE_BROKEN',
    null
  ])
  assert.equal(codes(chain, [inspection(chain, 'a', 10), inspection(chain, 'b', 1)]), ['RULE_BROKEN', null])
})

test('a refused record leaves no state, uses its place, and is in the history of its key', () => {
  const chain = smallChain()
  const { executed } = chain.commit([['p1', [inspection(chain, 'a', 10), inspection(chain, 'a', 9)]]])
  assert.is(stateRecord(chain.state.get('r:inspection["a"]')!).id, 'p1/0/0')
  assert.equal(
    executed.execution.entries.map(({ index, accepted }) => [index, accepted]),
    [
      [0, true],
      [1, false]
    ]
  )
})

test('each kind of bad record gets its code and the rest goes on', () => {
  const chain = smallChain()
  const texts = [
    'no json',
    '{"data":{},"object":"inspection","more":1}',
    chain.record('nothing', {}),
    chain.record('inspection', { vehicle: 'a' }),
    chain.record('note', { text: 'x', vehicle: 'unseen' }),
    chain.record('note', { text: 'about nobody' }),
    inspection(chain, 'a', 1)
  ]
  assert.equal(codes(chain, texts), [
    'MALFORMED',
    'MALFORMED',
    'UNKNOWN_OBJECT',
    'SCHEMA',
    'REFERENCE_MISSING',
    null,
    null
  ])
})

test('a record that is not canonical is malformed, however harmless it looks', () => {
  const chain = smallChain()
  const text = '{"data":{"odometer":1,"vehicle":"a"}, "object":"inspection"}'
  assert.equal(codes(chain, [text, text.replace(', ', ',')]), ['MALFORMED', null])
})

test('unique: the second of an author is a duplicate, also of a refused one; other authors have their own', () => {
  const chain = smallChain(['p1', 'p2'])
  assert.equal(codes(chain, [inspection(chain, 'a', 5, 'k1'), inspection(chain, 'a', 4, 'k2')]), [null, 'RULE_BROKEN'])
  assert.equal(codes(chain, [inspection(chain, 'a', 6, 'k1'), inspection(chain, 'a', 7, 'k2')]), [
    'DUPLICATE',
    'DUPLICATE'
  ])
  assert.equal(codes(chain, [inspection(chain, 'a', 8, 'k1')], 'p2'), [null])
  assert.is(chain.state.get('u:p1/inspection/"k1"')?.text, 'p1/0/0')
})

test('a partner without the right, or not active yet, is refused and its sequence is used up', () => {
  const chain = smallChain(['p1', 'p2'])
  const set = chain.set
  const partners = set.partners.map((partner) => (partner.id === 'p2' ? { ...partner, role: 'reader' } : partner))
  chain.setNext({ ...set, partners })
  chain.commit([['p1', [inspection(chain, 'a', 1)]]])
  chain.setNext({ ...set, partners: partners.map((p) => (p.id === 'p2' ? { ...p, state: 'pending' as const } : p)) })
  assert.equal(codes(chain, [inspection(chain, 'a', 2)], 'p2'), ['NOT_PERMITTED'])
  assert.equal(codes(chain, [inspection(chain, 'a', 3)], 'p2'), ['NOT_PERMITTED'])
  assert.is(chain.state.get('s:p2')?.text, '0 2')
})

for (const state of ['suspended', 'removed'] as const) {
  test(`a batch of a partner that is ${state} stands in no block`, () => {
    const chain = smallChain(['p1', 'p2'])
    const { batches } = chain.commit([['p2', [inspection(chain, 'a', 1)]]])
    const next = [{ header: { ...batches[0]!.header, sequence: 1 } }]
    assert.is(batchOrderProblem(chain.rulebook(), chain.state, next), null)
    const { set } = chain
    chain.setNext({ ...set, partners: set.partners.map((p) => (p.id === 'p2' ? { ...p, state } : p)) })
    chain.commit([['p1', [inspection(chain, 'a', 2)]]])
    assert.match(batchOrderProblem(chain.rulebook(), chain.state, next) ?? '', new RegExp(`p2 is ${state}`))
    assert.throws(() => chain.commit([['p2', [inspection(chain, 'a', 3)]]]))
  })
}

test('batches must be contiguous and in sequence', () => {
  const chain = smallChain(['p1', 'p2'])
  const first = chain.commit([['p1', [inspection(chain, 'a', 1)]]]).batches[0]!
  const order = (...headers: { author: string; sequence: number; incarnation?: number }[]): string | null =>
    batchOrderProblem(
      chain.rulebook(),
      chain.state,
      headers.map((header) => ({ header: { ...first.header, ...header } }))
    )
  assert.is(order({ author: 'p1', sequence: 1 }, { author: 'p1', sequence: 2 }, { author: 'p2', sequence: 0 }), null)
  assert.match(order({ author: 'p1', sequence: 0 }) ?? '', /0 stands where 1 is next/)
  assert.match(order({ author: 'p1', sequence: 2 }) ?? '', /2 stands where 1 is next/)
  assert.match(order({ author: 'p1', sequence: 1, incarnation: 1 }) ?? '', /incarnation 1/)
  assert.match(order({ author: 'p3', sequence: 0 }) ?? '', /no partner/)
  const split = order({ author: 'p1', sequence: 1 }, { author: 'p2', sequence: 0 }, { author: 'p1', sequence: 2 })
  assert.match(split ?? '', /do not stand together/)
})

test('the result hash depends on every write and on what came before', () => {
  const run = (odometer: number, previous: string): string => {
    const chain = smallChain()
    const { batches } = chain.commit([['p1', [inspection(chain, 'a', odometer)]]])
    const fresh = smallChain()
    const block = { height: 1, time: 1, originRound: 0 }
    return execute(fresh.rulebook(), fresh.state, previous, block, batches).resultHash
  }
  const before = 'ab'.repeat(32)
  assert.is(run(1, before), run(1, before))
  assert.is.not(run(1, before), run(1, 'cd'.repeat(32)))
})

test('a decoded state and a fresh one give the same verdicts: memos carry nothing of their own', () => {
  const chain = smallChain()
  chain.commit([['p1', [inspection(chain, 'a', 10)]]])
  for (const [key, { text }] of chain.entries) chain.entries.set(key, { text })
  assert.equal(codes(chain, [inspection(chain, 'a', 9), inspection(chain, 'a', 10)]), ['RULE_BROKEN', null])
})

test.run()
