import { LedgerError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { ATTACHMENT_BYTES_MAX, isAttachmentHash } from '../../ledger/attachment.js'
import { asInteger, asString, membersOf, ShapeError } from '../../ledger/json-shape.js'
import type { ReadableAttachment } from '../attachment-types.js'
import { createAllowances } from './allowance.js'
import { createConcurrency } from './concurrency.js'
import type { Counts } from './counts.js'
import { orAborted, pause, startDeadline } from './deadline.js'
import { asError, errorReply, readAnswer } from './exchange.js'
import { type Connection, encodeFrame, type Frames, framesOf, type Stream } from './frames.js'

/**
 * How partners give each other files. One file on a stream of its own: the request `{"hash"}`, the answer
 * `{"ok":{"bytes"}}` or `{"error":{"code","message"}}`, and then that many bytes in frames. Whoever takes them says
 * `{"more":true}` each time that it has dealt with GRANT_BYTES, as far as the other side needs that to go on: libp2p would
 * let a sender be megabytes ahead, and reset the stream of a reader that waits for its disk.
 */
const REQUEST_BYTES_MAX = 1024

/** Bytes of the file in one frame. */
const CHUNK_BYTES = 64 * 1024

/** Bytes that may be on their way, and as many more with each word of the reader. */
const WINDOW_BYTES = 1024 * 1024
const GRANT_BYTES = 512 * 1024

/** Files that are sent at one time, to one partner and to all, and requests that wait for their turn. */
const SENDING_MAX = 2
const SENDING_WAITING_MAX = 8
const SENDING_ALL_MAX = 8
const SENDING_ALL_WAITING_MAX = 64

/** Files that one partner is asked for at one time, and those that wait. */
const ASKING_MAX = 2
const ASKING_WAITING_MAX = 64

/** Bytes that one partner gets at once and then each second, each file with something for the work of looking it up. */
const SENT_AT_ONCE = 32 * 1024 * 1024
const SENT_PER_SECOND = 16 * 1024 * 1024
const SENT_BYTES_MIN = 64 * 1024

/** Longest that one frame may take, milliseconds; and the request and the first answer. */
const FRAME_MS_MAX = 30_000

/** What a whole file may take: whoever sends a little of it now and then is not waited for. */
const FILE_MS_MIN = 60_000
const BYTES_PER_SECOND_MIN = 32 * 1024

/** Streams of one connection: a few more than are worked on, so that the rest is told BUSY. */
export const ATTACHMENT_STREAMS_MAX = SENDING_MAX + SENDING_WAITING_MAX + 4

export function attachmentProtocol(genesis: string): string {
  return `/ledger/${genesis}/attachments/1`
}

/** Gives a file to a partner; null when it is not here, or is not to be given. */
export type ServeAttachment = (partner: string, hash: string) => Promise<ReadableAttachment | null>

export interface AttachmentExchangeOptions {
  readonly genesis: string
  readonly partnerOf: (key: string) => string | null
  readonly serve: ServeAttachment
  readonly counts: Counts
  /** Something malformed came from this key. */
  readonly onMalformed: (key: string, error: Error) => void
}

export interface WantedAttachment {
  readonly hash: string
  /** A partner that announces more is not listened to. */
  readonly bytesMax: number
}

/** A file that a partner is sending: nobody has checked what it is. */
export interface ArrivingAttachment {
  readonly bytes: number
  readonly chunks: AsyncIterable<Uint8Array>
}

/** Both sides of the protocol. */
export interface AttachmentExchange {
  readonly handler: (stream: Stream, connection: Connection) => Promise<void>
  /**
   * Asks for a file, and hands it to `take` as it comes.
   * @throws LedgerError NODE_UNREACHABLE, MALFORMED, TOO_LARGE, the code of the other side's error; whatever `take` throws
   */
  fetch<T>(
    connection: Connection,
    want: WantedAttachment,
    take: (file: ArrivingAttachment) => Promise<T>,
    signal: AbortSignal
  ): Promise<T>
}

export function createAttachmentExchange(options: AttachmentExchangeOptions): AttachmentExchange {
  const { partnerOf, serve, counts } = options
  const protocol = attachmentProtocol(options.genesis)
  const sending = createConcurrency(SENDING_MAX, SENDING_WAITING_MAX)
  const sendingAll = createConcurrency(SENDING_ALL_MAX, SENDING_ALL_WAITING_MAX)
  const asking = createConcurrency(ASKING_MAX, ASKING_WAITING_MAX)
  const allowances = createAllowances({
    burst: SENT_AT_ONCE,
    perSecond: SENT_PER_SECOND,
    now: () => performance.now()
  })

  async function send(frames: Frames, stream: Stream, key: string, file: ReadableAttachment): Promise<void> {
    const allowance = allowances.of(key)
    const write = (bytes: Uint8Array) => within(FRAME_MS_MAX, (signal) => frames.write([bytes], signal))
    const end = performance.now() + fileMsMax(file.bytes)
    let waitMs = allowance.spend(SENT_BYTES_MIN)
    let granted = WINDOW_BYTES
    let sent = 0
    await write(encodeFrame({ ok: { bytes: file.bytes } }))
    for await (const chunk of file.chunks()) {
      for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
        if (waitMs > 0) {
          counts.held += 1
          await heldOff(stream, waitMs)
        }
        if (stream.status !== 'open') throw new Error('the asker has gone')
        if (performance.now() > end) throw new Error('the asker takes too long')
        const piece = chunk.subarray(at, at + CHUNK_BYTES)
        sent += piece.length
        if (sent > granted) {
          checkGrant((await within(FRAME_MS_MAX, (signal) => frames.read(signal))) as Json)
          granted += GRANT_BYTES
        }
        waitMs = allowance.spend(piece.length)
        await write(piece)
      }
    }
  }

  async function answer(frames: Frames, stream: Stream, key: string, partner: string, hash: string): Promise<void> {
    const refusing = (code: 'NOT_FOUND' | 'BUSY', message: string) =>
      within(FRAME_MS_MAX, (signal) => frames.write([encodeFrame(errorReply(code, message))], signal))
    try {
      // In this order: what waits for one partner takes no place of the others.
      await sending.run(key, () =>
        sendingAll.run('', async () => {
          const file = await serve(partner, hash)
          if (file === null) return await refusing('NOT_FOUND', 'it is not here')
          try {
            await send(frames, stream, key, file)
          } finally {
            await file.close()
          }
        })
      )
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== 'BUSY') throw error
      await refusing('BUSY', error.message)
    }
  }

  async function arrive<T>(
    stream: Stream,
    want: WantedAttachment,
    take: (file: ArrivingAttachment) => Promise<T>,
    signal: AbortSignal
  ): Promise<T> {
    const frames = framesOf(stream, CHUNK_BYTES, WINDOW_BYTES + GRANT_BYTES)
    const read = () => within(FRAME_MS_MAX, (late) => frames.readBytes(late), signal)
    const say = (value: Json) => within(FRAME_MS_MAX, (late) => frames.write([encodeFrame(value)], late), signal)
    await say({ hash: want.hash })
    const bytes = bytesOf(await within(FRAME_MS_MAX, (late) => frames.read(late), signal))
    if (bytes > want.bytesMax) {
      throw new LedgerError('TOO_LARGE', `it sends ${bytes} bytes, of at most ${want.bytesMax} that a record says`)
    }
    const result = await take({ bytes, chunks: chunksOf(read, () => say({ more: true }), bytes) })
    await within(FRAME_MS_MAX, (late) => stream.close({ signal: late })).catch(() => stream.abort(new Error('late')))
    return result
  }

  return {
    async handler(stream, connection) {
      const key = connection.remotePeer.toString()
      const partner = partnerOf(key)
      if (partner === null) {
        counts.refused += 1
        stream.abort(new Error('not a partner'))
        return
      }
      const frames = framesOf(stream, REQUEST_BYTES_MAX)
      try {
        const request = (await within(FRAME_MS_MAX, (signal) => frames.read(signal))) as Json
        await answer(frames, stream, key, partner, shapeOfRequest(request))
        await within(FRAME_MS_MAX, (signal) => stream.close({ signal }))
      } catch (error) {
        if (isMalformed(error)) await tellMalformed(frames, stream, asError(error))
        else stream.abort(asError(error))
        if (isMalformed(error)) options.onMalformed(key, asError(error))
      }
    },
    fetch(connection, want, take, signal) {
      const key = connection.remotePeer.toString()
      const bytesMax = Math.min(want.bytesMax, ATTACHMENT_BYTES_MAX)
      return asking.run(key, async () => {
        const msMax = fileMsMax(bytesMax)
        const late = () => new LedgerError('NODE_UNREACHABLE', `the file did not come within ${msMax} ms`)
        const deadline = startDeadline(msMax, late, signal)
        let stream: Stream | undefined
        try {
          stream = await connection.newStream(protocol, { signal: deadline.signal })
          return await arrive(stream, { ...want, bytesMax }, take, deadline.signal)
        } catch (error) {
          const failure = deadline.signal.aborted ? deadline.signal.reason : error
          stream?.abort(asError(failure))
          if (isMalformed(failure)) options.onMalformed(key, asError(failure))
          if (failure instanceof LedgerError || signal.aborted) throw failure
          throw new LedgerError('NODE_UNREACHABLE', `no answer: ${asError(failure).message}`, {}, failure)
        } finally {
          deadline.done()
        }
      })
    }
  }
}

