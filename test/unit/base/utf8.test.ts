import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { decodeUtf8, isWellFormed, utf8Bytes, utf8Length } from '../../../src/base/utf8.js'
import { suite } from '../../support/suite.js'

/** Position of the first bad byte that decodeUtf8 names; -1 when it accepts. */
function badByte(...bytes: number[]): unknown {
  const outcome = decodeUtf8(Uint8Array.from(bytes))
  if (outcome.ok) return -1
  assert.is(outcome.refusal.code, 'MALFORMED')
  return outcome.refusal.details?.byte
}

const test = suite('utf8')

test('any well-formed text comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(decodeUtf8(utf8Bytes(`x${text}`)), { ok: true, value: `x${text}` })
      assert.is(utf8Length(text), Buffer.byteLength(text))
    })
  )
})

test('the length of any text, lone surrogates counted as U+FFFD', () => {
  const unit = fc
    .oneof(fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff }))
    .map((code) => String.fromCharCode(code))
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      assert.is(utf8Length(text), utf8Bytes(text).length)
      assert.is(isWellFormed(text), Buffer.from(text).toString() === text)
    })
  )
})

test('the length of long texts, pairs at every place', () => {
  for (const start of ['', 'x', 'é', '\ud83d', '\ude00']) {
    for (const unit of ['a', '€', '\u{1f600}', '\ud83d', '\ude00']) {
      const text = start + unit.repeat(20_000)
      assert.is(utf8Length(text), utf8Bytes(text).length)
    }
  }
})

test('what is not UTF-8 is refused with the place', () => {
  assert.is(badByte(), -1)
  assert.is(badByte(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80), -1)
  assert.is(badByte(0xed, 0x9f, 0xbf, 0xee, 0x80, 0x80, 0xf4, 0x8f, 0xbf, 0xbf), -1)
  assert.is(badByte(0x61, 0x80), 1, 'continuation alone')
  assert.is(badByte(0x61, 0xc3), 1, 'truncated')
  assert.is(badByte(0xe2, 0x82), 0, 'truncated')
  assert.is(badByte(0x61, 0x62, 0xf0, 0x9f, 0x98), 2, 'truncated')
  assert.is(badByte(0xc0, 0x80), 0, 'overlong NUL')
  assert.is(badByte(0xc1, 0xbf), 0, 'overlong')
  assert.is(badByte(0xe0, 0x9f, 0xbf), 0, 'overlong')
  assert.is(badByte(0xf0, 0x8f, 0xbf, 0xbf), 0, 'overlong')
  assert.is(badByte(0xed, 0xa0, 0x80), 0, 'surrogate')
  assert.is(badByte(0x61, 0xed, 0xbf, 0xbf), 1, 'surrogate')
  assert.is(badByte(0xf4, 0x90, 0x80, 0x80), 0, 'beyond U+10FFFF')
  assert.is(badByte(0xf5, 0x80, 0x80, 0x80), 0)
  assert.is(badByte(0x61, 0xff), 1)
})

test('a byte order mark is refused at the start and kept elsewhere', () => {
  assert.is(badByte(0xef, 0xbb, 0xbf, 0x7b, 0x7d), 0)
  assert.equal(decodeUtf8(Uint8Array.of(0x61, 0xef, 0xbb, 0xbf)), { ok: true, value: 'a\ufeff' })
})

test('the place is that of the first byte a lenient decoder replaces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 6, min: 0xc0 }), (head, tail) => {
      const bytes = Uint8Array.of(0x61, ...head, ...tail)
      const outcome = decodeUtf8(bytes)
      const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
      if (outcome.ok) return assert.is(outcome.value, lenient.decode(bytes))
      const at = outcome.refusal.details?.byte as number
      const before = decodeUtf8(bytes.subarray(0, at))
      assert.ok(before.ok, 'all before it is good')
      const replaced = lenient.decode(bytes)
      assert.ok(replaced.startsWith(`${before.ok ? before.value : ''}\ufffd`))
    }),
    { numRuns: 500 }
  )
})

test.run()
