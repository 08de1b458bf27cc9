import * as assert from 'uvu/assert'
import { readGenesis, writeGenesis } from '../../../src/ledger/genesis.js'
import { readNetworkFile } from '../../../src/ledger/network-file.js'
import { governanceChain, proposalOf, type Said } from '../../support/governance-chain.js'
import {
  amended,
  approval,
  chainOf,
  changeFile,
  day,
  enact,
  network,
  newest,
  PARTNERS,
  visit
} from '../../support/kept-chain.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('records in the order of a date')

test('a late entry is held against what stands before it and after it', () => {
  const chain = chainOf('order: day')
  assert.equal(chain.say('d1', visit(1, 100), visit(9, 900)), ['accepted', 'accepted'])
  assert.equal(chain.say('d2', visit(5, 50)), ['RULE_BROKEN: odometer 50 is lower than 100'])
  assert.equal(chain.say('d2', visit(5, 901)), [
    'RULE_BROKEN: d1/0/1, which stands beside it, would break the rule: odometer 900 is lower than 901'
  ])
  assert.equal(chain.say('d2', visit(5, 500)), ['accepted'])
  assert.equal(newest(chain), { car: 'A', day: day(9), odometer: 900 })
  // Of one day the earlier one comes first.
  assert.equal(chain.say('d2', visit(5, 499)), ['RULE_BROKEN: odometer 499 is lower than 500'])
  assert.equal(chain.say('d1', visit(12, 899), visit(12, 1200)), [
    'RULE_BROKEN: odometer 899 is lower than 900',
    'accepted'
  ])
  assert.equal(newest(chain), { car: 'A', day: day(12), odometer: 1200 })
  assert.equal(chain.say('d1', { object: 'total', data: { car: 'A', odometer: 1200 } }), ['accepted'])
})

test('times are in the order of the instants that they name', () => {
  const chain = governanceChain(PARTNERS, {
    file: network('order: day').replace('format: date }', 'format: date-time }')
  })
  const at = (time: string, odometer: number): Said => ({ object: 'visit', data: { car: 'A', day: time, odometer } })
  assert.equal(chain.say('d1', at('2024-01-01T12:00:00Z', 10), at('2024-01-01T12:00:00.5Z', 20)), [
    'accepted',
    'accepted'
  ])
  assert.equal(chain.say('d1', at('2024-01-01T13:00:00.25+01:00', 15)), ['accepted'])
  assert.match(
    chain.say('d1', at('2024-01-01T12:00:00.4999Z', 14))[0] ?? '',
    /^RULE_BROKEN: odometer 14 is lower than 15/
  )
  assert.match(
    chain.say('d1', at('2023-12-31T23:59:59Z', 11))[0] ?? '',
    /^RULE_BROKEN: d1.*beside it.*: odometer 10 is lower than 11/
  )
})

test('rules may look at the record that comes after', () => {
  const file = network('order: day')
    .replace(
      'never-lower\n        expr: previous == null || record.odometer >= previous.odometer',
      'never-lower\n        expr: next == null || record.odometer <= next.odometer'
    )
    .replace('is lower than {previous.odometer}', 'is higher than {next.odometer}')
  const chain = governanceChain(PARTNERS, { file })
  assert.equal(chain.say('d1', visit(1, 100), visit(9, 900)), ['accepted', 'accepted'])
  assert.equal(chain.say('d1', visit(5, 901)), ['RULE_BROKEN: odometer 901 is higher than 900'])
  assert.equal(chain.say('d1', visit(5, 99)), [
    'RULE_BROKEN: d1/0/0, which stands beside it, would break the rule: odometer 100 is higher than 99'
  ])
})

test('an order that is given later begins with the newest record of each key; what is older is not known', () => {
  const chain = chainOf('')
  chain.say('d1', visit(7, 100), visit(5, 500))
  changeFile(chain, 'order: day\n    amend: { by: own }')
  assert.equal(chain.say('d1', visit(4, 400)), [
    'REFERENCE_MISSING: records of visit ["A"] are kept in order from 2024-01-05 on, not from 2024-01-04: an earlier one cannot be checked'
  ])
  assert.match(
    chain.say('d1', amended('d1/0/0', visit(7, 100)))[0] ?? '',
    /^REFERENCE_MISSING: there is no visit d1\/0\/0/
  )
  assert.equal(chain.say('d1', visit(9, 900), visit(6, 600)), ['accepted', 'accepted'])
  assert.is(newest(chain)?.odometer, 900)
  // The newest from before is known, and amended like others.
  assert.equal(chain.say('d1', amended('d1/0/1', visit(5, 550))), ['accepted'])
  assert.match(chain.say('d1', visit(6, 540))[0] ?? '', /^RULE_BROKEN: odometer 540 is lower than 600/)
  assert.match(chain.say('d1', amended('d1/0/1', visit(5, 1)))[0] ?? '', /^REFERENCE_MISSING: d1\/0\/1 was amended by/)
})

