import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { hasEscapedName, parseJson } from '../../../src/base/json-names.js'
import { scanJson } from '../../../src/base/json-scan.js'
import { suite } from '../../support/suite.js'

const test = suite('names of members')

/** Slow and plain: takes the text apart into strings, and looks at what follows each. */
function oracle(text: string): boolean {
  const strings = /"(?:[^"\\]|\\[\s\S])*"\s*(:?)/g
  return [...text.matchAll(strings)].some(([whole, colon]) => colon === ':' && whole.includes('\\'))
}

const cases: [text: string, expected: boolean][] = [
  ['', false],
  ['{"a":1}', false],
  ['{"a":"\\\\"}', false],
  ['{"a":"\\":"}', false],
  ['["a\\"",":"]', false],
  ['{"a\\u0062":1}', true],
  ['{"a\\\\":1}', true],
  ['{"x":{"a\\"b" \n\t:1}}', true],
  ['{"a":"\\"b\\":1"}', false],
  ['"\\', false],
  ['"\\"', false]
]

test('an escape in a name is seen, and one in a value is none', () => {
  for (const [text, expected] of cases) assert.is(hasEscapedName(text), expected, text)
})

test('as the plain way says, whatever the text', () => {
  const pieces = fc.constantFrom('"', '\\', ':', ' ', 'a', '{', '}', ',', '\\u0061', '\n')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 14 }), (parts) => {
      const text = parts.join('')
      assert.is(hasEscapedName(text), oracle(text), text)
    }),
    { numRuns: 3_000 }
  )
})

test('what JSON.stringify wrote is read as it was written, names with escapes on every Node', () => {
  const name = fc.oneof(
    fc.constantFrom('record', 'a"b', 'a"c', 'c\\d', 'tab\t', 'tab', 'a'),
    fc.string({ maxLength: 3 })
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.oneof(fc.string({ maxLength: 4 }), fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true })
    )
  }))
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (written) => {
      const text = JSON.stringify(written)
      assert.is(JSON.stringify(parseJson(text)), text)
    }),
    { numRuns: 500 }
  )
})

test('levels around a record are no obstacle, and what the scanner does not take is read all the same', () => {
  let deep: unknown = { 'a"b': 1, 'a"c': 2 }
  for (let level = 0; level < 38; level++) deep = { 'x"y': deep }
  const text = JSON.stringify(deep)
  assert.is(JSON.stringify(parseJson(text)), text)
  assert.not(scanJson(text).ok)
  assert.equal(parseJson('{"message":"\\u0000 in \\"a\\"","a\\"b":1}'), { message: '\u0000 in "a"', 'a"b': 1 })
  assert.throws(
    () => parseJson('{'),
    (error: unknown) => error instanceof SyntaxError
  )
})

test.run()
