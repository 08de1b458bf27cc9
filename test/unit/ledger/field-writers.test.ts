import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { activePartner, judgedRecords, modelOfFile, problemsOfFile } from '../../support/judged-records.js'
import { suite } from '../../support/suite.js'

const test = suite('who may write which field')

/** `part` has a key, `note` has none. */
const FILE = `
format: 1
title: Parts
roles:
  maker: { append: [part], govern: true }
  dealer: { append: [part, note] }
  boss: { append: [part, note] }
  reader: { append: [] }
objects:
  part:
    key: [id]
    fields:
      type: object
      required: [id]
      properties:
        id: { type: string, maxLength: 9 }
        price: { type: [string, "null"] }
        sizes: { type: object, properties: { a: {}, b: {} } }
        shelf: { type: string }
    rules:
      - { id: no-x, expr: '!has(record.shelf) || record.shelf != "x"', message: no }
    writers: { price: [maker, boss], sizes: [maker] }
  note:
    key: []
    fields:
      type: object
      properties:
        text: { type: string }
        stamp: { type: integer }
    writers:
      stamp: [boss]
`

const ROLES = ['maker', 'dealer', 'boss'] as const
const [MAKER, DEALER, BOSS] = ROLES.map((role) => activePartner(role, role))

function recordsOf() {
  const run = judgedRecords(modelOfFile(FILE))
  const part = (author = MAKER, data: JsonObject = {}) => run.judge(author!, 'part', { id: 'a', ...data }).verdict
  return { ...run, part }
}

test('who may not set a field may write records with what it is already', () => {
  const run = recordsOf()
  const sizes = { a: 1, b: 2 }
  assert.is(run.part(MAKER, { price: '1', sizes }), null)
  assert.is(run.part(DEALER, { price: '1', sizes: { b: 2, a: 1 }, shelf: 's' }), null)
  assert.is(run.part(BOSS, { price: '2', sizes }), null)
  assert.equal(run.part(DEALER, { price: '1', sizes }), {
    code: 'NOT_PERMITTED',
    message: 'role dealer may not change price from "2" to "1"; who may: boss, maker',
    path: '/price',
    details: { field: 'price', role: 'dealer', writers: ['boss', 'maker'] }
  })
  assert.is(run.part(BOSS, { price: '2', sizes: { a: 1 } })?.path, '/sizes')
})

test('the first record: only who may set the field has it', () => {
  const run = recordsOf()
  assert.is(run.part(DEALER, { price: '1' })?.message, 'role dealer may not set price; who may: boss, maker')
  assert.is(run.part(DEALER, { price: null })?.code, 'NOT_PERMITTED')
  assert.is(run.part(DEALER, { shelf: 's' }), null)
  assert.is(run.part(DEALER, { shelf: 't' }), null)
  assert.is(run.part(DEALER, { price: '1' })?.code, 'NOT_PERMITTED')
  assert.is(run.part(MAKER, { price: '1' }), null)
})

test('to leave a field out is to change it', () => {
  const run = recordsOf()
  assert.is(run.part(MAKER, { price: '1' }), null)
  const message = 'role dealer may not leave out price, which is "1"; who may: boss, maker'
  assert.is(run.part(DEALER, {})?.message, message)
  assert.is(run.part(DEALER, { price: null })?.code, 'NOT_PERMITTED')
  assert.is(run.part(MAKER, {}), null)
  assert.is(run.part(DEALER, {}), null)
})

test('without a key there is no record before', () => {
  const run = recordsOf()
  const note = (author = BOSS, data: JsonObject = {}) => run.judge(author!, 'note', data).verdict?.code
  assert.equal([note(BOSS, { stamp: 1 }), note(DEALER, { stamp: 1 })], [undefined, 'NOT_PERMITTED'])
  assert.is(note(DEALER, { text: 't' }), undefined)
})

test('it is asked before the rules', () => {
  const run = recordsOf()
  assert.is(run.part(DEALER, { price: '1', shelf: 'x' })?.code, 'NOT_PERMITTED')
  assert.is(run.part(DEALER, { shelf: 'x' })?.code, 'RULE_BROKEN')
})

const WRITERS = 'writers: { price: [maker, boss], sizes: [maker] }'
const MISTAKES: readonly (readonly [writers: string, problem: string])[] = [
  ['[price]', ' writers are listed by field'],
  ['{ price: maker }', '.price "maker" is not a list of roles'],
  ['{ price: [] }', '.price [] is not a list of roles'],
  ['{ price: [maker, maker] }', '.price[1] maker is listed twice'],
  ['{ prise: [maker] }', '.prise writers names prise, which is not among the fields'],
  ['{ price: [makre] }', '.price there is no role "makre"'],
  ['{ price: [constructor] }', '.price there is no role "constructor"'],
  ['{ price: [reader] }', '.price role reader may not append part, so it cannot write price']
]

for (const [writers, problem] of MISTAKES) {
  test(`says nobody: ${writers}`, () => {
    const problems = problemsOfFile(FILE.replace(WRITERS, `writers: ${writers}`))
    assert.is(problems[0], `objects.part.writers${problem}`, problems.join('\n'))
  })
}

test('roles are sorted, and an empty list of fields is none', () => {
  assert.equal(modelOfFile(FILE).network.objects.part?.writers, { price: ['boss', 'maker'], sizes: ['maker'] })
  const { network } = modelOfFile(FILE.replace(WRITERS, 'writers: {}'))
  assert.not.ok('writers' in network.objects.part!)
})

test.run()
