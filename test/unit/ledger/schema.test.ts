import * as assert from 'uvu/assert'
import type { Json, JsonObject } from '../../../src/base/json.js'
import { compileThing, problemsOf } from '../../support/network-source.js'
import { suite } from '../../support/suite.js'

const test = suite('schema')

/** What the schema check says of one field's value; empty when it is good. */
function said(schema: Json, value: Json | undefined): string {
  const thing = compileThing({ properties: { field: schema } })
  return thing.checkSchema(value === undefined ? {} : { field: value })?.message ?? ''
}

const values: [name: string, schema: JsonObject, value: Json | undefined, message: string][] = [
  ['a string', { type: 'string' }, 'x', ''],
  ['a string is not a number', { type: 'string' }, 5, 'field must be a string, not a number'],
  ['a missing field', { type: 'string' }, undefined, 'field is missing'],
  ['null is a value of its own', { type: 'string' }, null, 'field must be a string, not null'],
  ['null where it is allowed', { type: ['string', 'null'] }, null, ''],
  ['null with an enum that has it', { enum: ['a', null] }, null, ''],
  ['null with an enum that lacks it', { type: ['string', 'null'], enum: ['a'] }, null, 'field must be a, not null'],
  ['an integer', { type: 'integer' }, 5, ''],
  ['an integer is no text', { type: 'integer' }, '5', 'field must be an integer, not the text "5"'],
  ['an integer has no fraction', { type: 'integer' }, 5.5, 'field must be an integer, not the number 5.5'],
  ['the largest integer', { type: 'integer' }, Number.MAX_SAFE_INTEGER, ''],
  [
    'beyond the safe integers',
    { type: 'integer' },
    2 ** 53,
    'field must be at most 9007199254740991, not 9007199254740992'
  ],
  ['an integer from 1', { type: 'integer', minimum: 1 }, 0, 'field must be at least 1, not 0'],
  ['an integer above 1', { type: 'integer', exclusiveMinimum: 1 }, 1, 'field must be more than 1, not 1'],
  ['an integer below 5', { type: 'integer', exclusiveMaximum: 5 }, 5, 'field must be less than 5, not 5'],
  ['a multiple', { type: 'integer', multipleOf: 5 }, 7, 'field must be a multiple of 5, not 7'],
  ['a number', { type: 'number' }, 5.5, ''],
  ['a listed number', { type: 'number', enum: [1, 2.5] }, 2, 'field must be one of 1, 2.5, not 2'],
  ['true', { type: 'boolean' }, true, ''],
  ['true is no text', { type: 'boolean' }, 'true', 'field must be true or false, not the text "true"'],
  ['a listed text', { enum: ['PASSED', 'FAILED'] }, 'PASED', 'field must be one of PASSED, FAILED, not "PASED"'],
  ['a constant', { const: 'EUR' }, 'USD', 'field must be EUR, not "USD"'],
  ['too long a text', { type: 'string', maxLength: 2 }, 'abc', 'field has 3 characters; at most 2 are allowed'],
  ['too short a text', { type: 'string', minLength: 2 }, 'a', 'field has 1 characters; at least 2 are allowed'],
  ['lengths count code points', { type: 'string', maxLength: 2 }, '😀😀', ''],
  [
    'one code point too many',
    { type: 'string', maxLength: 2 },
    '😀😀😀',
    'field has 3 characters; at most 2 are allowed'
  ],
  ['a pattern', { type: 'string', pattern: '^[A-Z]{2}$' }, 'AB', ''],
  [
    'a pattern not met',
    { type: 'string', pattern: '^[A-Z]{2}$' },
    'Ab',
    'field does not match the pattern ^[A-Z]{2}$: "Ab"'
  ],
  ['a pattern is found anywhere', { type: 'string', pattern: 'b' }, 'abc', ''],
  ['a pattern sees code points', { type: 'string', pattern: '^.$' }, '😀', ''],
  ['a date', { type: 'string', format: 'date' }, '2024-02-29', ''],
  [
    'no date',
    { type: 'string', format: 'date' },
    '2023-02-29',
    'field must be a date such as 2024-01-31, not "2023-02-29"'
  ],
  ['a time', { type: 'string', format: 'date-time' }, '2024-02-29T12:00:00+01:00', ''],
  [
    'no time',
    { type: 'string', format: 'date-time' },
    '2024-02-29',
    'field must be a time such as 2024-01-31T12:00:00Z, not "2024-02-29"'
  ],
  ['a decimal', { type: 'decimal', scale: 2 }, '12.50', ''],
  [
    'a decimal is a text',
    { type: 'decimal', scale: 2 },
    12.5,
    'field must be a decimal with 2 digits after the point, not the number 12.5'
  ],
  [
    'a decimal has all its digits',
    { type: 'decimal', scale: 2 },
    '12.5',
    'field must be a decimal with 2 digits after the point such as "12.50", not "12.5"'
  ],
  [
    'a decimal has no negative zero',
    { type: 'decimal', scale: 2 },
    '-0.00',
    'field must be a decimal with 2 digits after the point such as "12.50", not "-0.00"'
  ],
  ['a decimal within its bounds', { type: 'decimal', scale: 2, minimum: '0', maximum: '9.99' }, '9.99', ''],
  [
    'a decimal beyond its bounds',
    { type: 'decimal', scale: 2, minimum: 0, maximum: 9.99 },
    '10.00',
    'field must be a decimal with 2 digits after the point such as "12.50", from 0.00 to 9.99, not "10.00"'
  ],
  ['a list', { type: 'array', items: { type: 'integer' } }, [1, 2], ''],
  [
    'a wrong item',
    { type: 'array', items: { type: 'integer' } },
    [1, 'x'],
    'field[1] must be an integer, not the text "x"'
  ],
  ['too many items', { type: 'array', maxItems: 1 }, [1, 2], 'field has 2 items; at most 1 are allowed'],
  [
    'an item twice',
    { type: 'array', items: { type: 'string' }, uniqueItems: true },
    ['a', 'b', 'a'],
    'field lists the same value twice, at positions 1 and 3'
  ],
  [
    'an inner field',
    { type: 'object', properties: { in: { type: 'integer' } } },
    { in: 'x' },
    'field.in must be an integer, not the text "x"'
  ],
  ['an inner field that is missing', { type: 'object', required: ['in'] }, {}, 'field.in is missing'],
  [
    'an unknown inner field',
    { type: 'object', properties: { weight: true }, additionalProperties: false },
    { wieght: 1 },
    'wieght is not a field of field; did you mean weight?'
  ],
  [
    'fields of one type',
    { type: 'object', additionalProperties: { type: 'integer' } },
    { a: 1, b: 'x' },
    'field.b must be an integer, not the text "x"'
  ],
  [
    'too many fields',
    { type: 'object', maxProperties: 1 },
    { a: 1, b: 2 },
    'field has 2 fields; at most 1 are allowed'
  ],
  ['anything', {}, { a: [null, 1.5, 'x'] }, '']
]
for (const [name, schema, value, message] of values)
  test(`checks ${name}`, () => assert.is(said(schema, value), message))

