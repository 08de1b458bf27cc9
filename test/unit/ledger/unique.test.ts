import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { effectProblem, effectsOf, stateAfter, takeBackWrites } from '../../../src/ledger/record-effects.js'
import type { RuleInput } from '../../../src/ledger/rules.js'
import { activePartner, judgedRecords, modelOfFile, problemsOfFile } from '../../support/judged-records.js'
import { suite } from '../../support/suite.js'

const test = suite('values that no two things may share')

/** `part` has a key, `bill` has none. */
const FILE = `
format: 1
title: Parts
roles:
  maker: { append: [part, bill], govern: true }
objects:
  part:
    key: [id]
    fields:
      type: object
      additionalProperties: false
      required: [id]
      properties:
        id: { type: string, maxLength: 9 }
        serial: { type: [string, "null"], maxLength: 200 }
        country: { type: string, maxLength: 200 }
        weight: { type: decimal, scale: 1 }
        large: { type: boolean }
        note: { type: string }
        lines: { type: array, items: { type: string } }
    unique: [[serial], [country, weight]]
  bill:
    key: []
    fields:
      type: object
      properties:
        number: { type: integer }
        km: { type: integer }
    rules:
      - { id: far, expr: "!has(record.km) || record.km < 9", message: no }
    unique: [[number]]
`

const NO_UNIQUE = FILE.replace(/ {4}unique: .*\n/g, '')
const P1 = activePartner('p1', 'maker')
const P2 = activePartner('p2', 'maker')

function recordsOf(file = FILE) {
  const run = judgedRecords(modelOfFile(file))
  const say =
    (object: string) =>
    (data: JsonObject, author = P1) =>
      run.judge(author, object, data).verdict?.code
  return { ...run, part: say('part'), bill: say('bill') }
}

test('an object without key: each value is used once, across partners', () => {
  const run = recordsOf()
  assert.is(run.bill({ number: 1 }), undefined)
  const { verdict, lines } = run.judge(P2, 'bill', { number: 1 })
  assert.equal(verdict, {
    code: 'DUPLICATE',
    message: 'number 1 belongs to another bill, by record p1/0/0',
    path: '/number',
    details: { fields: ['number'], values: [1], record: 'p1/0/0' }
  })
  assert.equal(lines, [])
  assert.is(run.bill({ number: 2 }, P2), undefined)
})

test('under a key a thing may repeat its value, and what it lets go of is free again', () => {
  const run = recordsOf()
  assert.is(run.part({ id: 'a', serial: 's1' }), undefined)
  assert.is(run.part({ id: 'b', serial: 's1' }, P2), 'DUPLICATE')
  assert.is(run.part({ id: 'a', serial: 's1', note: 'again' }, P2), undefined)
  assert.is(run.judge(P1, 'part', { id: 'b', serial: 's1' }).verdict?.details?.record, 'p2/1/0', 'the newest has it')
  assert.is(run.part({ id: 'a', serial: 's2' }), undefined)
  assert.is(run.part({ id: 'b', serial: 's1' }), undefined)
  assert.is(run.part({ id: 'a', serial: 's1' }), 'DUPLICATE')
  assert.is(run.part({ id: 'b' }), undefined)
  assert.is(run.part({ id: 'a', serial: 's1' }), undefined)
  assert.is(run.part({ id: 'b', serial: 's1' }), 'DUPLICATE')
})

test('several fields count together, and who lacks one of them does not take part', () => {
  const run = recordsOf()
  assert.is(run.part({ id: 'a', country: 'se', weight: '1.0', serial: null }), undefined)
  assert.is(run.part({ id: 'b', country: 'se', weight: '2.0', serial: null }), undefined)
  const { verdict } = run.judge(P1, 'part', { id: 'c', country: 'se', weight: '2.0' })
  assert.is(verdict?.message, 'country "se", weight "2.0" together belong to another part, by record p1/1/0')
  assert.is(verdict?.path, undefined)
  for (const id of ['d', 'e']) assert.is(run.part({ id, country: 'se' }), undefined)
})

test('values of different types or fields are different values', () => {
  const file = FILE.replace('unique: [[serial], [country, weight]]', 'unique: [[serial], [country]]')
  const run = recordsOf(file)
  assert.is(run.part({ id: 'a', serial: 'x' }), undefined)
  assert.is(run.part({ id: 'b', country: 'x' }), undefined)
  assert.is(run.part({ id: 'c', serial: '["x"]' }), undefined)
})

test('what is refused claims nothing', () => {
  const run = recordsOf()
  assert.is(run.bill({ number: 7, km: 10 }), 'RULE_BROKEN')
  assert.is(run.bill({ number: 7 }), undefined)
  assert.is(run.part({ id: 'a', serial: 's1' }), undefined)
  assert.is(run.part({ id: 'b', serial: 's1', country: 'se', weight: '1.0' }), 'DUPLICATE')
  assert.is(run.part({ id: 'c', country: 'se', weight: '1.0' }), undefined, 'nor by its other list')
})

