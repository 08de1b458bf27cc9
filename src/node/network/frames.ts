import { lpStream } from '@libp2p/utils'
import type { Libp2p } from 'libp2p'
import { LedgerError } from '../../base/errors.js'
import { hasEscapedName } from '../../base/json-names.js'

export type Connection = ReturnType<Libp2p['getConnections']>[number]
export type Stream = Awaited<ReturnType<Connection['newStream']>>

/** JSON values over a stream, each as its length (varint) and its UTF-8. */
export interface Frames {
  /** The next value. Rejects when the stream ends or fails, LedgerError TOO_LARGE or MALFORMED for what is no such value. */
  read(signal?: AbortSignal): Promise<unknown>
  /** The bytes of the next frame, whatever they are. Rejects as read does. */
  readBytes(signal?: AbortSignal): Promise<Uint8Array>
  /** Bytes of the value that was read last. */
  bytesRead(): number
  write(frames: readonly Uint8Array[], signal: AbortSignal): Promise<void>
  /** Ends a pause of the stream; as long as more than a frame waits to be read, it stays paused until that is taken. */
  resume(): void
}

/**
 * @param bytesMax of one value that comes in
 * @param unreadMax bytes beyond one value that may wait to be read: a stream where more do is reset, so memory is bounded
 */
export function framesOf(stream: Stream, bytesMax: number, unreadMax = UNREAD_BYTES_MAX): Frames {
  let bytesRead = 0
  let lengthBytes = 0
  let unread = 0
  const lp = lpStream(stream, {
    maxDataLength: bytesMax,
    maxBufferSize: bytesMax + unreadMax,
    lengthDecoder: (read) => {
      lengthBytes = read.byteLength
      return decodeLength(read)
    }
  })
  // Behind with reading the sender has to wait, or what it sends in good faith would reset the stream.
  stream.addEventListener('message', ({ data }) => {
    unread += data.byteLength
    if (isBehind()) queueMicrotask(pauseIfBehind)
  })
  // Only then may the stream be paused: of less, the reader may need the rest of a frame, which would never come.
  const isBehind = (): boolean => unread > bytesMax + LENGTH_BYTES_MAX
  // Not in the listener: while a stream is being resumed, a pause would leave the muxer open for more.
  const pauseIfBehind = (): void => {
    if (isBehind() && stream.status === 'open' && stream.readStatus === 'readable') stream.pause()
  }
  const resume = (): void => {
    if (!isBehind() && stream.readStatus === 'paused') stream.resume()
  }
  const readBytes = async (signal?: AbortSignal): Promise<Uint8Array> => {
    let bytes: Uint8Array
    try {
      bytes = (await lp.read(signal === undefined ? {} : { signal })).subarray()
    } catch (error) {
      throw TOO_LONG.includes(nameOf(error)) ? new LedgerError('TOO_LARGE', `a frame is over ${bytesMax} bytes`) : error
    }
    bytesRead = bytes.length
    unread -= lengthBytes + bytes.length
    resume()
    return bytes
  }
  return {
    read: async (signal) => decodeFrame(await readBytes(signal)),
    readBytes,
    bytesRead: () => bytesRead,
    write: (frames, signal) => lp.writeV([...frames], { signal }),
    resume
  }
}

/** What one read of a socket may bring, and more. */
const UNREAD_BYTES_MAX = 256 * 1024

/** Bytes of a length, enough for every frame here. */
const LENGTH_BYTES_MAX = 5

/**
 * A length as a varint (7 bits a byte, the lowest first). RangeError asks for more bytes; after that many lpStream would
 * take one that never ends for one that is not complete yet, and keep all of it.
 */
function decodeLength(bytes: { readonly byteLength: number; subarray(): Uint8Array }): number {
  const read = bytes.subarray()
  if (read.length > LENGTH_BYTES_MAX) throw new LedgerError('MALFORMED', 'the length of a frame does not end')
  let length = 0
  for (const [index, byte] of read.entries()) {
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return length
  }
  throw INCOMPLETE
}

/** One for all: most messages have a length of two bytes, and to make an error takes longer than to read the message. */
const INCOMPLETE = new RangeError('the length is not complete')

const TOO_LONG = ['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError']

export function encodeFrame(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8')
}

/** The text of one frame. @throws LedgerError MALFORMED */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new LedgerError('MALFORMED', 'a frame is not UTF-8', {}, cause)
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The value of one frame. @throws LedgerError MALFORMED */
export function decodeFrame(bytes: Uint8Array): unknown {
  try {
    const text = utf8.decode(bytes)
    // Not the strict reader: nothing is kept as it came; the shapes read from it are built anew.
    if (!hasEscapedName(text)) return JSON.parse(text)
  } catch (cause) {
    throw new LedgerError('MALFORMED', 'a frame is not JSON', {}, cause)
  }
  throw new LedgerError('MALFORMED', 'a frame has an escape in the name of a member')
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}
