import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import type { Side } from '../../../src/ledger/rules.js'
import { governanceChain } from '../../support/governance-chain.js'
import { amended, chainOf, type KeptChain, network, PARTNERS, visit } from '../../support/kept-chain.js'
import { compileThing, ruleInput } from '../../support/network-source.js'
import { suite } from '../../support/suite.js'

const test = suite('what would have kept a rule of the record beside')

const KM = { properties: { km: { type: 'integer' }, day: { type: 'string', format: 'date' } }, order: 'day' }
const STANDS: JsonObject = { km: 100, day: '2024-01-05' }
const NEWCOMER: JsonObject = { km: 200, day: '2024-01-04' }

function expectedOf(expr: string, side: Side): string | undefined {
  const thing = compileThing({ ...KM, key: ['km'], expr })
  const before = ruleInput({ record: STANDS, previous: null, next: null, refs: {} })
  const refusal = thing.checkNeighbour(side, before, { ...before, [side]: NEWCOMER })
  assert.is(refusal?.code, 'RULE_BROKEN', expr)
  return refusal?.expected
}

for (const [side, expr, expected] of [
  ['previous', 'previous == null || record.km >= previous.km', 'record.km <= 100'],
  ['previous', 'previous == null || previous.km <= record.km', 'record.km <= 100'],
  ['next', 'next == null || record.km >= next.km', 'record.km <= 100'],
  ['previous', 'previous == null || previous.km < 150', 'record.km < 150'],
  [
    'previous',
    'previous == null || record.km + 50 > previous.km && previous.day > record.day',
    'record.km < 150 and record.day > 2024-01-05'
  ],
  // In the words of the newcomer, to whom the record that stands is the next one.
  ['previous', 'previous == null || record.km - previous.km >= 0', 'next.km - record.km >= 0'],
  ['next', 'next == null || record.km - next.km >= 0', 'previous.km - record.km >= 0'],
  ['previous', 'previous == null', undefined]
] as const) {
  test(`${side}: ${expr} -> ${expected}`, () => {
    assert.is(expectedOf(expr, side), expected)
  })
}

const expectedAt = (chain: KeptChain, author: string, ...said: Parameters<KeptChain['say']>[1][]): string | undefined =>
  chain.commit([[author, said]]).verdicts[0]?.at(-1)?.expected

test('a late entry is told what would be right of itself', () => {
  const chain = chainOf('order: day\n    amend: { by: own }')
  chain.say('d1', visit(1, 100), visit(9, 900))
  assert.is(expectedAt(chain, 'd2', visit(5, 901)), 'record.odometer <= 900')
  assert.is(expectedAt(chain, 'd2', visit(5, 99)), 'record.odometer >= 100')
  assert.is(expectedAt(chain, 'd1', amended('d1/0/0', visit(1, 901))), 'record.odometer <= 900')
})

test('an amendment that leaves behind what does not go together is told which place it has to keep', () => {
  const file = network('order: day\n    amend: { by: own }').replace(
    'previous == null || record.odometer >= previous.odometer',
    'previous == null || record.odometer <= previous.odometer + 500'
  )
  const chain = governanceChain(PARTNERS, { file })
  chain.say('d1', visit(1, 100), visit(5, 500), visit(9, 900))
  assert.is(
    expectedAt(chain, 'd1', amended('d1/0/1', visit(6, 500, 'B'))),
    'record.car == "A" and record.day >= 2024-01-01 and record.day <= 2024-01-09'
  )
})

test.run()