test('a refusal names the field by a JSON Pointer', () => {
  const thing = compileThing({ properties: { 'a/b': { type: 'array', items: { type: 'integer' } } } })
  const refusal = thing.checkSchema({ 'a/b': [1, 'x'] })
  assert.is(refusal?.code, 'SCHEMA')
  assert.is(refusal?.path, '/a~1b/1')
  assert.is(thing.checkSchema({ 'a/b': [], 'c~d': 1 })?.path, '/c~0d')
  assert.is(thing.checkSchema({})?.path, '/a~1b')
})

test('an unknown field suggests the nearest, and a huge name stays short', () => {
  const thing = compileThing({ properties: { odometer: { type: 'integer' } } })
  assert.is(
    thing.checkSchema({ odometer: 1, odometr: 1 })?.message,
    'odometr is not a field of thing; did you mean odometer?'
  )
  const huge = thing.checkSchema({ odometer: 1, ['x'.repeat(100_000)]: 1 })
  assert.ok(huge !== null && huge.message.length < 200 && huge.path === '')
})

test('names that every object inherits are fields like others', () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const thing = compileThing({ properties: { [name]: { type: 'integer' } } })
    assert.is(thing.checkSchema({})?.message, `${name} is missing`)
    assert.is(thing.checkSchema({ [name]: 1 }), null)
    const strict = compileThing({ properties: {} })
    assert.is(strict.checkSchema({ [name]: 1 })?.message, `${name} is not a field of thing`)
  }
})

