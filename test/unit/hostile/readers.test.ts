import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { hostileCaptures } from '../../support/hostile-captures.js'
import { hostileReaders } from '../../support/hostile-readers.js'
import { longTexts, mutationsOf } from '../../support/mutations.js'
import { suite } from '../../support/suite.js'
import { inTurn } from '../../support/turns.js'

/** Characters of a long text, and milliseconds in which any reader must be through it: a quadratic one takes minutes. */
const LONG_CHARS = 1_000_000
const LONG_MS_MAX = 5_000

/** HOSTILE_RUNS=20000 searches for longer. */
const RUNS = Number(process.env.HOSTILE_RUNS ?? 25)

const test = suite('readers of what comes from outside', { timeoutMs: 60_000 * Math.max(1, RUNS / 500) })

const captures = hostileCaptures()

const readers = hostileReaders(captures)
const changed = new Set(inTurn(readers, 2).map(({ name }) => name))

for (const reader of readers) {
  test(`${reader.name}: what is real is accepted`, () => {
    for (const sample of reader.samples) {
      if (sample === 'no record' || sample === '{}') continue
      const read = reader.read(sample)
      assert.ok('accepted' in read, `${JSON.stringify(read)} for ${sample.slice(0, 300)}`)
    }
  })

  if (!changed.has(reader.name)) continue
  test(`${reader.name}: what was changed is refused with a code, or is written again as it is`, () => {
    fc.assert(
      fc.property(mutationsOf(reader.samples), (text) => {
        const read = reader.read(text)
        if ('refused' in read) assert.ok(read.refused !== '')
        else if (read.accepted !== null) assert.is(read.accepted, text)
      }),
      { numRuns: RUNS }
    )
  })
}

test('a long text takes no reader longer than its length deserves', () => {
  for (const reader of inTurn(readers, 3)) {
    for (const text of longTexts(LONG_CHARS)) {
      const started = performance.now()
      reader.read(text)
      const took = performance.now() - started
      assert.ok(took < LONG_MS_MAX, `${reader.name} took ${Math.round(took)} ms for ${text.slice(0, 12)}...`)
    }
  }
})

test.run()
