import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { activePartner, judgedRecords, modelOfFile, problemsOfFile } from '../../support/judged-records.js'
import { suite } from '../../support/suite.js'

const test = suite('values that are keys of another object')

const FILE = `
format: 1
title: Orders
roles:
  maker: { append: [part, size, price, order], govern: true }
objects:
  part:
    key: [id]
    fields:
      type: object
      required: [id]
      properties:
        id: { type: string, maxLength: 9 }
        replaces: { type: string, from: part }
  size:
    key: [mm]
    fields: { type: object, required: [mm], properties: { mm: { type: integer } } }
  price:
    key: [part, country]
    fields:
      type: object
      required: [part, country]
      properties: { part: { type: string, maxLength: 9 }, country: { type: string, maxLength: 9 } }
  order:
    key: []
    fields:
      type: object
      properties:
        part: { type: [string, "null"], from: part }
        size: { type: integer, from: size }
        spare: { type: array, maxItems: 3, items: { $ref: '#/$defs/part' } }
        lines:
          type: array
          maxItems: 4
          items:
            type: object
            properties:
              sizes: { type: array, maxItems: 5, items: { type: [integer, "null"], from: size } }
      $defs:
        part: { type: string, maxLength: 9, from: part }
    rules:
      - { id: never, expr: '!has(record.size) || record.size != 9', message: no }
`

const P1 = activePartner('p1', 'maker')

function recordsOf() {
  const run = judgedRecords(modelOfFile(FILE))
  const say = (object: string, data: JsonObject) => run.judge(P1, object, data).verdict
  assert.is(say('part', { id: 'a' }), null)
  assert.is(say('size', { mm: 7 }), null)
  return { say, order: (data: JsonObject) => say('order', data) }
}

test('a value that no record has as its key is refused, with its path and what to do', () => {
  const { order } = recordsOf()
  assert.is(order({ part: 'a', size: 7, spare: ['a', 'a'], lines: [{ sizes: [7] }] }), null)
  assert.equal(order({ part: 'b' }), {
    code: 'REFERENCE_MISSING',
    message: 'part is "b", and there is no such part: append it first, or correct the value',
    path: '/part',
    details: { object: 'part', key: ['b'] }
  })
  assert.equal([order({ size: 8 })?.path, order({ size: 9 })?.code], ['/size', 'REFERENCE_MISSING'])
})

test('in lists, and deep within', () => {
  const { order } = recordsOf()
  assert.is(order({ spare: ['a', 'b', 'c'] })?.path, '/spare/1')
  assert.is(order({ lines: [{}, { sizes: [7, 7] }, { sizes: [7, null, 8] }] })?.path, '/lines/2/sizes/2')
})

test('what is missing or null is not asked for', () => {
  const { order } = recordsOf()
  for (const data of [{}, { part: null }, { spare: [] }, { lines: [{}, { sizes: [null] }] }]) {
    assert.is(order(data), null, JSON.stringify(data))
  }
})

test('an object may take values from itself: of records that are there before', () => {
  const { say } = recordsOf()
  assert.is(say('part', { id: 'b', replaces: 'b' })?.code, 'REFERENCE_MISSING')
  assert.is(say('part', { id: 'b', replaces: 'a' }), null)
  assert.is(say('part', { id: 'b', replaces: 'b' }), null)
})

const PART = 'part: { type: [string, "null"], from: part }'
const MISTAKES: readonly (readonly [field: string, problem: string])[] = [
  ['part: { type: string, from: 3 }', '.properties.part.from 3 is not an object of the network'],
  ['part: { type: string, from: parts }', '.properties.part.from there is no object "parts"'],
  [
    'part: { type: string, from: price }',
    '.properties.part.from the key of price has 2 fields, and from needs one of a single field'
  ],
  [
    'part: { type: string, from: order }',
    '.properties.part.from the key of order has 0 fields, and from needs one of a single field'
  ],
  ['part: { type: string, from: size }', '.properties.part.from the field is a string, but size.mm is an integer'],
  ['part: { type: boolean, from: part }', '.properties.part.from from does not belong to type boolean'],
  [
    'part: { type: array, items: { type: string, from: part } }',
    '.properties.part.items.from a record may hold at most 256 values from part here'
  ],
  [
    'part: { type: array, maxItems: 17, items: { type: array, maxItems: 16, items: { type: string, from: part } } }',
    '.properties.part.items.items.from a record may hold at most 256 values from part here'
  ],
  [
    'part: { type: object, additionalProperties: { type: string, from: part } }',
    '.properties.part.additionalProperties from belongs to a field that has a name, or to the items of a list'
  ],
  [
    Array.from({ length: 21 }, (_, at) => `f${at}: { type: string, from: part }`).join('\n        '),
    ' there are more than 20 fields with from'
  ]
]

for (const [field, problem] of MISTAKES) {
  test(`takes values from nowhere: ${field.slice(0, 60)}`, () => {
    const problems = problemsOfFile(FILE.replace(PART, field))
    assert.is(problems[0], `objects.order.fields${problem}`, problems.join('\n'))
  })
}

test.run()
