import * as assert from 'uvu/assert'
import { amendmentTally } from '../../../src/ledger/amendment-judge.js'
import { amendmentIn } from '../../../src/ledger/amendment-state.js'
import { amendedByIn, standingRecord } from '../../../src/ledger/standing-record.js'
import { governanceChain, type Said } from '../../support/governance-chain.js'
import {
  amended,
  approval,
  chainOf,
  changeFile,
  network,
  newest,
  PARTNERS,
  stateOf,
  visit
} from '../../support/kept-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('amended records')

test('who wrote a record amends it: rules and references see the amendment, and what stood before is known', () => {
  const chain = chainOf('amend: { by: own }')
  chain.say('d1', visit(1, 100), visit(2, 46_427_0), visit(3, 46_427_1))
  assert.equal(chain.say('d2', amended('d1/0/1', visit(2, 46_427))), [
    'NOT_PERMITTED: only d1, who wrote d1/0/1, may amend it'
  ])
  assert.equal(chain.say('d1', amended('d1/0/1', visit(2, 99))), ['RULE_BROKEN: odometer 99 is lower than 100'])
  assert.match(
    chain.say('d1', amended('d1/0/1', visit(2, 464_272)))[0] ?? '',
    /^RULE_BROKEN: d1.*odometer 464271 is lower/
  )
  assert.equal(chain.say('d1', amended('d1/0/1', visit(2, 46_427))), ['accepted'])
  assert.equal(chain.say('d1', amended('d1/0/2', visit(3, 46_500))), ['accepted'])
  assert.is(newest(chain)?.odometer, 46_500)
  assert.equal(chain.say('d2', visit(4, 46_501)), ['accepted'])
  assert.is(amendedByIn(stateOf(chain), 'visit', 'd1/0/1'), 'd1/3/0')
  assert.match(
    chain.say('d1', amended('d1/0/1', visit(2, 46_000)))[0] ?? '',
    /^REFERENCE_MISSING: d1\/0\/1 was amended by d1\/3\/0/
  )
  assert.equal(chain.say('d1', amended('d1/3/0', visit(2, 46_000))), ['accepted'])
  for (const id of ['d1/9/9', 'd1/1/0', 'd2/0/0']) {
    const [said = ''] = chain.say(id.startsWith('d2') ? 'd2' : 'd1', amended(id, visit(2, 46_000)))
    assert.match(said, /^REFERENCE_MISSING: there is no visit d\d\/\d\/\d that can be amended/)
  }
})

test('an amendment may give a record another day, or another car', () => {
  const chain = chainOf('order: day\n    amend: { by: own }')
  chain.say('d1', visit(1, 100), visit(5, 500), visit(9, 900), visit(1, 5, 'B'))
  // 500 between 900 and nothing.
  assert.match(
    chain.say('d1', amended('d1/0/1', visit(10, 500)))[0] ?? '',
    /^RULE_BROKEN: odometer 500 is lower than 900/
  )
  assert.equal(chain.say('d1', amended('d1/0/1', visit(10, 950))), ['accepted'])
  assert.is(newest(chain)?.odometer, 950)
  assert.equal(chain.say('d1', amended('d1/2/0', visit(2, 60, 'B'))), ['accepted'])
  assert.is(newest(chain)?.odometer, 900)
  assert.is(newest(chain, 'B')?.odometer, 60)
  // The only one of its key goes elsewhere: nothing is left there, and it may begin anew.
  const only = chainOf('order: day\n    amend: { by: own }')
  only.say('d1', visit(1, 100))
  assert.equal(only.say('d1', amended('d1/0/0', visit(1, 100, 'B'))), ['accepted'])
  assert.is(newest(only), null)
  assert.match(only.say('d1', { object: 'total', data: { car: 'A', odometer: 100 } })[0] ?? '', /^REFERENCE_MISSING/)
  assert.equal(only.say('d1', visit(1, 3)), ['accepted'])
})