test('a catastrophic pattern takes no time', () => {
  const check = compileThing({ properties: { field: { type: 'string', pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' } } })
  const started = performance.now()
  assert.ok(check.checkSchema({ field: 'a'.repeat(5000) }))
  assert.ok(performance.now() - started < 500)
})

test('a local definition is used in several places', () => {
  const source = {
    properties: { a: { $ref: '#/$defs/id' }, b: { $ref: '#/$defs/id', title: 'B' } },
    more: { $defs: { id: { type: 'integer' } } }
  }
  const thing = compileThing(source)
  assert.is(thing.checkSchema({ a: 1, b: 2 }), null)
  assert.is(thing.checkSchema({ a: 1, b: 'x' })?.path, '/b')
})

test('decimals are normalised for the author, and nothing else is touched', () => {
  const price = { type: 'decimal', scale: 2 }
  const line = { type: 'object', properties: { price } }
  const thing = compileThing({ properties: { price, lines: { type: 'array', items: line }, note: { type: 'string' } } })
  const data = { price: 12.5, lines: [{ price: '3' }, { price: 4, other: [1] }], note: '1.5' }
  const before = structuredClone(data)
  const outcome = thing.normalise(data)
  assert.ok(outcome.ok)
  const expected = { price: '12.50', lines: [{ price: '3.00' }, { price: '4.00', other: [1] }], note: '1.5' }
  assert.equal(outcome.ok && outcome.value, expected)
  assert.equal(data, before)
  const refused = thing.normalise({ price: 1, lines: [{ price: 0.001 }], note: '' })
  assert.not.ok(refused.ok)
  assert.equal(!refused.ok && refused.refusal, {
    code: 'SCHEMA',
    message: 'lines[0].price has more than 2 digits after the point: 0.001',
    path: '/lines/0/price'
  })
  const hopeless = thing.normalise({ price: 'dear', lines: 5, note: '' })
  assert.equal(hopeless.ok && hopeless.value, { price: 'dear', lines: 5, note: '' })
})

const mistakes: [schema: Json, problem: RegExp, remedy: RegExp][] = [
  [{ type: 'strnig' }, /"strnig" is not a type/, /did you mean string\?/],
  [{ type: ['string', 'integer'] }, /one type/, /"null"/],
  [{ type: 'string', maxLenght: 5 }, /maxLenght is not a keyword/, /did you mean maxLength\?/],
  [{ type: 'integer', maxLength: 5 }, /maxLength does not belong to type integer/, /remove maxLength/],
  [{ type: 'string', anyOf: [] }, /anyOf is not supported/, /rule/],
  [{ type: 'object', patternProperties: {} }, /patternProperties is not supported/, /additionalProperties/],
  [{ type: 'string', format: 'email' }, /"email" is not a format/, /date/],
  [{ type: 'string', pattern: '(?=a)' }, /pattern cannot be used/, /RE2/],
  [{ type: 'string', pattern: '(a)\\1' }, /pattern cannot be used/, /RE2/],
  [{ type: 'string', pattern: 'a{1001}' }, /pattern cannot be used/, /RE2/],
  [{ type: 'string', pattern: 'x'.repeat(1001) }, /longer than 1000/, /shorten/],
  [{ type: 'string', pattern: '[a-z]{500}', maxLength: 100_000 }, /too much work/, /maxLength/],
  [{ type: 'string', maxLength: -1 }, /at least 0/, /number/],
  [{ type: 'string', minLength: 5, maxLength: 1 }, /less than/, /swap/],
  [{ type: 'integer', minimum: 5, maximum: 1 }, /no value can be/, /correct/],
  [{ type: 'integer', minimum: '5' }, /whole number, not "5"/, /without quotes/],
  [{ type: 'number', multipleOf: 0.1 }, /multipleOf does not belong to type number/, /remove/],
  [{ type: 'decimal' }, /needs its scale/, /scale: 2/],
  [{ type: 'decimal', scale: 16 }, /from 0 to 15/, /2/],
  [{ type: 'decimal', scale: 2, minimum: 0.001 }, /at most 2 digits/, /12.50/],
  [{ enum: ['a', 5] }, /5 is not of type string/, /in quotes/],
  [{ enum: [] }, /must list/, /VALUE/],
  [{ enum: ['a', 'a'] }, /listed twice/, /remove/],
  [{ type: 'array', items: { type: 'object' }, uniqueItems: true }, /can be compared/, /remove/],
  [
    { type: 'object', additionalProperties: false, required: ['x'], properties: { y: {} } },
    /required but not among/,
    /fields: y/
  ],
  [{ $ref: 'https://example.org/schema' }, /does not point into this schema/, /#\/\$defs\/NAME/],
  [{ $ref: '#/$defs/nothing' }, /no definition/, /definitions|choose/],
  [5, /5 is not a schema/, /type: string/],
  [{ type: 'object', properties: { __proto__x: { type: 'x' } } }, /"x" is not a type/, /types/]
]
for (const [schema, problem, remedy] of mistakes) {
  test(`refuses ${JSON.stringify(schema).slice(0, 70)}`, () => {
    const [first] = problemsOf({ properties: { field: schema } })
    assert.match(first!.problem, problem)
    assert.match(first!.remedy, remedy)
    assert.ok(first!.path.startsWith('objects.thing.fields'))
  })
}

test('a definition that contains itself is refused', () => {
  const more = { $defs: { a: { type: 'array', items: { $ref: '#/$defs/b' } }, b: { $ref: '#/$defs/a' } } }
  assert.match(problemsOf({ properties: { field: { $ref: '#/$defs/a' } }, more })[0]!.problem, /contains itself/)
})

test('definitions that multiply are bounded', () => {
  const $defs: JsonObject = { d0: { type: 'string' } }
  for (let level = 1; level <= 7; level++) {
    const inner = Array.from({ length: 8 }, (_, index) => [`f${index}`, { $ref: `#/$defs/d${level - 1}` }])
    $defs[`d${level}`] = { type: 'object', properties: Object.fromEntries(inner) }
  }
  const started = performance.now()
  const problems = problemsOf({ properties: { field: { $ref: '#/$defs/d7' } }, more: { $defs } })
  assert.match(problems[0]!.problem, /more than 2000 parts/)
  assert.ok(performance.now() - started < 1000)
})

test('a schema has a depth', () => {
  let field: JsonObject = { type: 'string' }
  for (let level = 0; level < 8; level++) field = { type: 'array', items: field }
  compileThing({ properties: { field } })
  const $defs: JsonObject = { d0: { type: 'string' } }
  for (let level = 1; level <= 10; level++)
    $defs[`d${level}`] = { type: 'array', items: { $ref: `#/$defs/d${level - 1}` } }
  const problems = problemsOf({ properties: { field: { $ref: '#/$defs/d10' } }, more: { $defs } })
  assert.match(problems[0]!.problem, /nests deeper than 16 levels/)
})

test.run()
