import { lpStream } from '@libp2p/utils'
import type { Libp2p } from 'libp2p'
import { LedgerError } from '../../base/errors.js'

export type Connection = ReturnType<Libp2p['getConnections']>[number]
export type Stream = Awaited<ReturnType<Connection['newStream']>>

/** JSON values over a stream, each as its length (varint) and its UTF-8. */
export interface Frames {
  /** The next value. Rejects when the stream ends or fails, LedgerError TOO_LARGE or MALFORMED for what is no such value. */
  read(signal?: AbortSignal): Promise<unknown>
  write(frames: readonly Uint8Array[], signal: AbortSignal): Promise<void>
}

/**
 * @param bytesMax of one value that comes in; with it memory is bounded too, since a stream whose unread bytes are more
 * is reset
 */
export function framesOf(stream: Stream, bytesMax: number): Frames {
  const lp = lpStream(stream, { maxDataLength: bytesMax, maxBufferSize: Math.max(2 * bytesMax, BUFFER_BYTES_MIN) })
  return {
    async read(signal) {
      let bytes: Uint8Array
      try {
        bytes = (await lp.read(signal === undefined ? {} : { signal })).subarray()
      } catch (error) {
        throw TOO_LONG.includes(nameOf(error))
          ? new LedgerError('TOO_LARGE', `a frame is over ${bytesMax} bytes`)
          : error
      }
      return decodeFrame(bytes)
    },
    write: (frames, signal) => lp.writeV([...frames], { signal })
  }
}

/** Of unread bytes: what one read of a socket may bring, and more. */
const BUFFER_BYTES_MIN = 256 * 1024

const TOO_LONG = ['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError']

export function encodeFrame(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8')
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeFrame(bytes: Uint8Array): unknown {
  try {
    // Not the strict reader: nothing is kept as it came; the shapes read from it are built anew.
    return JSON.parse(utf8.decode(bytes))
  } catch (cause) {
    throw new LedgerError('MALFORMED', 'a frame is not JSON', {}, cause)
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}
