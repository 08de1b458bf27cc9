import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { Json, JsonObject } from '../../../src/base/json.js'
import type { DifferenceKind } from '../../../src/ledger/difference-class.js'
import { judge } from '../../../src/ledger/judge.js'
import { compileModel } from '../../../src/ledger/model.js'
import type { NetworkDefinition } from '../../../src/ledger/network-definition.js'
import { networkDifference } from '../../../src/ledger/network-difference.js'
import { readNetworkFile } from '../../../src/ledger/network-file.js'
import { foundingSet, partnerOf } from '../../../src/ledger/partner-set.js'
import { checkRecord, encodeRecord } from '../../../src/ledger/record.js'
import { runRecord, startRecordRun } from '../../../src/ledger/record-run.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('what a change of the network file means')

const FILE = `
format: 1
title: Network
roles:
  inspector: { append: [visit, car], govern: true }
  reader: { append: [], govern: false }
objects:
  car:
    key: [plate]
    fields:
      type: object
      additionalProperties: false
      required: [plate]
      properties:
        plate: { type: string, maxLength: 4 }
        color: { enum: [red, blue] }
  visit:
    key: [plate]
    fields:
      type: object
      required: [plate, km]
      properties:
        plate: { type: string, maxLength: 4 }
        km: { type: integer, minimum: 0, maximum: 9 }
        price: { type: decimal, scale: 2, minimum: 0 }
        paper: { type: attachment, maxBytes: 900, mediaTypes: [a/b, c/d] }
        scan: { type: attachment }
        parts: { type: array, maxItems: 2, items: { $ref: '#/$defs/part' } }
        place: { type: object, additionalProperties: false, required: [town], properties: { town: { type: string } } }
      $defs:
        part: { type: string, maxLength: 3 }
    references:
      car: { object: car, key: [plate], required: true }
    rules:
      - { id: rises, expr: 'previous == null || record.km >= previous.km', message: 'no' }
      - { id: small, expr: 'record.km < 9', message: 'no' }
`

const BASE = genesisOf([], FILE).genesis.network

type Edit = (network: JsonObject) => void

/** The member at a path like `objects/car/key`, and what holds it. */
function place(network: JsonObject, path: string): { holder: JsonObject; name: string } {
  const names = path.split('/')
  const name = names.pop()!
  let holder = network
  for (const each of names) {
    holder[each] ??= {}
    holder = holder[each] as JsonObject
  }
  return { holder, name }
}

const set =
  (path: string, value: Json): Edit =>
  (network) => {
    const { holder, name } = place(network, path)
    holder[name] = value
  }
const drop =
  (path: string): Edit =>
  (network) => {
    const { holder, name } = place(network, path)
    delete holder[name]
  }
const rules =
  (ids: readonly string[], more: readonly JsonObject[] = []): Edit =>
  (network) => {
    const { holder, name } = place(network, 'objects/visit/rules')
    const all = holder[name] as JsonObject[]
    holder[name] = [...ids.map((id) => all.find((rule) => rule.id === id) as JsonObject), ...more]
  }

const VISIT = 'objects/visit/fields'
const CAR = 'objects/car/fields'

