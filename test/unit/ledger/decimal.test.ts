import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { normaliseDecimal, readDecimal, writeDecimal } from '../../../src/ledger/decimal.js'
import { suite } from '../../support/suite.js'

const test = suite('decimal')

const exact: [string, number, bigint | null][] = [
  ['12.50', 2, 1250n],
  ['-12.50', 2, -1250n],
  ['0.00', 2, 0n],
  ['-0.01', 2, -1n],
  ['7', 0, 7n],
  ['999999999999999999.999999999999999', 15, 999999999999999999999999999999999n],
  ['-0.00', 2, null],
  ['-0', 0, null],
  ['12.5', 2, null],
  ['12.500', 2, null],
  ['12', 2, null],
  ['12.', 0, null],
  ['012.50', 2, null],
  ['+12.50', 2, null],
  ['.50', 2, null],
  ['1e2', 0, null],
  [' 1', 0, null],
  ['1\n', 0, null],
  ['१२.५०', 2, null],
  ['1000000000000000000', 0, null],
  ['', 0, null]
]
for (const [text, scale, expected] of exact) {
  test(`${JSON.stringify(text)} at scale ${scale} is ${expected}`, () => assert.is(readDecimal(text, scale), expected))
}

const loose: [string | number, number, string][] = [
  [12.5, 2, '12.50'],
  ['12.5', 2, '12.50'],
  [12, 2, '12.00'],
  ['12.500', 2, '12.50'],
  ['0012.5', 2, '12.50'],
  ['-0', 2, '0.00'],
  [-0.5, 2, '-0.50'],
  [1e-7, 7, '0.0000001'],
  [1.5e-7, 8, '0.00000015'],
  [0.1, 1, '0.1'],
  [7, 0, '7'],
  [12.505, 2, 'too-many-digits'],
  [0.1 + 0.2, 2, 'too-many-digits'],
  ['1000000000000000000', 0, 'too-large'],
  [1e21, 0, 'too-large'],
  ['twelve', 2, 'not-a-decimal'],
  ['1e2', 2, 'not-a-decimal'],
  ['12,50', 2, 'not-a-decimal'],
  ['', 2, 'not-a-decimal'],
  [Number.NaN, 2, 'not-a-decimal'],
  [Number.POSITIVE_INFINITY, 2, 'not-a-decimal']
]
for (const [value, scale, expected] of loose) {
  test(`${JSON.stringify(value)} at scale ${scale} becomes ${expected}`, () => {
    const result = normaliseDecimal(value, scale)
    assert.is('text' in result ? result.text : result.problem, expected)
  })
}

test('what is written is read back, and is its own normal form', () => {
  const scaled = fc.bigInt({ min: 1n - 10n ** 30n, max: 10n ** 30n - 1n })
  fc.assert(
    fc.property(scaled, fc.integer({ min: 12, max: 15 }), (value, scale) => {
      const text = writeDecimal(value, scale)
      assert.is(readDecimal(text, scale), value)
      assert.equal(normaliseDecimal(text, scale), { text })
    })
  )
})

test.run()