test('a record without a key is amended too', () => {
  const chain = chainOf('order: day')
  const note = (text: string): Said => ({ object: 'note', data: { text } })
  chain.say('d1', note('first'))
  assert.equal(chain.say('d1', amended('d1/0/0', note('second'))), ['accepted'])
  assert.match(chain.say('d1', amended('d1/0/0', note('third')))[0] ?? '', /^REFERENCE_MISSING: .* amended by d1\/1\/0/)
  assert.is(standingRecord(stateOf(chain), 'note', 'd1/1/0', null)?.body.data.text, 'second')
  assert.match(
    chain.say('d1', amended('d1/1/0', visit(1, 1)))[0] ?? '',
    /^NOT_PERMITTED: records of visit are not amended/
  )
})

test('another role amends, and who wrote the record approves', () => {
  const chain = chainOf('amend: { by: [brand, dealer], approval: own }')
  chain.say('d1', visit(1, 100))
  assert.equal(chain.say('b1', amended('d1/0/0', visit(1, 90))), ['accepted'])
  assert.is(newest(chain)?.odometer, 100)
  assert.is(amendmentIn(stateOf(chain), 'b1/0/0')?.state, 'open')
  for (const id of ['d2', 'b1']) {
    assert.match(chain.say(id, approval('b1/0/0'))[0] ?? '', /^NOT_PERMITTED: only d1, who wrote d1\/0\/0, approves/)
  }
  assert.match(
    chain.say('i1', amended('d1/0/0', visit(1, 90)))[0] ?? '',
    /^NOT_PERMITTED: role insurer may not amend visit, only brand, dealer/
  )
  assert.equal(chain.say('d1', approval('b1/0/0')), ['accepted'])
  assert.is(newest(chain)?.odometer, 90)
  assert.match(chain.say('d1', approval('b1/0/0'))[0] ?? '', /^NOT_PERMITTED: amendment b1\/0\/0 is approved/)
  assert.match(chain.say('d1', approval('b1/9/0'))[0] ?? '', /^REFERENCE_MISSING: no amendment b1\/9\/0 waits/)
  // Its own it amends without anybody.
  assert.equal(chain.say('d2', visit(3, 300)), ['accepted'])
  assert.equal(chain.say('d2', amended('d2/1/0', visit(3, 310))), ['accepted'])
  assert.is(newest(chain)?.odometer, 310)
})

test('with a no, or taken back by its author, an amendment is over; approved ones are judged by what stands then', () => {
  const chain = chainOf('amend: { by: own, approval: [brand] }')
  chain.say('d1', visit(1, 100), visit(2, 200))
  chain.say('d1', amended('d1/0/1', visit(2, 150)), amended('d1/0/1', visit(2, 160)), amended('d1/0/0', visit(1, 170)))
  assert.equal(chain.say('b1', approval('d1/1/0', false)), ['accepted'])
  assert.is(amendmentIn(stateOf(chain), 'd1/1/0')?.state, 'rejected')
  assert.equal(chain.say('b2', approval('d1/1/1')), ['accepted'])
  assert.is(newest(chain)?.odometer, 160)
  // Right when it was written, and not any more.
  assert.match(chain.say('b1', approval('d1/1/2'))[0] ?? '', /^RULE_BROKEN: .*odometer 160 is lower than 170/)
  assert.is(amendmentIn(stateOf(chain), 'd1/1/2')?.state, 'open')
  assert.equal(chain.say('d1', approval('d1/1/2', false)), ['accepted'])
  assert.is(amendmentIn(stateOf(chain), 'd1/1/2')?.state, 'withdrawn')
  assert.is(chain.entries.get('Q:d1')?.text, '0')
})