function fileMsMax(bytes: number): number {
  return FILE_MS_MIN + Math.ceil((bytes / BYTES_PER_SECOND_MIN) * 1000)
}

/** Of an answer. An error is no fault of the other side, also one with a code that only a later build knows. */
function bytesOf(answer: unknown): number {
  try {
    return readAnswer(answer, shapeOfAnswer)
  } catch (error) {
    const isRefusal = answer !== null && typeof answer === 'object' && 'error' in answer
    if (isRefusal && isMalformed(error)) throw new LedgerError('NODE_UNREACHABLE', asError(error).message)
    throw error
  }
}

/** The bytes that were announced, and not one more. */
async function* chunksOf(
  read: () => Promise<Uint8Array>,
  grant: () => Promise<void>,
  bytes: number
): AsyncGenerator<Uint8Array> {
  let grants = 0
  for (let left = bytes; left > 0; ) {
    const chunk = await read()
    if (chunk.length === 0 || chunk.length > left) {
      throw new LedgerError('MALFORMED', 'the file has other pieces than were announced')
    }
    left -= chunk.length
    yield chunk
    // The last ones are not needed, and the other side may have closed by then.
    while (bytes - left >= (grants + 1) * GRANT_BYTES && bytes > WINDOW_BYTES + grants * GRANT_BYTES) {
      grants += 1
      await grant()
    }
  }
}

