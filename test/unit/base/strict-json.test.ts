import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { canonicalText, readCanonical } from '../../../src/base/canonical.js'
import { scanJson } from '../../../src/base/json-scan.js'
import { readJson } from '../../../src/base/strict-json.js'
import { suite } from '../../support/suite.js'

interface Vector {
  name: string
  input: string
  canonical?: string
  refused?: { path: string; position: number }
}

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../../vectors/canonical-json.json', import.meta.url), 'utf8')
).inputs

/** JSON texts of many forms: white space, escapes, odd numbers, names that meet, and now and then a fault. */
const space = fc.constantFrom('', '', '', ' ', '\n\t')
const character = fc.constantFrom(
  'a',
  'b',
  '"',
  '\\',
  '/',
  '\n',
  '\u0000',
  'é',
  '\u2028',
  '\ud83d\ude00',
  '\ud800',
  '\udc00'
)
const escapeText = fc.constantFrom(
  '\\n',
  '\\u0061',
  '\\u00E9',
  '\\ud83d\\ude00',
  '\\uD800',
  '\\u0000',
  '\\/',
  '\\"',
  '\\\\',
  '\\x'
)
const stringText = fc
  .array(fc.oneof({ weight: 12, arbitrary: fc.constantFrom('a', 'b', '1', 'é', ' ') }, escapeText, character), {
    maxLength: 4
  })
  .map((parts) => `"${parts.join('')}"`)
const nameText = fc.oneof(
  stringText,
  fc.constantFrom('"a"', '"b"', '"c"', '"1"', '"10"', '"9"', '"toString"', '"__proto__"')
)
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double().map(String),
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?$/),
  fc.constantFrom('-0', '1.0', '01', '1e400', '9007199254740991', '9007199254740992', '0.1', '5e-324', '1e-7', '100e-2')
)
const { value: jsonText } = fc.letrec<{ value: string }>((tie) => ({
  value: fc
    .tuple(
      space,
      fc.oneof(
        { maxDepth: 3 },
        fc.oneof(stringText, numberText, fc.constantFrom('true', 'false', 'null')),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join()}]`),
        fc
          .array(fc.tuple(space, nameText, space, tie('value')), { maxLength: 4 })
          .map((members) => `{${members.map(([a, name, b, value]) => `${a}${name}${b}:${value}`).join()}}`)
      ),
      space
    )
    .map((parts) => parts.join(''))
}))

const test = suite('strict json')

test('the vectors', () => {
  for (const { name, input, canonical, refused } of vectors) {
    for (const read of [readJson, scanJson]) {
      const outcome = read(input)
      assert.is(outcome.ok, canonical !== undefined, name)
      if (outcome.ok) {
        assert.is(canonicalText(outcome.value), canonical, name)
      } else {
        assert.is(outcome.refusal.code, 'MALFORMED', name)
        assert.is(outcome.refusal.path, refused?.path, name)
        assert.is(outcome.refusal.details?.position, refused?.position, name)
      }
    }
  }
})

test('a refusal names what and where', () => {
  const message = (input: string) => {
    const outcome = readJson(input)
    return outcome.ok ? 'accepted' : outcome.refusal.message
  }
  assert.is(message('{"a":1,"a":2}'), 'member "a" appears twice (at character 7)')
  const long = JSON.stringify('x'.repeat(100_000))
  assert.ok(message(`{${long}:1,${long}:2}`).length < 200)
  assert.is(message('[01]'), "expected ',' or ']', found '1' (at character 2)")
  assert.is(message('[\u00a01]'), 'expected a value, found U+00A0 (at character 1)')
  assert.is(message('{"a"'), "expected ':', found the end (at character 4)")
  assert.match(message('["\\ud800"]'), 'lone surrogate')
  assert.match(message('["\\u0000"]'), 'NUL character')
  assert.match(message('["\u0000"]'), 'NUL character')
  assert.match(message('9007199254740993'), 'safe range')
  assert.match(message('0.12345678901234567891'), 'would be changed to 0.12345678901234568')
  assert.match(message('['.repeat(40)), 'more than 32 levels')
})

test('what is accepted has the value of JSON.parse and a canonical form; the fast way and the slow one agree', () => {
  let accepted = 0
  fc.assert(
    fc.property(jsonText, (input) => {
      const outcome = readJson(input)
      const scanned = scanJson(input)
      assert.equal(outcome, scanned, input)
      if (!outcome.ok) return
      accepted++
      assert.equal(outcome.value, JSON.parse(input), input)
      const canonical = canonicalText(outcome.value)
      const again = readCanonical(canonical)
      assert.ok(again.ok, input)
      if (again.ok) assert.equal(again.value, outcome.value, input)
      assert.is(readCanonical(input).ok, canonical === input, input)
    }),
    { numRuns: 3000 }
  )
  assert.ok(accepted > 500, `only ${accepted} texts were accepted`)
})

test('what JSON.parse refuses is refused, what it accepts is refused only for a reason of ours', () => {
  const reasons = /twice|lone surrogate|NUL|__proto__|safe range|would be changed|levels/
  fc.assert(
    fc.property(jsonText, fc.nat(), fc.constantFrom('', ',', '}', '"', '0', ' ', '\\'), (whole, at, insert) => {
      const from = at % (whole.length + 1)
      const input = whole.slice(0, from) + insert + whole.slice(from + (insert === '' ? 1 : 0))
      const outcome = readJson(input)
      let parses = true
      try {
        JSON.parse(input)
      } catch {
        parses = false
      }
      if (outcome.ok) assert.ok(parses, input)
      else if (parses) assert.match(outcome.refusal.message, reasons, input)
    }),
    { numRuns: 2000 }
  )
})

test('never a minus zero', () => {
  for (const input of ['-0', ' -0 ', '[-0]', '[-0.0,1]', '{"a":-0e5}']) {
    const outcome = readJson(input)
    assert.ok(outcome.ok, input)
    assert.not(JSON.stringify(outcome, (_, value) => (Object.is(value, -0) ? 'minus zero' : value)).includes('minus'))
  }
})

test('deep, long and broken texts are refused without throwing', () => {
  const n = 512 * 1024
  for (const unit of [
    '[',
    '{"a":',
    '"',
    '\\',
    '1',
    ' ',
    '[1,',
    '-',
    '\ud800',
    '{"a":1,',
    '\u0000',
    '/',
    '"a"',
    '[[]',
    'e'
  ]) {
    const outcome = readJson(unit.repeat(n / unit.length))
    assert.is(outcome.ok ? null : outcome.refusal.code, 'MALFORMED', unit)
  }
  assert.ok(readJson(`[${'0, '.repeat(n)}0]`).ok)
  assert.ok(readJson(`"${'\\n'.repeat(n)}"`).ok)
  assert.ok(readJson(`[${'"\\\\\\"",'.repeat(n / 8)}1]`).ok)
  assert.ok(readJson(`1${'.'}${'0'.repeat(n)}`).ok)
})

test.run()