test('a ballot on an amendment needs more than half of those who govern', () => {
  const chain = chainOf('amend: { by: own, approval: ballot }')
  chain.say('d1', visit(1, 100))
  chain.say('d1', amended('d1/0/0', visit(1, 90)), amended('d1/0/0', visit(1, 80)))
  assert.equal(chain.say('d1', approval('d1/1/0')), ['accepted'])
  assert.equal(chain.say('b1', approval('d1/1/0')), ['accepted'])
  assert.match(chain.say('i1', approval('d1/1/0'))[0] ?? '', /^NOT_PERMITTED: role insurer does not govern/)
  assert.is(newest(chain)?.odometer, 100)
  chain.say('b1', approval('d1/1/0'))
  assert.is(newest(chain)?.odometer, 100)
  chain.say('b2', approval('d1/1/0'))
  assert.is(newest(chain)?.odometer, 90)
  chain.say('b1', approval('d1/1/1', false))
  chain.say('b2', approval('d1/1/1', false))
  assert.is(amendmentIn(stateOf(chain), 'd1/1/1')?.state, 'rejected')
})

for (const [keeping, author, needed, before, after] of [
  ['{ by: own, approval: ballot }', 'd1', 3, ['b1', 'b2', 'd1', 'd2'], ['b1', 'd1', 'd2']],
  ['{ by: own, approval: [brand] }', 'd1', 1, ['b1', 'b2'], null],
  ['{ by: [brand], approval: own }', 'b1', 1, ['d1'], ['d1']]
] as const) {
  test(`who has to approve an amendment is told: ${keeping}`, () => {
    const chain = chainOf(`amend: ${keeping}`)
    chain.say('d1', visit(1, 100))
    chain.say(author, amended('d1/0/0', visit(1, 90)))
    const id = author === 'd1' ? 'd1/1/0' : 'b1/0/0'
    const tally = () => {
      const amendment = amendmentIn(stateOf(chain), id)
      return amendment?.state === 'open'
        ? amendmentTally({ state: stateOf(chain), ...chain.rulebook() }, amendment)
        : null
    }
    assert.equal(tally(), { yes: 0, no: 0, needed, waiting: before })
    chain.say('b2', approval(id))
    assert.equal(tally()?.waiting ?? null, after)
    if (needed === 3) assert.is(tally()?.yes, 1)
  })
}

test('so many amendments of one author wait, and no more', () => {
  const chain = chainOf('amend: { by: own, approval: [brand] }')
  chain.say('d1', visit(1, 100))
  const said = chain.say('d1', ...Array.from({ length: 66 }, (_, at) => amended('d1/0/0', visit(1, at))))
  assert.is(said.filter((one) => one === 'accepted').length, 64)
  assert.is(said.at(-1), 'NOT_PERMITTED: 64 amendments of d1 wait for approval')
  chain.say('b1', approval('d1/1/0', false))
  assert.equal(chain.say('d1', amended('d1/0/0', visit(1, 7))), ['accepted'])
})

test('who may not set a field leaves it as it is when he amends', () => {
  const words = 'amend: { by: [dealer, brand] }\n    writers: { odometer: [brand] }'
  const file = network(words).replace('brand: { append: []', 'brand: { append: [visit]')
  const both = governanceChain(PARTNERS, { file })
  assert.match(both.say('d1', visit(1, 100))[0] ?? '', /^NOT_PERMITTED: .*odometer/)
  assert.equal(both.say('b1', visit(1, 100), visit(2, 200)), ['accepted', 'accepted'])
  assert.match(both.say('d1', amended('b1/0/0', visit(3, 101)))[0] ?? '', /^NOT_PERMITTED: .*odometer/)
  assert.equal(both.say('d1', amended('b1/0/0', visit(2, 100))), ['accepted'])
})

test('whose a record is stays so, whoever amends it', () => {
  const chain = chainOf('amend: { by: [brand, dealer], approval: own }')
  chain.say('d1', visit(1, 100))
  chain.say('b1', amended('d1/0/0', visit(1, 90)))
  chain.say('d1', approval('b1/0/0'))
  assert.equal(chain.say('b1', amended('b1/0/0', visit(1, 5))), ['accepted'])
  assert.is(newest(chain)?.odometer, 90)
  assert.match(chain.say('b2', approval('b1/1/0'))[0] ?? '', /^NOT_PERMITTED: only d1, who wrote b1\/0\/0, approves/)
  assert.equal(chain.say('d1', approval('b1/1/0')), ['accepted'])
  assert.is(newest(chain)?.odometer, 5)
})

