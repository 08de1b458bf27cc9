import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { amendmentTally } from '../../../src/ledger/amendment-judge.js'
import { amendmentIn } from '../../../src/ledger/amendment-state.js'
import { readGenesis, writeGenesis } from '../../../src/ledger/genesis.js'
import { readNetworkFile } from '../../../src/ledger/network-file.js'
import { newestData } from '../../../src/ledger/record-state.js'
import { amendedByIn, standingRecord } from '../../../src/ledger/standing-record.js'
import { seededRandom } from '../../simulation/virtual-clock.js'
import { ballotOf, governanceChain, proposalOf, type Said } from '../../support/governance-chain.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('records in order, and amended')

/** Visits of cars in the order of their day; `keeping` says how they are amended. */
function network(keeping: string, note = keeping === '' ? '' : 'amend: { by: own }'): string {
  return `
format: 1
title: Visits
roles:
  dealer: { append: [visit, note, total], govern: true }
  brand: { append: [], govern: true }
  insurer: { append: [], govern: false }
objects:
  visit:
    key: [car]
    ${keeping}
    fields:
      type: object
      additionalProperties: false
      required: [car, day, odometer]
      properties:
        car: { type: string, maxLength: 20 }
        day: { type: string, format: date }
        odometer: { type: integer, minimum: 0 }
    rules:
      - id: never-lower
        expr: previous == null || record.odometer >= previous.odometer
        message: "odometer {record.odometer} is lower than {previous.odometer}"
  note:
    key: []
    ${note}
    fields: { type: object, additionalProperties: false, required: [text], properties: { text: { type: string, maxLength: 20 } } }
  total:
    key: [car]
    fields:
      type: object
      additionalProperties: false
      required: [car, odometer]
      properties: { car: { type: string, maxLength: 20 }, odometer: { type: integer } }
    references:
      visit: { object: visit, key: [car], required: true }
    rules:
      - { id: as-the-last-visit, expr: record.odometer == refs.visit.odometer, message: "the last visit says {refs.visit.odometer}" }
`
}

const PARTNERS = { d1: 'dealer', d2: 'dealer', b1: 'brand', b2: 'brand', i1: 'insurer' }

type Chain = ReturnType<typeof governanceChain>

const chainOf = (keeping: string): Chain => governanceChain(PARTNERS, { file: network(keeping) })

const day = (number: number): string => `2024-01-${String(number).padStart(2, '0')}`

function visit(number: number, odometer: number, car = 'A'): Said {
  return { object: 'visit', data: { car, day: day(number), odometer } }
}

function amended(record: string, said: Said, reason = 'mistyped'): Said {
  return { ...said, amends: { record, reason } }
}

function approval(amendment: string, yes = true): Said {
  return { object: '_approve', data: { amendment, reason: '', yes } }
}

const stateOf = ({ entries }: Chain) => ({ get: (key: string) => entries.get(key) })

const newest = (chain: Chain, car = 'A'): JsonObject | null =>
  newestData(stateOf(chain), 'visit', `["${car}"]`, (data) => data)

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

/** A chain whose file is voted in, two blocks ago. */
function changeFile(chain: Chain, keeping: string): void {
  enact(chain, network(keeping))
}

function enact(chain: Chain, file: string): void {
  const read = readNetworkFile(file, 'network.yaml')
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const id = chain.nextId('d1')
  chain.say('d1', proposalOf({ kind: 'model', network: read.network }))
  for (const other of ['d2', 'b1']) chain.say(other, ballotOf(id, true))
  assert.is(chain.proposal(id).state, 'passed')
  chain.commit()
}

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

