import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { frameRecord, PREAMBLE, scanFrames } from '../../../src/node/store/frames.js'
import { readLevelLog } from '../../../src/node/store/level-log.js'
import { readVarint, snappyDecompress } from '../../../src/node/store/snappy.js'
import { suite } from '../../support/suite.js'

const RUNS = 500

const test = suite('readers of changed files')

const records = ['one', 'x'.repeat(700), '{"a":1}', ''].map((text) => Buffer.from(text))

function logOf(items: readonly Buffer[]): Buffer {
  return items.reduce((log, record) => Buffer.concat([log, frameRecord(record, log.length)]), PREAMBLE)
}

interface Damage {
  readonly at: number
  readonly bit: number
  readonly cut: number
}

const damage: fc.Arbitrary<Damage> = fc.record({ at: fc.nat(5_000), bit: fc.nat(8), cut: fc.nat(3_000) })

/** One bit turned (unless `bit` is 8), and the end cut off (unless `cut` is large). */
function damaged(bytes: Buffer, { at, bit, cut }: Damage): Buffer {
  const copy = Buffer.from(bytes)
  if (bit < 8) copy[at % copy.length]! ^= 1 << bit
  return cut < copy.length ? copy.subarray(0, copy.length - cut) : copy
}

test('a changed log gives its first records as they were, or says where it is damaged', () => {
  const log = logOf(records)
  fc.assert(
    fc.property(damage, (how) => {
      const scanned = scanFrames(damaged(log, how))
      if (scanned.damagedAt !== undefined) return
      scanned.records.forEach((record, index) => {
        assert.ok(Buffer.from(record).equals(records[index]!))
      })
    }),
    { numRuns: RUNS }
  )
})

test('bytes that are no log of ours, or of LevelDB, are read without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      scanFrames(Buffer.concat([PREAMBLE, bytes]))
      scanFrames(Buffer.from(bytes))
      readLevelLog(Buffer.from(bytes))
      readVarint(bytes, 0)
    }),
    { numRuns: RUNS }
  )
})

test('compressed bytes never become more than they may', () => {
  const max = 10_000
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = snappyDecompress(bytes, max)
      assert.ok(text === null || text.length <= max)
    }),
    { numRuns: RUNS }
  )
  // 64 KiB out of a few bytes: a copy of itself, again and again.
  const bomb = Uint8Array.of(
    0xff,
    0xff,
    0xff,
    0x7f,
    0x00,
    0x61,
    ...Array.from({ length: 600 }, () => [0xfe, 0x01, 0x00]).flat()
  )
  assert.is(snappyDecompress(bomb, max), null)
})

test.run()
