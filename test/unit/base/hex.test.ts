import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { bytesToHex, hexInto, hexToBytes } from '../../../src/base/hex.js'
import { suite } from '../../support/suite.js'

const test = suite('hex')

test('any bytes come back and equal what Node writes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const hex = bytesToHex(bytes)
      assert.is(hex, Buffer.from(bytes).toString('hex'))
      assert.equal(hexToBytes(hex), bytes)
    })
  )
  assert.is(bytesToHex(Uint8Array.from({ length: 256 }, (_, i) => i)).length, 512)
})

test('only lower-case hex of whole bytes is read', () => {
  for (const bad of ['0', 'abc', 'AB', '0g', 'g0', '0x', ' 0', '0\n', '/0', '0:', '`0', 'é0', '\ud83d\ude00']) {
    assert.is(hexToBytes(bad), null, bad)
  }
})

test('writes in place and never beyond the target', () => {
  const target = new Uint8Array(4)
  assert.ok(hexInto('0102', target, 1))
  assert.equal([...target], [0, 1, 2, 0])
  assert.not(hexInto('0102', target, 3))
  assert.equal([...target], [0, 1, 2, 0])
})

test.run()