test('what came while there was no order is not forgotten: the order begins anew', () => {
  const chain = chainOf('order: day\n    amend: { by: own }')
  chain.say('d1', visit(1, 100), visit(9, 900))
  changeFile(chain, '')
  assert.match(chain.say('d1', amended('d1/0/1', visit(9, 950)))[0] ?? '', /^NOT_PERMITTED/)
  chain.say('d1', visit(5, 1000), visit(2, 1001, 'B'))
  changeFile(chain, 'order: day\n    amend: { by: own }')
  // By the order of before it would stand between 100 and 900, and 1000 after it.
  assert.match(
    chain.say('d1', visit(3, 300))[0] ?? '',
    /^REFERENCE_MISSING: records of visit \["A"\] are kept in order from 2024-01-05/
  )
  assert.match(
    chain.say('d1', amended('d1/0/0', visit(1, 10)))[0] ?? '',
    /^REFERENCE_MISSING: d1\/0\/0 is older than what is known/
  )
  assert.equal(chain.say('d1', visit(6, 1100)), ['accepted'])
  assert.is(newest(chain)?.odometer, 1100)
})

test('an order that was given up and taken up again without a record in between goes on', () => {
  const chain = chainOf('order: day')
  chain.say('d1', visit(1, 100), visit(9, 900))
  changeFile(chain, '')
  changeFile(chain, 'order: day')
  assert.match(chain.say('d1', visit(5, 901))[0] ?? '', /^RULE_BROKEN: d1.*: odometer 900 is lower than 901/)
  assert.equal(chain.say('d1', visit(5, 500)), ['accepted'])
})

test('the record with which an order begins keeps its place', () => {
  const chain = chainOf('')
  chain.say('d2', visit(1, 500))
  chain.say('d1', visit(2, 600))
  changeFile(chain, 'amend: { by: own }')
  const own = chain.nextId('d1')
  assert.equal(chain.say('d1', amended('d1/0/0', visit(2, 601))), ['accepted'])
  assert.match(chain.say('d1', amended(own, visit(2, 601, 'Z')))[0] ?? '', /^REFERENCE_MISSING: the order begins with/)
  assert.match(chain.say('d1', visit(3, 7))[0] ?? '', /^RULE_BROKEN: odometer 7 is lower than 601/)
})

test('records of before today schema do no harm: neither to what is counted nor to rules of neighbours', () => {
  const open = (more: string, fields: string, rules: string, references = ''): string => `
format: 1
title: Open
roles: { dealer: { append: [visit, lot], govern: true }, brand: { append: [], govern: true }, insurer: { append: [] } }
objects:
  lot: { key: [id], fields: { type: object, additionalProperties: false, required: [id], properties: { id: { type: string } } } }
  visit:
    key: [car]
    ${more}
    fields:
      type: object
      required: [car, day]
      properties: { car: { type: string, maxLength: 20 }, day: { type: string, format: date }${fields} }
    ${references}
    rules: [${rules}]
`
  const own = 'order: day\n    amend: { by: own }'
  const said = (day: string, more = {}): Said => ({ object: 'visit', data: { car: 'A', day, ...more } })
  const counted = governanceChain(PARTNERS, { file: open(own, '', '') })
  counted.say('d1', said('2024-01-01', { amount: 1.5 }))
  const limit = `${own}\n    limits: [{ id: m, per: [car], at: day, period: month, sum: amount, max: 100 }]`
  enact(counted, open(limit, ', amount: { type: integer, minimum: 0 }', ''))
  assert.equal(counted.say('d1', amended('d1/0/0', said('2024-01-01'))), ['accepted'])

  const referring = governanceChain(PARTNERS, { file: open(own, '', '') })
  referring.say('d1', { object: 'lot', data: { id: 'x' } }, said('2024-01-05'), said('2024-01-06', { lots: 'x' }))
  const rule = `{ id: b, expr: 'previous == null || refs.lots == null || refs.lots.all(x, x.id != record.car)', message: no }`
  const lots = ', lots: { type: array, maxItems: 5, items: { type: string } }'
  enact(referring, open(own, lots, rule, 'references: { lots: { object: lot, key: [lots], required: true } }'))
  assert.equal(referring.say('d1', said('2024-01-06'), said('2024-01-07')), ['accepted', 'accepted'])
})

test('version 2 of the network knows neither order nor amendments', () => {
  const chain = governanceChain(PARTNERS, { file: network(''), format: 2 })
  chain.say('d1', visit(1, 100))
  assert.equal(chain.say('d1', amended('d1/0/0', visit(1, 90))), ['MALFORMED: the record has an unknown member'])
  assert.match(chain.say('d1', approval('d1/0/0'))[0] ?? '', /^UNKNOWN_OBJECT/)
  const read = readNetworkFile(network('order: day'), 'network.yaml')
  assert.ok(read.ok)
  const [said = ''] = chain.say('d1', proposalOf({ kind: 'model', network: read.network }))
  assert.match(said, /^SCHEMA: the network file says what there is from version 3 on, and the network is at version 2/)
  const genesis = { ...genesisOf(['p1']).genesis, format: 2 as const, network: read.network }
  assert.match(JSON.stringify(readGenesis(writeGenesis(genesis).text)), /MALFORMED.*from version 3 on/)
})

test.run()
