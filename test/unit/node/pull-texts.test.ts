import { streamPair } from '@libp2p/utils'
import * as assert from 'uvu/assert'
import '../../../src/node/network/promise-with-resolvers.js'
import { LedgerError } from '../../../src/base/errors.js'
import { newCounts } from '../../../src/node/network/counts.js'
import { type Connection, encodeFrame, framesOf, type Stream } from '../../../src/node/network/frames.js'
import { createPull } from '../../../src/node/network/pull.js'
import { joinTexts } from '../../../src/node/network/pull-texts.js'
import type { PullRequest, PullResponse } from '../../../src/node/peers.js'
import { RESPONSE_BYTES_MAX } from '../../../src/node/peers.js'
import { suite } from '../../support/suite.js'

const test = suite('answers with texts in frames of their own')

const BATCHES = ['{"a":"b"}\nrecord "one"\n', 'Käyttö "ääkkösillä" \\ 🚗\n', '']
const BLOCKS = [
  { header: '{"h":1}', certificate: '{"c":1}', batches: BATCHES },
  { header: '{"h":2}', certificate: '{"c":2}', batches: [] },
  { header: '{"h":3}', certificate: '{"c":3}', batches: ['"'] }
]
const HASHES = ['a', 'b', 'c'].map((digit) => digit.repeat(64))
const WANTS_BATCHES: PullRequest = { type: 'batches', hashes: HASHES }
const WANTS_BLOCKS: PullRequest = { type: 'blocks', from: 1, bytesMax: 1_000_000 }

const remotePeer = { toString: () => 'key' }

interface Asked {
  readonly answer: Promise<PullResponse>
  /** What the asker held against the one who answered. */
  readonly held: string[]
}

/** Asks one side of a stream what `serve` answers at the other. */
async function ask(
  request: PullRequest,
  givesTexts: boolean,
  serve: (stream: Stream, connection: Connection) => Promise<void>
): Promise<Asked> {
  const [own, other] = await streamPair()
  const held: string[] = []
  const asker = pullOf(() => Promise.reject(new Error('it is not asked')), held)
  void serve(other, { remotePeer } as unknown as Connection)
  const connection = { remotePeer, newStream: async () => own } as unknown as Connection
  return { answer: asker.request(connection, request, { givesTexts, timeoutMs: 2_000 }), held }
}

function pullOf(onRequest: (request: PullRequest) => Promise<PullResponse>, held: string[] = []) {
  return createPull({
    protocol: '/test',
    partnerOf: () => 'bob',
    onRequest: (_, request) => onRequest(request),
    onMalformed: (_, error) => held.push(error.message),
    counts: newCounts()
  })
}

/** A partner that sends these frames, whatever it is asked. */
function sending(...frames: readonly Uint8Array[]) {
  return async (stream: Stream): Promise<void> => {
    const { read, write } = framesOf(stream, 100_000)
    await read()
    await write(frames, AbortSignal.timeout(2_000))
    await stream.close()
  }
}

for (const givesTexts of [true, false]) {
  test(`batches and blocks come as they are, ${givesTexts ? 'apart' : 'within the answer'}`, async () => {
    for (const [request, response] of [
      [WANTS_BATCHES, { type: 'batches', batches: BATCHES }],
      [WANTS_BLOCKS, { type: 'blocks', blocks: BLOCKS }]
    ] as const) {
      const seen: PullRequest[] = []
      const server = pullOf(async (asked) => {
        seen.push(asked)
        return response
      })
      const { answer, held } = await ask(request, givesTexts, server.handler)
      assert.equal(await answer, response)
      assert.equal(seen, [request], 'who answers sees the same request')
      assert.equal(held, [])
    }
  })

  test(`what does not fit is left out, ${givesTexts ? 'apart' : 'within the answer'}`, async () => {
    const large = 'x'.repeat(RESPONSE_BYTES_MAX / 2 - 10_000)
    const batches = [large, large, large]
    const server = pullOf(async () => ({ type: 'batches', batches }))
    const { answer } = await ask(WANTS_BATCHES, givesTexts, server.handler)
    assert.equal(await answer, { type: 'batches', batches: [large, large] })
    const blocks = batches.map((batch) => ({ header: '{}', certificate: '{}', batches: [batch, 'small'] }))
    const other = pullOf(async () => ({ type: 'blocks', blocks }))
    const { answer: answered } = await ask(WANTS_BLOCKS, givesTexts, other.handler)
    assert.equal(await answered, { type: 'blocks', blocks: blocks.slice(0, 2) })
  })
}

test('other answers are the same either way', async () => {
  const server = pullOf(async () => ({ type: 'proposal', block: null }))
  const { answer } = await ask({ type: 'proposal', height: 1, block: HASHES[0]! }, true, server.handler)
  assert.equal(await answer, { type: 'proposal', block: null })
})

const text = (value: string): Uint8Array => Buffer.from(value)
const head = (batches: unknown, texts: unknown): Uint8Array => encodeFrame({ ok: { type: 'batches', batches }, texts })

for (const [name, frames, code] of [
  ['a text that is no UTF-8', [head(1, 1), Uint8Array.of(0xff)], 'MALFORMED'],
  ['more texts than it tells of', [head(1, 2), text('a'), text('b')], 'MALFORMED'],
  ['fewer texts than it tells of', [head(2, 1), text('a')], 'MALFORMED'],
  ['a number of texts below 0', [head(0, -1)], 'MALFORMED'],
  ['too many texts', [head(1, 1e9)], 'MALFORMED'],
  ['a number of texts that is none', [head(1, '1'), text('a')], 'MALFORMED'],
  ['more batches than asked for', [head(4, 4), ...['a', 'b', 'c', 'd'].map(text)], 'MALFORMED'],
  ['texts within the answer', [head(['a'], 0)], 'MALFORMED'],
  ['fewer frames than it says', [head(2, 2), text('a')], 'NODE_UNREACHABLE']
] as const) {
  test(`an answer with ${name} is refused`, async () => {
    const { answer, held } = await ask(WANTS_BATCHES, true, sending(...frames))
    const error = await answer.then(
      () => null,
      (thrown: unknown) => thrown
    )
    assert.ok(error instanceof LedgerError)
    assert.is(error.code, code)
    assert.is(held.length, code === 'MALFORMED' ? 1 : 0)
  })
}

test('texts that nobody asked for are refused', async () => {
  const { answer, held } = await ask(WANTS_BATCHES, false, sending(head(1, 1), text('a')))
  const error = await answer.then(
    () => null,
    (thrown: unknown) => thrown
  )
  assert.is(error instanceof LedgerError && error.code, 'MALFORMED')
  assert.is(held.length, 1)
})

test('a block without batches needs no text', () => {
  const answer = { type: 'blocks', blocks: [{ header: 'h', certificate: 'c', batches: 0 }] }
  assert.equal(joinTexts(answer, []), { ...answer, blocks: [{ header: 'h', certificate: 'c', batches: [] }] })
})

test.run()