/** Each edit, and what its differences mean; null where the file would not be valid. */
const EDITS: readonly (readonly [name: string, edit: Edit, kinds: readonly DifferenceKind[]])[] = [
  ['a title', set('title', 'Other'), ['compatible']],
  ['the title of an object', set('objects/car/title', 'Cars'), ['compatible']],
  ['the quorum', set('quorum', 'majority'), ['care']],
  ['a threshold', set('thresholds', { model: 'all' }), ['care']],
  ['a role more', set('roles/garage', { append: ['car'] }), ['compatible', 'compatible', 'compatible']],
  ['a role less', drop('roles/reader'), ['care', 'care', 'care']],
  ['a right more', set('roles/reader/append', ['car']), ['compatible']],
  ['a right less', set('roles/inspector/append', ['visit']), ['care']],
  ['another who votes', set('roles/reader/vote', false), ['care']],
  ['a field more, in a closed object', set(`${CAR}/properties/doors`, { type: 'integer' }), ['compatible']],
  ['a field more, in an open object', set(`${VISIT}/properties/doors`, { type: 'integer' }), ['care']],
  [
    'a field more, in a closed part',
    set(`${VISIT}/properties/place/properties/zip`, { type: 'string' }),
    ['compatible']
  ],
  ['a field less', drop(`${CAR}/properties/color`), ['breaking']],
  ['a field that must be there', set(`${CAR}/required`, ['plate', 'color']), ['breaking']],
  ['a field that need not be there', set(`${VISIT}/properties/place/required`, []), ['care']],
  ['longer texts', set(`${VISIT}/properties/plate/maxLength`, 5), ['compatible']],
  ['shorter texts', set(`${VISIT}/properties/plate/maxLength`, 1), ['care']],
  ['a lower minimum', set(`${VISIT}/properties/km/minimum`, -3), ['compatible']],
  ['a higher minimum', set(`${VISIT}/properties/km/minimum`, 3), ['care']],
  ['no minimum', drop(`${VISIT}/properties/km/minimum`), ['compatible']],
  ['a lower price', set(`${VISIT}/properties/price/minimum`, '-0.50'), ['compatible']],
  ['a higher price', set(`${VISIT}/properties/price/minimum`, '0.50'), ['care']],
  ['another scale', set(`${VISIT}/properties/price/scale`, 3), ['breaking']],
  ['larger files', set(`${VISIT}/properties/paper/maxBytes`, 901), ['compatible']],
  ['smaller files', set(`${VISIT}/properties/paper/maxBytes`, 899), ['care']],
  ['files of any size that there is by default', drop(`${VISIT}/properties/paper/maxBytes`), ['compatible']],
  ['less than by default', set(`${VISIT}/properties/scan/maxBytes`, 9_999_999), ['care']],
  ['more than by default', set(`${VISIT}/properties/scan/maxBytes`, 10_000_001), ['compatible']],
  ['other files too', set(`${VISIT}/properties/paper/mediaTypes`, ['c/d', 'e/f', 'a/b']), ['compatible']],
  ['fewer kinds of files', set(`${VISIT}/properties/paper/mediaTypes`, ['c/d', 'e/f']), ['care']],
  ['any kind of files', drop(`${VISIT}/properties/paper/mediaTypes`), ['compatible']],
  ['more parts', set(`${VISIT}/properties/parts/maxItems`, 3), ['compatible']],
  ['parts that differ', set(`${VISIT}/properties/parts/uniqueItems`, true), ['care']],
  ['longer names of parts', set(`${VISIT}/$defs/part/maxLength`, 5), ['compatible']],
  ['shorter names of parts', set(`${VISIT}/$defs/part/maxLength`, 1), ['care']],
  ['parts of another kind', set(`${VISIT}/properties/parts/items`, { type: 'string' }), ['care', 'care']],
  ['one more value', set(`${CAR}/properties/color/enum`, ['blue', 'red', 'green']), ['compatible']],
  ['one value less', set(`${CAR}/properties/color/enum`, ['blue']), ['care']],
  ['any value', set(`${CAR}/properties/color`, { type: 'string' }), ['compatible', 'care']],
  ['null too', set(`${VISIT}/properties/parts/type`, ['array', 'null']), ['compatible']],
  ['another type', set(`${CAR}/properties/color`, { type: 'integer' }), ['compatible', 'care']],
  [
    'texts in the place of numbers',
    set(`${VISIT}/properties/price`, { type: 'string' }),
    ['compatible', 'breaking', 'breaking']
  ],
  ['an object that is closed', set(`${VISIT}/additionalProperties`, false), ['care']],
  ['an object that is open', set(`${CAR}/additionalProperties`, true), ['compatible']],
  ['a part that is open', drop(`${VISIT}/properties/place/additionalProperties`), ['compatible']],
  ['a note on a field', set(`${CAR}/properties/color/description`, 'x'), ['compatible']],
  ['an object less', drop('objects/other'), []],
  ['another key', set('objects/visit/key', ['plate', 'km']), ['breaking']],
  ['a reference that need not be', set('objects/visit/references/car/required', false), ['compatible']],
  ['no reference', drop('objects/visit/references/car'), ['compatible', 'compatible', 'compatible']],
  [
    'a reference more',
    set('objects/visit/references/next', { object: 'car', key: ['plate'], required: true }),
    ['compatible', 'compatible', 'care']
  ],
  ['a rule less', rules(['rises']), ['compatible', 'compatible']],
  ['rules in another order', rules(['small', 'rises']), ['compatible']],
  [
    'a rule more',
    rules(['rises', 'small'], [{ id: 'even', expr: 'record.km % 2 == 0', message: 'm' }]),
    ['care', 'compatible']
  ],
  ['another condition', set('objects/visit/rules/1/expr', 'record.km < 5'), ['care']],
  ['another message', set('objects/visit/rules/1/message', 'other'), ['compatible']]
]

