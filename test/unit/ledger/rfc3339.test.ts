import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {
  DAY_MAX,
  DAY_MIN,
  dayOfInstant,
  instantOfMillis,
  readDate,
  readDateTime,
  writeDate,
  writeDateTime
} from '../../../src/ledger/rfc3339.js'
import { suite } from '../../support/suite.js'

const test = suite('rfc3339')

const good: [string, string][] = [
  ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z'],
  ['2024-02-29t12:00:00z', '2024-02-29T12:00:00.000Z'],
  ['2019-11-01T14:00:00.000+01:00', '2019-11-01T13:00:00.000Z'],
  ['2019-11-01T00:30:00+01:00', '2019-10-31T23:30:00.000Z'],
  ['2021-02-01T22:46:31.117000+00:00', '2021-02-01T22:46:31.117Z'],
  ['2021-02-01T22:46:31.123456789-23:59', '2021-02-02T22:45:31.123456789Z'],
  ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
  ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
  ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
  ['2015-06-30T23:59:60.5Z', '2015-07-01T00:00:00.500Z'],
  ['2017-01-01T00:59:60+01:00', '2017-01-01T00:00:00.000Z'],
  ['1990-12-31T15:59:60-08:00', '1991-01-01T00:00:00.000Z'],
  ['2024-01-31T12:00:00-00:00', '2024-01-31T12:00:00.000Z']
]
for (const [text, expected] of good) {
  test(`reads ${text}`, () => {
    const instant = readDateTime(text)
    assert.is(instant === null ? null : writeDateTime(instant), expected)
  })
}

const bad = [
  '2023-02-29T12:00:00Z',
  '1900-02-29T12:00:00Z',
  '2024-04-31T12:00:00Z',
  '2024-13-01T12:00:00Z',
  '2024-00-01T12:00:00Z',
  '2024-01-00T12:00:00Z',
  '2024-01-01T24:00:00Z',
  '2024-01-01T12:60:00Z',
  '2024-01-01T12:00:61Z',
  '2024-01-01T12:00:60Z',
  '2024-01-01T23:59:60Z',
  '2016-12-31T23:59:60+01:00',
  '2024-01-01T12:00:00',
  '2024-01-01 12:00:00Z',
  '2024-01-01T12:00:00.Z',
  '2024-01-01T12:00:00.1234567890Z',
  '2024-01-01T12:00:00+0100',
  '2024-01-01T12:00:00+24:00',
  '2024-01-01T12:00:00+01:60',
  '2024-01-01T12:00:00Zx',
  '2024-1-01T12:00:00Z',
  '24-01-01T12:00:00Z',
  '+002024-01-01T12:00:00Z',
  '２０２４-01-01T12:00:00Z',
  ''
]
for (const text of bad) test(`refuses ${JSON.stringify(text)}`, () => assert.is(readDateTime(text), null))

test('days are those of the proleptic Gregorian calendar', () => {
  fc.assert(
    fc.property(fc.integer({ min: DAY_MIN, max: DAY_MAX }), (day) => {
      const oracle = new Date(day * 86_400_000).toISOString().slice(0, 10)
      assert.is(writeDate(day), oracle)
      assert.is(readDate(oracle), day)
    }),
    { numRuns: 2000 }
  )
})

test('instants are read and written as the host does, at any offset', () => {
  const millis = fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(9998, 0, 1) })
  const offset = fc.integer({ min: -23 * 60, max: 23 * 60 })
  fc.assert(
    fc.property(millis, offset, (at, minutes) => {
      const local = new Date(at + minutes * 60_000).toISOString().slice(0, -1)
      const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
      const zone = `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`
      assert.is(readDateTime(local + zone), instantOfMillis(at))
      assert.is(writeDateTime(instantOfMillis(at)), new Date(at).toISOString())
    }),
    { numRuns: 2000 }
  )
})

test('the day of an instant rounds down before 1970 too', () => {
  assert.is(dayOfInstant(-1n), -1)
  assert.is(dayOfInstant(0n), 0)
  assert.is(dayOfInstant(86_400_000_000_000n), 1)
})

test.run()
