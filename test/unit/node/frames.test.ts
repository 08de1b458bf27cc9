import { yamux } from '@chainsafe/libp2p-yamux'
import { multiaddrConnectionPair, streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import '../../../src/node/network/promise-with-resolvers.js'
import { type Frames, framesOf, type Stream } from '../../../src/node/network/frames.js'
import { suite } from '../../support/suite.js'

const test = suite('frames that come faster than they are read')

const BYTES_MAX = 1000

function framed(bytes: number): Uint8Array {
  return Uint8Array.of((bytes & 0x7f) | 0x80, bytes >> 7, ...new Uint8Array(bytes))
}

/** What comes in these chunks, the next read begun before the next chunk comes. */
async function lengthsRead(chunks: readonly Uint8Array[], count: number): Promise<number[]> {
  const [sender, receiver] = await streamPair()
  const frames = framesOf(receiver as Stream, BYTES_MAX)
  const sending = (async () => {
    for (const chunk of chunks) {
      sender.send(chunk)
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
  })()
  try {
    const lengths: number[] = []
    while (lengths.length < count) lengths.push((await frames.readBytes(AbortSignal.timeout(2_000))).length)
    return lengths
  } finally {
    await sending
    sender.abort(new Error('done'))
    receiver.abort(new Error('done'))
  }
}

test('a reader that has all but the end of a frame gets it', async () => {
  const bytes = Buffer.concat([framed(BYTES_MAX), framed(BYTES_MAX)])
  // Of the second there is more than half when the first one is taken.
  const chunks = [bytes.subarray(0, -11), bytes.subarray(-11)]
  assert.equal(await lengthsRead(chunks, 2), [BYTES_MAX, BYTES_MAX])
})

test('frames of any length in any chunks all come', async () => {
  const lengths = fc.array(fc.integer({ min: 128, max: BYTES_MAX }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(lengths, fc.array(fc.nat(6 * BYTES_MAX), { maxLength: 4 }), async (lengths, cuts) => {
      const bytes = Buffer.concat(lengths.map(framed))
      const places = [0, ...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((to, index) => bytes.subarray(places[index], to))
      assert.equal(
        await lengthsRead(
          chunks.filter(({ length }) => length > 0),
          lengths.length
        ),
        lengths
      )
    }),
    { numRuns: 50 }
  )
})

/** Two ends of one stream of the real muxer, with its windows. */
async function muxed(): Promise<{ sender: Stream; receiver: Stream; close: () => void }> {
  const [out, into] = multiaddrConnectionPair()
  const create = yamux({ enableKeepAlive: false, streamOptions: { maxStreamWindowSize: 1024 * 1024 } })()
  const [muxer, other] = [create.createStreamMuxer(out), create.createStreamMuxer(into)]
  const received = new Promise<Stream>((resolve) => {
    other.addEventListener('stream', ({ detail }) => resolve(detail), { once: true })
  })
  const sender = (await muxer.createStream()) as Stream
  const close = () => {
    out.abort(new Error('done'))
    into.abort(new Error('done'))
  }
  return { sender, receiver: await received, close }
}

/** Sends so many frames, and waits until no more of them go. */
async function sendAhead(sender: Stream, bytes: number, count: number): Promise<{ done: Promise<void> }> {
  const frames = framesOf(sender, BYTES_MAX)
  let sent = 0
  const done = (async () => {
    for (; sent < count; sent++) await frames.write([Buffer.alloc(bytes)], AbortSignal.timeout(8_000))
  })()
  done.catch(() => {})
  for (let before = -1; before < sent; ) {
    before = sent
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.ok(sent < count, 'the sender has to wait')
  return { done }
}

async function readAll(frames: Frames, count: number, after: (read: number) => Promise<void>): Promise<void> {
  for (let read = 1; read <= count; read++) {
    await frames.readBytes(AbortSignal.timeout(2_000))
    await after(read)
  }
}

test('a window that ends within a frame stops nobody', async () => {
  const { sender, receiver, close } = await muxed()
  try {
    const bytes = 64 * 1024
    const frames = framesOf(receiver, bytes, 3 * 2 ** 19)
    const { done } = await sendAhead(sender, bytes, 64)
    await readAll(frames, 64, async () => {})
    await done
  } finally {
    close()
  }
})

test('a stream that is left unread again and again is not reset', async () => {
  const { sender, receiver, close } = await muxed()
  try {
    const bytesMax = 2 * 1024 * 1024
    const frames = framesOf(receiver, bytesMax, bytesMax)
    const { done } = await sendAhead(sender, 16 * 1024, 400)
    await readAll(frames, 400, async (read) => {
      if (read % 4 > 0) return
      receiver.pause()
      await new Promise((resolve) => setTimeout(resolve, 5))
      frames.resume()
    })
    await done
  } finally {
    close()
  }
})

test.run()
