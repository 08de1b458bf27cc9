import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { crc32c } from '../../../../src/node/store/crc32c.js'
import {
  blockKey,
  historyPlace,
  historyPrefix,
  keyName,
  locationKey,
  prefixEnd,
  readHistoryKey,
  treeKey
} from '../../../../src/node/store/layout.js'
import { snappyDecompress } from '../../../../src/node/store/snappy.js'
import { createStateCache } from '../../../../src/node/store/state-cache.js'
import { suite } from '../../../support/suite.js'

const test = suite('store layout')

function byteOrder(a: string, b: string): number {
  return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

test('the order of keys is that of the numbers in them', () => {
  const height = fc.integer({ min: 0, max: 2 ** 40 })
  const position = fc.integer({ min: 0, max: 2 ** 20 })
  fc.assert(
    fc.property(fc.tuple(height, position, position), fc.tuple(height, position, position), (a, b) => {
      const expected = Math.sign(a[0] - b[0]) || Math.sign(a[1] - b[1]) || Math.sign(a[2] - b[2])
      assert.is(byteOrder(historyPlace(...a), historyPlace(...b)), expected)
      assert.is(byteOrder(blockKey(a[0], 'header'), blockKey(b[0], 'header')), Math.sign(a[0] - b[0]))
    })
  )
})

test('a history key gives back what it was made of', () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'))
  fc.assert(
    fc.property(text, text, fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: 0, max: 2 ** 20 }), (...of) => {
      const [object, key, height, index] = of
      const made = historyPrefix(object, key) + historyPlace(height, 3, index)
      assert.equal(readHistoryKey(made), { object, key, height, batch: 3, index })
    })
  )
})

test('the end of a prefix is behind all its keys and before all others', () => {
  assert.is(prefixEnd('a\ud7ff'), 'a\ue000')
  assert.is(prefixEnd('a\u{10ffff}\u{10ffff}'), 'b')
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((value) => !/^\u{10ffff}*$/u.test(value))
  fc.assert(
    fc.property(text, fc.string({ unit: 'binary' }), text, (prefix, rest, other) => {
      const end = prefixEnd(prefix)
      assert.is(byteOrder(prefix + rest, end), -1)
      if (!other.startsWith(prefix) && byteOrder(other, prefix) > 0) assert.ok(byteOrder(other, end) >= 0)
    })
  )
})

test('numbers beyond their place are refused', () => {
  for (const height of [-1, 0.5, Number.NaN, 2 ** 53]) assert.throws(() => blockKey(height, 'header'))
  assert.throws(() => historyPlace(1, 2 ** 21, 0))
})

test('every key has a name for people', () => {
  assert.is(keyName(blockKey(12, 'header')), 'block 12 header')
  assert.is(keyName(blockKey(12, 'certificate')), 'block 12 certificate')
  assert.is(keyName('sr:inspection["VH-001"]'), 'state of r:inspection["VH-001"]')
  assert.is(keyName(locationKey('p1', 3)), 'location of batch p1/3')
  assert.is(keyName(treeKey(2, 5)), 'history tree node 2/5')
  assert.is(keyName(historyPrefix('visit', '["a"]') + historyPlace(7, 1, 2)), 'history of visit["a"] at 7/1/2')
  for (const damaged of ['', 'k', 'h', 'h\0', 'zz', 'b']) assert.type(keyName(damaged), 'string')
})

test('CRC-32C agrees with RFC 3720, appendix B.4', () => {
  const bytes = (fill: (i: number) => number) => Uint8Array.from({ length: 32 }, (_, i) => fill(i))
  const crc = (data: Uint8Array) => crc32c(data, 0, data.length).toString(16)
  assert.is(crc(bytes(() => 0)), '8a9136aa')
  assert.is(crc(bytes(() => 0xff)), '62a8ab43')
  assert.is(crc(bytes((i) => i)), '46dd794e')
  assert.is(crc(bytes((i) => 31 - i)), '113fdb5c')
  const text = Buffer.from('xx123456789yy')
  assert.is(crc32c(text, 2, 11).toString(16), 'e3069283')
})

test('Snappy elements of every kind are decompressed', () => {
  const cases: [string, number[], string | null][] = [
    ['a short literal', [3, 2 << 2, 97, 98, 99], 'abc'],
    ['a literal with its length in a byte', [61, 60 << 2, 60, ...Array(61).fill(97)], 'a'.repeat(61)],
    ['a copy with one byte of offset', [7, 2 << 2, 97, 98, 99, 1, 3], 'abcabca'],
    ['a copy that overlaps itself', [9, 0, 97, (4 << 2) | 1, 1], 'a'.repeat(9)],
    ['a copy with two bytes of offset', [6, 2 << 2, 97, 98, 99, (2 << 2) | 2, 3, 0], 'abcabc'],
    ['a copy with four bytes of offset', [6, 2 << 2, 97, 98, 99, (2 << 2) | 3, 3, 0, 0, 0], 'abcabc'],
    ['nothing', [0], ''],
    ['a copy from before the start', [7, 2 << 2, 97, 98, 99, 1, 4], null],
    ['a copy of offset 0', [7, 2 << 2, 97, 98, 99, 1, 0], null],
    ['more than it promised', [2, 2 << 2, 97, 98, 99], null],
    ['less than it promised', [4, 2 << 2, 97, 98, 99], null],
    ['a literal that ends too early', [3, 2 << 2, 97, 98], null],
    ['a length without end', Array(11).fill(0x80), null],
    ['more than is allowed', [0xff, 0xff, 0x03], null]
  ]
  for (const [name, bytes, expected] of cases) {
    const output = snappyDecompress(Uint8Array.from(bytes), 1000)
    assert.is(output === null ? null : Buffer.from(output).toString(), expected, name)
  }
})

test('the cache of state keeps to its room, forgets the oldest and keeps what is in use', () => {
  const bytesMax = 100_000
  const cache = createStateCache(bytesMax)
  for (let i = 0; i < 10_000; i++) {
    cache.set(`key ${i}`, i % 3 === 0 ? null : { text: 'x'.repeat(i % 200) })
    assert.ok(cache.bytes <= bytesMax, `${cache.bytes} bytes`)
    if (i > 0) assert.is.not(cache.get('key 1'), undefined, 'in use')
  }
  const { bytes } = cache
  for (let i = 0; i < 100; i++) cache.set('key 9998', { text: 'x'.repeat(9998 % 200) })
  assert.is(cache.bytes, bytes, 'the same key again takes no more room')
  assert.is(cache.get('key 5'), undefined)
  assert.is(cache.get('key 9999'), null)
  assert.equal(cache.get('key 9998'), { text: 'x'.repeat(9998 % 200) })
  assert.is(cache.get('none'), undefined)
})

test('what is held is not forgotten until it is released', () => {
  const cache = createStateCache(10_000)
  cache.hold()
  for (let i = 0; i < 1000; i++) cache.set(`key ${i}`, null)
  assert.is(cache.get('key 0'), null)
  cache.release()
  for (let i = 0; i < 1000; i++) cache.set(`other ${i}`, null)
  assert.is(cache.get('key 0'), undefined)
  assert.ok(cache.bytes <= 10_000)
})

test.run()