test('what an amendment leaves behind is held against each other, also when only its key is another', () => {
  const file = network('order: day\n    amend: { by: own }').replace(
    'previous == null || record.odometer >= previous.odometer',
    'previous == null || record.odometer <= previous.odometer + 500'
  )
  const chain = governanceChain(PARTNERS, { file })
  chain.say('d1', visit(1, 100), visit(5, 500), visit(9, 900))
  for (const elsewhere of [visit(6, 500, 'B'), visit(5, 500, 'B')]) {
    assert.match(chain.say('d1', amended('d1/0/1', elsewhere))[0] ?? '', /^RULE_BROKEN: d1\/0\/2, which stands/)
  }
})

test('words on amendments: one of each partner on each in a block, and so many in all', () => {
  const chain = chainOf('amend: { by: own, approval: ballot }')
  chain.say('d1', visit(1, 100))
  chain.say('d1', ...Array.from({ length: 20 }, (_, at) => amended('d1/0/0', visit(1, at))))
  assert.match(
    chain.say('b1', approval('d1/1/0'), approval('d1/1/0', false))[1] ?? '',
    /said its word .* in this block/
  )
  const many = chain.say('b1', ...Array.from({ length: 20 }, (_, at) => approval(`d1/1/${at}`)))
  assert.is(many.filter((one) => one === 'accepted').length, 16)
  assert.match(many.at(-1) ?? '', /^NOT_PERMITTED: b1 said 16 words/)
  // The text of an amendment is not written with each word.
  assert.not.match(chain.entries.get('q:d1/1/0')?.text ?? '', /mistyped/)
})

test('the right to amend is asked for again when an amendment is approved', () => {
  const chain = chainOf('amend: { by: [dealer], approval: [brand] }')
  chain.say('d1', visit(1, 100))
  chain.say('d1', amended('d1/0/0', visit(1, 90)), amended('d1/0/0', visit(1, 80)))
  changeFile(chain, 'amend: { by: [insurer], approval: [brand] }')
  assert.match(chain.say('b1', approval('d1/1/0'))[0] ?? '', /^NOT_PERMITTED: role dealer may not amend visit/)
  // Nobody's approval is asked for any more: only its author has a say on it.
  changeFile(chain, 'amend: { by: [dealer] }')
  assert.match(chain.say('i1', approval('d1/1/0', false))[0] ?? '', /^NOT_PERMITTED: only d1/)
  assert.equal(chain.say('d1', approval('d1/1/0')), ['accepted'])
  assert.is(newest(chain)?.odometer, 90)
})

test('a limit by the time of the block counts an amendment from its approval on, and takes it back by that', () => {
  const words = 'amend: { by: own, approval: [brand] }\n    limits: [{ id: one, per: [car], period: day, count: 1 }]'
  const chain = governanceChain(PARTNERS, {
    file: network(words).replace(/previous == null.*/, 'record.odometer >= 0')
  })
  const counted = (car: string): string[] =>
    [...chain.entries]
      .filter(([key]) => key.startsWith('C:') && key.includes(`["${car}"]`))
      .map(([, { text }]) => text.split(' ')[0] ?? '')
  chain.say('d1', visit(1, 1, 'B'))
  chain.say('d1', amended('d1/0/0', visit(1, 1)))
  assert.equal(chain.say('d2', visit(2, 2)), ['accepted'])
  chain.commit([], chain.time + 2 * 86_400_000)
  assert.equal(chain.say('b1', approval('d1/1/0')), ['accepted'])
  assert.equal([counted('A'), counted('B')], [['1', '1'], ['0']])
  chain.say('d1', amended('d1/1/0', visit(1, 1, 'C')))
  assert.equal(chain.say('b1', approval('d1/2/0')), ['accepted'])
  assert.equal([counted('A'), counted('C')], [['1', '0'], ['1']])
})

test.run()