function changed(...edits: readonly Edit[]): NetworkDefinition | null {
  const draft = JSON.parse(JSON.stringify(BASE)) as JsonObject
  for (const edit of edits) edit(draft)
  const read = readNetworkFile(JSON.stringify(draft), 'network')
  return read.ok ? read.network : null
}

for (const [name, edit, kinds] of EDITS) {
  test(name, () => {
    const after = changed(edit)
    const list = after === null ? [] : networkDifference(BASE, after).list
    if (kinds.length > 0) assert.ok(after !== null, 'the file is valid')
    assert.equal(
      list.map(({ kind }) => kind),
      kinds,
      JSON.stringify(list)
    )
    for (const { why } of list) assert.ok(why.length > 0)
  })
}

const LIMITS = { ruleCostMax: genesisOf([], FILE).genesis.limits.ruleCostMax }
const BEFORE = compileModel(BASE, LIMITS)
const P1 = partnerOf(foundingSet(genesisOf(['p1'], FILE).genesis), 'p1')!

const car = fc.record(
  {
    plate: fc.constantFrom('a', 'b', 'long'),
    color: fc.constantFrom('red', 'blue', 'green', 3),
    doors: fc.constant('x')
  },
  { requiredKeys: ['plate'] }
)
const visit = fc.record(
  {
    plate: fc.constantFrom('a', 'b', 'a', 'b', 'long'),
    km: fc.constantFrom(0, 1, 2, 3, 5, 7, 8, 9, -1),
    price: fc.constantFrom('0.00', '0.25', '7.00', '-0.50'),
    parts: fc.array(fc.constantFrom('ab', 'abc', 'abcd'), { maxLength: 3 }),
    place: fc.constantFrom({ town: 't' }, { town: 'u' }, { town: 't', zip: 'z' }, {}),
    doors: fc.constantFrom(4, 'four')
  },
  { requiredKeys: ['plate', 'km'] }
)
const record = fc.oneof(
  car.map((data) => ({ object: 'car', data: data as JsonObject })),
  visit.map((data) => ({ object: 'visit', data: data as JsonObject }))
)

test('a record that was accepted still is where all changes are compatible', () => {
  let judged = 0
  const mild = EDITS.filter(([, , kinds]) => kinds.length > 0 && kinds.every((kind) => kind === 'compatible'))
  const cars = ['a', 'b'].map((plate) => ({ object: 'car', data: { plate } }))
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...mild), { minLength: 1, maxLength: 3 }),
      fc.array(record, { minLength: 20, maxLength: 40 }),
      (edits, records) => {
        const after = changed(...edits.map(([, edit]) => edit))
        if (after === null || networkDifference(BASE, after).list.some(({ kind }) => kind !== 'compatible')) return
        const model = compileModel(after, LIMITS)
        const run = startRecordRun({ get: () => undefined })
        const block = { height: 1, time: 1 }
        ;[...cars, ...records].forEach((body, index) => {
          const text = encodeRecord(body)
          const verdict = judge(run, P1, block, checkRecord(model, text, 10_000))
          const before = checkRecord(BEFORE, text, 10_000)
          if (runRecord(run, P1, block, before, { batch: 0, sequence: 0, index }) !== null) return
          judged++
          assert.is(verdict, null, `${text} after ${edits.map(([name]) => name).join(', ')}`)
        })
      }
    ),
    { numRuns: 150, seed: 61 }
  )
  assert.ok(judged > 600, `${judged} records were accepted before`)
})

test.run()
