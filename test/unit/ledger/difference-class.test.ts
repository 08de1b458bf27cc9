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
  helper: { append: [visit] }
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
        load: { type: integer, minimum: 0 }
        paper: { type: attachment, maxBytes: 900, mediaTypes: [a/b, c/d] }
        scan: { type: attachment }
        parts: { type: array, maxItems: 2, items: { $ref: '#/$defs/part' } }
        place: { type: object, additionalProperties: false, required: [town], properties: { town: { type: string, default: t } } }
        of: { type: string, maxLength: 9, from: car }
      $defs:
        part: { type: string, maxLength: 3 }
    references:
      car: { object: car, key: [plate], required: true }
    rules:
      - { id: rises, expr: 'previous == null || record.km >= previous.km', message: 'no' }
      - { id: small, expr: 'record.km < 9', message: 'no' }
    unique: [[km]]
    writers: { price: [inspector] }
    limits:
      - { id: two, per: [plate], period: day, count: 2, message: 'no' }
      - { id: sum, period: month, sum: load, max: 30 }
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
    if (Array.isArray(holder)) holder.splice(Number(name), 1)
    else delete holder[name]
  }
const rules =
  (ids: readonly string[], more: readonly JsonObject[] = []): Edit =>
  (network) => {
    const { holder, name } = place(network, 'objects/visit/rules')
    const all = holder[name] as JsonObject[]
    holder[name] = [...ids.map((id) => all.find((rule) => rule.id === id) as JsonObject), ...more]
  }

/** A field of the object itself under another name, everywhere. */
const renamed =
  (object: string, from: string, to: string): Edit =>
  (network) => {
    const text = JSON.stringify((network.objects as JsonObject)[object])
    const other = JSON.parse(text.replaceAll(`"${from}"`, `"${to}"`).replaceAll(`.${from}`, `.${to}`)) as JsonObject
    ;(network.objects as JsonObject)[object] = { ...other, aliases: { [from]: to } }
  }
const all =
  (...edits: readonly Edit[]): Edit =>
  (network) => {
    for (const edit of edits) edit(network)
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
  ['a field by another name', renamed('car', 'color', 'colour'), ['care', 'care', 'compatible']],
  [
    'a field by another name, of fewer values',
    all(renamed('car', 'color', 'colour'), set(`${CAR}/properties/colour/enum`, ['red'])),
    ['care', 'care', 'care']
  ],
  // The alias, both fields (of an open object), the one that must be there, two rules of it, and what is unique.
  [
    'a field that must be there by another name',
    renamed('visit', 'km', 'odometer'),
    ['care', 'care', 'care', 'care', 'care', 'care', 'care']
  ],
  // The alias, both fields, the key, what must be there, what the reference is by.
  [
    'a field of the key by another name',
    renamed('car', 'plate', 'vehicle'),
    ['care', 'care', 'compatible', 'care', 'care']
  ],
  [
    'a field that is removed',
    all(drop(`${CAR}/properties/color`), set('objects/car/removed', ['color'])),
    ['breaking', 'breaking']
  ],
  [
    'a reference by a field of another name',
    all(renamed('visit', 'plate', 'vehicle'), set(`${VISIT}/additionalProperties`, false)),
    ['care', 'care', 'care', 'care', 'care', 'care', 'care', 'compatible']
  ],
  [
    'an object that is removed',
    all(
      drop('objects/car'),
      drop(`${VISIT}/properties/of/from`),
      set('objects/visit/references', {}),
      set('roles/inspector/append', ['visit']),
      set('removed', ['car'])
    ),
    [...Array(7).fill('breaking'), ...Array(4).fill('compatible'), 'breaking', 'care']
  ],
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
  ['another message', set('objects/visit/rules/1/message', 'other'), ['compatible']],
  ['amendments', set('objects/visit/amend', { by: 'own' }), ['compatible', 'compatible']],
  ['a message in languages', set('objects/visit/rules/1/message', { nl: 'nee', fi: 'ei' }), ['compatible']],
  ['nothing unique', drop('objects/visit/unique'), ['compatible']],
  ['other values that are unique', set('objects/visit/unique', [['km', 'price']]), ['care']],
  ['more that is unique', set('objects/visit/unique', [['km'], ['price']]), ['care']],
  ['a limit less', drop('objects/visit/limits/0'), ['compatible']],
  ['no limits', drop('objects/visit/limits'), ['compatible', 'compatible']],
  ['the first limit', set('objects/car/limits', [{ id: 'one', period: 'day', count: 1 }]), ['care']],
  ['a higher limit', set('objects/visit/limits/0/count', 3), ['compatible']],
  ['a lower limit', set('objects/visit/limits/1/max', 29), ['care']],
  ['a higher sum', set('objects/visit/limits/1/max', 31), ['compatible']],
  ['longer periods', set('objects/visit/limits/0/period', 'month'), ['care']],
  ['counted together', set('objects/visit/limits/0/per', []), ['care']],
  ['other words of a limit', set('objects/visit/limits/0/message', 'x'), ['compatible']],
  ['another name of a limit', set('objects/visit/limits/0/id', 'too'), ['compatible', 'care']],
  ['a field that every role may set', drop('objects/visit/writers/price'), ['compatible']],
  ['fields that every role may set', drop('objects/visit/writers'), ['compatible']],
  ['another role that may set a field', set('objects/visit/writers/price', ['helper', 'inspector']), ['compatible']],
  ['one role for another', set('objects/visit/writers/price', ['helper']), ['care']],
  ['a field that one role may set', set('objects/visit/writers/parts', ['inspector']), ['care']],
  ['the first field that one role may set', set('objects/car/writers', { color: ['inspector'] }), ['care']],
  ['a default', set(`${CAR}/properties/color/default`, 'red'), ['compatible']],
  ['another default', set(`${VISIT}/properties/place/properties/town/default`, 'u'), ['care']],
  ['no default', drop(`${VISIT}/properties/place/properties/town/default`), ['care']],
  ['values from another object', set(`${VISIT}/$defs/part/from`, 'car'), ['care']],
  ['values from nowhere', drop(`${VISIT}/properties/of/from`), ['compatible']],
  ['values from elsewhere', set(`${VISIT}/properties/of/from`, 'visit'), ['care']],
  [
    'a field that must be there, with a default',
    (network) => {
      set(`${CAR}/properties/color/default`, 'red')(network)
      set(`${CAR}/required`, ['plate', 'color'])(network)
    },
    ['compatible', 'care']
  ],
  ['the first that is unique', set('objects/car/unique', [['color']]), ['care']]
]

