import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { draftOfText } from '../../../src/node/draft.js'
import { activePartner, judgedRecords, modelOfFile, problemsOfFile } from '../../support/judged-records.js'
import { suite } from '../../support/suite.js'

const test = suite('defaults')

const FILE = `
format: 1
title: Bills
roles:
  maker: { append: [bill], govern: true }
objects:
  bill:
    key: [id]
    fields:
      type: object
      additionalProperties: false
      required: [id, currency]
      properties:
        id: { type: string, maxLength: 9 }
        currency: { enum: [EUR, SEK], default: EUR }
        tax: { type: decimal, scale: 2, default: 0.2 }
        days: { type: integer, minimum: 1, default: 30 }
        rate: { type: number, default: 1.5 }
        open: { type: boolean, default: false }
        note: { type: [string, "null"], default: null }
        town: { $ref: '#/$defs/town' }
        lines:
          type: array
          items: { type: object, properties: { count: { type: integer, default: 1 }, town: { $ref: '#/$defs/town' } } }
        place: { type: object, properties: { town: { $ref: '#/$defs/town' } } }
      $defs:
        town: { type: string, maxLength: 5, default: Malmo }
    rules:
      - { id: days, expr: '!has(record.days) || record.days < 99', message: no }
`

const MODEL = modelOfFile(FILE)
const BILL = MODEL.objects.get('bill')!
const FILLED = {
  currency: 'EUR',
  tax: '0.20',
  days: 30,
  rate: 1.5,
  open: false,
  note: null,
  town: 'Malmo'
}

function filled(data: JsonObject): JsonObject {
  const outcome = BILL.normalise(data)
  if (!outcome.ok) throw new Error(outcome.refusal.message)
  return outcome.value
}

test('what the author leaves out is filled in, and what is there stays', () => {
  assert.equal(filled({ id: 'a' }), { id: 'a', ...FILLED })
  const data = { id: 'a', currency: 'SEK', tax: '1.00', days: 1, rate: 0, open: true, note: 'x', town: 'Lund' }
  assert.equal(filled(data), data)
  assert.equal(filled({ ...data, note: null, currency: null }), { ...data, note: null, currency: null })
})

test('also deep within, where what holds the field is there', () => {
  const data = { id: 'a', ...FILLED, lines: [{}, { count: 2 }, 7], place: {} }
  assert.equal(filled(data), {
    ...data,
    lines: [{ count: 1, town: 'Malmo' }, { count: 2, town: 'Malmo' }, 7],
    place: { town: 'Malmo' }
  })
})

test('the input is not changed, and other fields stay where they are', () => {
  const data = { id: 'a', wrong: 1 }
  assert.equal(filled(data), { ...data, ...FILLED })
  assert.equal(data, { id: 'a', wrong: 1 })
})

test('the author may leave out what is required: the record that is signed has it', () => {
  const draft = draftOfText(MODEL, 10_000, { object: 'bill' }, '{"id":"a"}')
  assert.ok(draft.ok, JSON.stringify(draft))
  assert.equal(draft.ok && draft.value.body?.data, { id: 'a', ...FILLED })
})

test('execution fills nothing in', () => {
  const run = judgedRecords(MODEL)
  const p1 = activePartner('p1', 'maker')
  assert.is(run.judge(p1, 'bill', { id: 'a' }).verdict?.code, 'SCHEMA')
  assert.is(run.judge(p1, 'bill', { id: 'a', currency: 'EUR' }).verdict, null)
  assert.match(run.state.get('r:bill["a"]')?.text ?? '', /"data":\{"currency":"EUR","id":"a"\}/)
})

const DAYS = 'days: { type: integer, minimum: 1, default: 30 }'
const MISTAKES: readonly (readonly [field: string, problem: string])[] = [
  ['days: { type: integer, minimum: 1, default: 0 }', 'days.default default must be at least 1, not 0'],
  ['days: { type: integer, default: "3" }', 'days.default default must be an integer, not the text "3"'],
  ['days: { type: integer, default: null }', 'days.default default must be an integer, not null'],
  [
    'days: { type: string, maxLength: 2, default: abc }',
    'days.default default has 3 characters; at most 2 are allowed'
  ],
  [
    'days: { type: decimal, scale: 2, default: 0.001 }',
    'days.default the default 0.001 is not a decimal with at most 2 digits after the point'
  ],
  ['days: { type: array, default: [] }', 'days.default default does not belong to type array'],
  ['days: { type: object, default: {} }', 'days.default default does not belong to type object'],
  ['days: { default: 1 }', 'days.default default does not belong to a field without a type'],
  [
    'days: { type: array, items: { type: integer, default: 1 } }',
    'days.items a default belongs to a field that has a name'
  ],
  [
    "days: { type: object, additionalProperties: { $ref: '#/$defs/town' } }",
    'days.additionalProperties a default belongs to a field that has a name'
  ]
]

for (const [field, problem] of MISTAKES) {
  test(`is no default: ${field}`, () => {
    const problems = problemsOfFile(FILE.replace(DAYS, field).replace(/ {4}rules:\n.*\n/, ''))
    assert.is(problems[0], `objects.bill.fields.properties.${problem}`, problems.join('\n'))
  })
}

test('every default that is wrong is told', () => {
  const file = FILE.replace('default: 30', 'default: 0').replace('default: EUR', 'default: USD')
  assert.is(problemsOfFile(file).length, 2)
})

test.run()