test('lines of the result hash, and state keys of a bounded length', () => {
  const run = recordsOf()
  assert.equal(run.judge(P1, 'bill', { number: 1 }).lines, ['r:bill[] p1/0/0\n', 'U:bill/["number"]/[1] p1/0/0\n'])
  assert.equal(run.judge(P1, 'part', { id: 'a', serial: 's' }).lines, [
    'r:part["a"] p1/1/0\n',
    'U:part/["serial"]/["s"] ["a"]\n'
  ])
  assert.equal(run.judge(P1, 'part', { id: 'a', serial: 's' }).lines, ['r:part["a"] p1/2/0\n'], 'it stands there')
  const long = { id: 'b', country: 'c'.repeat(200), weight: '1.0', serial: '\u0001'.repeat(200) }
  const { lines } = run.judge(P1, 'part', long)
  assert.match(lines[1] ?? '', /^U:part\/\["serial"\]\/#[0-9a-f]{64} \["b"\]\n$/)
  assert.is(run.part({ ...long, id: 'c' }), 'DUPLICATE')
})

test('a record that is a double of one of its author says so, and one that is refused for its values can be asked for', () => {
  const run = recordsOf()
  assert.is(run.judge(P1, 'bill', { number: 1 }, { unique: 'u' }).verdict, null)
  assert.equal(run.judge(P1, 'bill', { number: 2 }, { unique: 'u' }).verdict?.details, {
    unique: 'u',
    record: 'p1/0/0'
  })
  const refused = run.judge(P2, 'bill', { number: 1 }, { unique: 'v' })
  assert.equal(refused.lines, ['u:p2/bill/"v" p2/0/0\n'])
  const again = run.judge(P2, 'bill', { number: 1 }, { unique: 'v' })
  assert.equal([again.verdict?.details, again.lines], [{ unique: 'v', record: 'p2/0/0' }, []])
})

test('what is on the chain already does not count; taken away and put back, the state decides', () => {
  const run = recordsOf(NO_UNIQUE)
  assert.is(run.part({ id: 'a', serial: 's1' }), undefined)
  run.setModel(modelOfFile(FILE))
  assert.is(run.part({ id: 'b', serial: 's1' }), undefined)
  assert.is(run.part({ id: 'a', serial: 's1' }), 'DUPLICATE')
  run.setModel(modelOfFile(NO_UNIQUE))
  assert.is(run.part({ id: 'a', serial: 's1' }), undefined)
  assert.is(run.part({ id: 'c', serial: 's2' }), undefined)
  run.setModel(modelOfFile(FILE))
  assert.is(run.part({ id: 'a', serial: 's1' }), 'DUPLICATE', 'b claimed it, and its newest record has it')
  assert.is(run.part({ id: 'd', serial: 's2' }), undefined, 'c never claimed it')
  run.setModel(modelOfFile(NO_UNIQUE))
  assert.is(run.part({ id: 'b', serial: 's3' }), undefined)
  run.setModel(modelOfFile(FILE))
  assert.is(run.part({ id: 'a', serial: 's1' }), undefined, 'the newest record of b has another')
})

test('effects that are taken back are gone, of the record that had them alone', () => {
  const run = recordsOf()
  const data = { number: 1 }
  const { id } = run.judge(P1, 'bill', data)
  const effects = effectsOf(modelOfFile(FILE).objects.get('bill')!, '[]', data, null)
  const input: RuleInput = { record: data, previous: null, refs: {}, author: P1, block: { height: 9, time: 9 } }
  assert.equal(takeBackWrites(run.state, effects, { id: 'p9/0/0', height: 1 }), [])
  assert.is(effectProblem(run.state, effects, input)?.code, 'DUPLICATE')
  const writes = takeBackWrites(run.state, effects, { id, height: 1 })
  assert.equal(writes, [{ key: 'U:bill/["number"]/[1]', entry: { text: 'free' } }])
  assert.is(effectProblem(stateAfter(run.state, writes), effects, input), null)
})

const MISTAKES: readonly (readonly [unique: string, problem: string])[] = [
  ['serial', 'objects.part.unique "serial" is not a list of lists of fields'],
  ['[serial]', 'objects.part.unique[0] "serial" is not a list of fields'],
  ['[[]]', 'objects.part.unique[0] [] is not a list of fields'],
  ['[[seriall]]', 'objects.part.unique[0][0] unique names seriall, which is not among the fields'],
  ['[[serial, serial]]', 'objects.part.unique[0][1] serial stands there twice'],
  ['[[serial, country], [country, serial]]', 'objects.part.unique[1] these fields are unique already'],
  ['[[lines]]', 'objects.part.unique[0][0] lines is a list, which unique cannot take'],
  ['[[note]]', 'objects.part.fields.properties.note note stands in unique and has at most 256 characters'],
  ['[[id, serial]]', 'objects.part.unique[0] the whole key is among these fields, so no two things can share them'],
  [
    `[${Array.from({ length: 9 }, () => '[serial]').join(', ')}]`,
    'objects.part.unique there are more than 8 unique lists'
  ]
]

for (const [unique, problem] of MISTAKES) {
  test(`is no list: ${unique}`, () => {
    const problems = problemsOfFile(FILE.replace('[[serial], [country, weight]]', unique))
    assert.is(problems[0], problem, problems.join('\n'))
  })
}

test('an empty list is none, and older definitions keep their form', () => {
  const { network } = modelOfFile(FILE.replace('[[serial], [country, weight]]', '[]'))
  assert.not.ok('unique' in network.objects.part!)
  assert.ok('unique' in network.objects.bill!)
})

test.run()