test('hundreds of late entries and amendments are judged as by somebody who looks at the whole history', () => {
  const random = seededRandom(77)
  const pick = (count: number): number => Math.floor(random() * count)
  const chain = chainOf('order: day\n    amend: { by: [dealer] }')
  interface Stood {
    id: string
    car: string
    day: number
    odometer: number
    came: number
  }
  let all: Stood[] = []
  const holds = (records: readonly Stood[]): boolean => {
    return ['A', 'B'].every((car) => {
      const sorted = records.filter((one) => one.car === car).sort((a, b) => a.day - b.day || a.came - b.came)
      return sorted.every((one, at) => at === 0 || one.odometer >= sorted[at - 1]!.odometer)
    })
  }
  const counts = { accepted: 0, amended: 0, refused: 0 }
  for (let step = 0; step < 900; step++) {
    const car = random() < 0.7 ? 'A' : 'B'
    const number = 1 + pick(28)
    const odometer = number * 100 + pick(150) - 25
    const author = random() < 0.5 ? 'd1' : 'd2'
    const id = chain.nextId(author)
    const original = all.length > 3 && random() < 0.4 ? all[pick(all.length)]! : null
    const said = visit(number, odometer, car)
    const [verdict] = chain.say(author, original === null ? said : amended(original.id, said))
    const made = { id, car, day: number, odometer, came: original?.came ?? step }
    const after = [...all.filter((one) => one !== original), made]
    assert.is(verdict === 'accepted', holds(after), `step ${step}: ${verdict} of ${JSON.stringify(made)}`)
    if (verdict !== 'accepted') counts.refused += 1
    else {
      all = after
      counts[original === null ? 'accepted' : 'amended'] += 1
    }
    const last = all
      .filter((one) => one.car === 'A')
      .sort((a, b) => a.day - b.day || a.came - b.came)
      .at(-1)
    assert.is(newest(chain)?.odometer ?? null, last?.odometer ?? null, `the newest after step ${step}`)
  }
  assert.ok(counts.accepted > 60 && counts.amended > 60 && counts.refused > 100, JSON.stringify(counts))
})

test('unique values and limits follow what stands, whatever was amended', () => {
  const random = seededRandom(78)
  const pick = (count: number): number => Math.floor(random() * count)
  const words = `order: day
    amend: { by: [dealer] }
    unique: [[odometer]]
    limits: [{ id: twice, per: [car], at: day, period: day, count: 2 }]`
  const chain = governanceChain(PARTNERS, {
    file: network(words).replace(/previous == null.*/, 'record.odometer >= 0')
  })
  interface Stood {
    id: string
    car: string
    day: number
    odometer: number
    came: number
  }
  let all: Stood[] = []
  const lastOf = (records: readonly Stood[], car: string): Stood | undefined =>
    records
      .filter((one) => one.car === car)
      .sort((a, b) => a.day - b.day || a.came - b.came)
      .at(-1)
  const holds = (records: readonly Stood[]): boolean => {
    // What is unique is what the newest of each car says.
    const newest = ['A', 'B', 'C'].flatMap((car) => lastOf(records, car)?.odometer ?? [])
    const perDay = new Map<string, number>()
    for (const one of records) perDay.set(`${one.car} ${one.day}`, (perDay.get(`${one.car} ${one.day}`) ?? 0) + 1)
    return new Set(newest).size === newest.length && [...perDay.values()].every((count) => count <= 2)
  }
  const counts = { DUPLICATE: 0, RULE_BROKEN: 0, accepted: 0, amended: 0 }
  for (let step = 0; step < 700; step++) {
    const [car, number, odometer] = [['A', 'B', 'C'][pick(3)] ?? '', 1 + pick(28), pick(6)]
    const author = random() < 0.5 ? 'd1' : 'd2'
    const id = chain.nextId(author)
    const original = all.length > 3 && random() < 0.6 ? all[pick(all.length)]! : null
    const said = visit(number, odometer, car)
    const [verdict = ''] = chain.say(author, original === null ? said : amended(original.id, said))
    const made = { id, car, day: number, odometer, came: original?.came ?? step }
    const after = [...all.filter((one) => one !== original), made]
    assert.is(verdict === 'accepted', holds(after), `step ${step}: ${verdict} of ${JSON.stringify({ made, original })}`)
    if (verdict === 'accepted') all = after
    const kind =
      verdict === 'accepted' && original !== null ? 'amended' : (verdict.split(':')[0] as keyof typeof counts)
    counts[kind] += 1
  }
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 20, `${kind} ${count}`)
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

test.run()