function shapeOfRequest(json: Json): string {
  const hash = asString(membersOf(json, '', ['hash']).hash, '/hash', 64)
  if (!isAttachmentHash(hash)) throw new ShapeError('/hash', 'is no hash')
  return hash
}

function checkGrant(json: Json): void {
  if (membersOf(json, '', ['more']).more !== true) throw new ShapeError('/more', 'must be true')
}

function shapeOfAnswer(json: Json | undefined): number {
  return asInteger(membersOf(json, '', ['bytes']).bytes, '/bytes', 0, Number.MAX_SAFE_INTEGER)
}

function isMalformed(error: unknown): boolean {
  return error instanceof ShapeError || (error instanceof LedgerError && error.code === 'MALFORMED')
}

/** Says why, before the asker may be hung up on for it. */
async function tellMalformed(frames: Frames, stream: Stream, error: Error): Promise<void> {
  try {
    await within(FRAME_MS_MAX, async (signal) => {
      await frames.write([encodeFrame(errorReply('MALFORMED', error.message))], signal)
      await stream.close({ signal })
    })
  } catch (thrown) {
    stream.abort(asError(thrown))
  }
}

/** Waits, unless the asker goes away. */
async function heldOff(stream: Stream, ms: number): Promise<void> {
  const gone = new AbortController()
  const onClose = () => gone.abort()
  stream.addEventListener('close', onClose)
  await pause(ms, gone.signal)
  stream.removeEventListener('close', onClose)
}

async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const deadline = startDeadline(ms, () => new Error(`took longer than ${ms} ms`), signal)
  try {
    return await orAborted(work(deadline.signal), deadline.signal)
  } finally {
    deadline.done()
  }
}
