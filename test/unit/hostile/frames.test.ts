import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import '../../../src/node/network/promise-with-resolvers.js'
import { encodeFrame, framesOf, type Stream } from '../../../src/node/network/frames.js'
import { suite } from '../../support/suite.js'

const BYTES_MAX = 4096

const test = suite('frames of a hostile sender')

/** Everything that comes out until the stream ends or something is wrong; `late` when neither happens. */
async function readAll(chunks: readonly Uint8Array[], end: boolean): Promise<{ values: unknown[]; ended: string }> {
  const [sender, receiver] = await streamPair()
  const frames = framesOf(receiver as Stream, BYTES_MAX)
  const values: unknown[] = []
  for (const chunk of chunks) sender.send(chunk)
  if (end) sender.close().catch(() => {})
  try {
    for (;;) values.push(await frames.read(AbortSignal.timeout(500)))
  } catch (error) {
    const { name } = error as Error
    const code =
      error instanceof LedgerError ? error.code : name === 'TimeoutError' || name === 'AbortError' ? 'late' : name
    return { values, ended: code }
  } finally {
    sender.abort(new Error('done'))
    receiver.abort(new Error('done'))
  }
}

function framed(bytes: Uint8Array): Uint8Array {
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7]
  return Uint8Array.of(...length, ...bytes)
}

const good = framed(encodeFrame({ type: 'status' }))

const cases: [name: string, bytes: Uint8Array, ended: string][] = [
  ['a length that does not end', new Uint8Array(2_000).fill(0x80), 'MALFORMED'],
  ['a length that does not end, of other bits', new Uint8Array(2_000).fill(0xff), 'MALFORMED'],
  ['a length of 2^34', Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x40), 'TOO_LARGE'],
  ['one byte more than is allowed', Uint8Array.of(0x81, 0x20), 'TOO_LARGE'],
  ['nothing', Uint8Array.of(0), 'MALFORMED'],
  ['no JSON', framed(Buffer.from('nonsense')), 'MALFORMED'],
  ['half JSON', framed(Buffer.from('{"a":')), 'MALFORMED'],
  ['no UTF-8', framed(Uint8Array.of(0x22, 0xff, 0x22)), 'MALFORMED'],
  ['a byte order mark', framed(Buffer.from('\ufeff{}')), 'MALFORMED'],
  ['an escape in a name', framed(Buffer.from('{"typ\\u0065":"status"}')), 'MALFORMED']
]

for (const [name, bytes, ended] of cases) {
  test(`${name} is ${ended}, after what was good before`, async () => {
    assert.equal(await readAll([good, bytes], false), { values: [{ type: 'status' }], ended })
  })
}

test('random bytes in random chunks end in a code or with the stream, never late', async () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(good, Uint8Array.of(0x80), Uint8Array.of(0), framed(Buffer.from('[1]')), framed(Buffer.from('"x"')))
  )
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), async (chunks) => {
      const { ended } = await readAll(chunks, true)
      assert.ok(['MALFORMED', 'TOO_LARGE', 'UnexpectedEOFError'].includes(ended), ended)
    }),
    { numRuns: 200 }
  )
})

test('frames cut anywhere into chunks are the same frames', async () => {
  const values = [{ a: 1 }, 'é😀', [], { b: 'x'.repeat(300) }, null]
  const bytes = Buffer.concat(values.map((value) => framed(encodeFrame(value))))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 6 }), async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((to, index) => bytes.subarray(places[index], to))
      const read = await readAll(
        chunks.filter(({ length }) => length > 0),
        true
      )
      assert.equal(read.values, values)
    }),
    { numRuns: 50 }
  )
})

test.run()