function changed(...edits: readonly Edit[]): NetworkDefinition | null {
  const draft = JSON.parse(JSON.stringify(BASE)) as JsonObject
  for (const edit of edits) edit(draft)
  const read = readNetworkFile(JSON.stringify(draft), 'network')
  return read.ok ? read.network : null
}

test('another order, and other amendments, need care', () => {
  const file = (keeping: JsonObject): NetworkDefinition => {
    const after = changed(
      set(`${VISIT}/properties/day`, { type: 'string', format: 'date' }),
      set(`${VISIT}/properties/seen`, { type: 'string', format: 'date' }),
      set(`${VISIT}/required`, ['plate', 'km', 'day', 'seen']),
      ...Object.entries(keeping).map(([name, value]) => set(`objects/visit/${name}`, value))
    )
    assert.ok(after !== null)
    return after
  }
  const own = { by: 'own' }
  for (const [before, after, expected] of [
    [{}, { order: 'day' }, 'objects.visit.order care'],
    [{ order: 'day' }, { order: 'seen' }, 'objects.visit.order care'],
    [{ order: 'day' }, {}, 'objects.visit.order care'],
    [{ amend: own }, {}, 'objects.visit.amend.approval care, objects.visit.amend.by care'],
    [{ amend: own }, { amend: { by: ['inspector'] } }, 'objects.visit.amend.by care'],
    [{ amend: own }, { amend: { ...own, approval: 'ballot' } }, 'objects.visit.amend.approval care']
  ] as const) {
    const { list } = networkDifference(file(before as JsonObject), file(after as JsonObject))
    assert.is(list.map(({ path, kind }) => `${path} ${kind}`).join(', '), expected)
  }
})

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
    load: fc.constantFrom(0, 5, 9),
    price: fc.constantFrom('0.00', '0.25', '7.00', '-0.50'),
    parts: fc.array(fc.constantFrom('ab', 'abc', 'abcd'), { maxLength: 3 }),
    place: fc.constantFrom({ town: 't' }, { town: 'u' }, { town: 't', zip: 'z' }, {}),
    of: fc.constantFrom('a', 'b', 'x'),
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
