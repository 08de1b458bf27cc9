import type { Gater } from './gater.js'
import { type CreateMuxers, eachStream } from './muxer-streams.js'
import { type CreateEncrypter, eachSecured } from './secured-connections.js'

/**
 * Guards against lengths that do not end. Whatever travels here is frames, each with its length before it as a varint:
 * protocol negotiation, identification, gossip and our own protocols. libp2p's reader (lpStream of @libp2p/utils 7) takes
 * a varint that is too long for one that is not complete yet, byte by byte, and a few megabytes of 0x80 keep a node from
 * everything else for many seconds: anybody who reaches its port could do that. So bytes are looked at before it.
 */

/** Bytes of a length: 2^35 is far above every limit. */
const LENGTH_BYTES_MAX = 5

/**
 * Frames that may come on a stream before both have agreed on its protocol. libp2p answers each, however many have come at
 * once, and a megabyte of short ones keeps a node from everything else for many seconds. Ours need three.
 */
const NEGOTIATION_FRAMES_MAX = 32

/**
 * Frames that are shorter than everything that is said here, on one stream: so many, and one more for each so many bytes that
 * come. Each costs as much as a long one, and whatever has come is read before anything else runs.
 */
const SHORT_BYTES = 8
const SHORT_FRAMES_MAX = 256
const BYTES_FOR_A_SHORT_FRAME = 1024

/** How a connection begins on either side, before its encryption takes over. */
const OPENING = new Uint8Array([0x13, ...ascii('/multistream/1.0.0\n'), 0x07, ...ascii('/noise\n')])

/** Bytes in one piece or several. */
type Bytes = Uint8Array | { readonly byteLength: number; get(index: number): number }

/** What is used of libp2p's streams and connections beyond their interface: where bytes come in. */
interface Incoming {
  onData(data: Bytes): void
  abort(error: Error): void
}

/** Of a stream, empty until a protocol is agreed on. */
interface Negotiated {
  readonly protocol: string
}

/**
 * The muxer, with every stream of it guarded; a connection with a length that does not end is cut.
 * @param onCut told of it before, with the muxer of the connection
 */
export function guardStreams(
  create: CreateMuxers,
  onCut: (muxer: unknown, error: Error) => void = () => {}
): CreateMuxers {
  return eachStream(create, (muxer, connection) => {
    const cut = (error: Error) => {
      onCut(muxer, error)
      connection.abort(error)
    }
    return (stream) => {
      const isNegotiating = () => (stream as Negotiated).protocol === ''
      inspect(stream as Incoming, endingLengths(isNegotiating), cut)
    }
  })
}

/**
 * Noise that tells within its handshake which muxer follows, as ours does: whoever does not would negotiate it over the
 * connection, unguarded.
 */
export function withEarlyMuxer(create: CreateEncrypter): CreateEncrypter {
  return eachSecured(create, ({ streamMuxer }) => {
    if (streamMuxer === undefined) throw new Error('the other side does not say which muxer follows')
  })
}

/** The gater, with connections that do not begin as ours do cut at their first other byte. */
export function guardOpenings(gater: Gater): Gater {
  const guard = (connection: unknown) => {
    const incoming = connection as Incoming
    inspect(incoming, opening(), (error) => incoming.abort(error))
  }
  return {
    ...gater,
    denyInboundConnection(connection) {
      guard(connection)
      return gater.denyInboundConnection?.(connection) ?? false
    },
    denyOutboundConnection(peer, connection) {
      guard(connection)
      return gater.denyOutboundConnection?.(peer, connection) ?? false
    }
  }
}

/** Looks at bytes in their order: `no` to those that must not come, `enough` when the rest does not matter. */
type Inspection = (data: Bytes) => 'go on' | 'enough' | 'no'

function inspect(stream: Incoming, look: Inspection, refuse: (error: Error) => void): void {
  const { onData } = stream
  stream.onData = (data) => {
    const answer = look(data)
    if (answer === 'no') return refuse(new Error('what it sent is not framed as everything here is'))
    if (answer === 'enough') stream.onData = onData
    onData.call(stream, data)
  }
}

/**
 * Frames one after another, each length at most so many bytes; few of them while a protocol is being agreed on, and later
 * few short ones.
 */
export function endingLengths(isNegotiating: () => boolean = () => false): Inspection {
  let negotiationFrames = 0
  let shortFrames = 0
  let bytes = 0
  let left = 0
  let length = 0
  let lengthBytes = 0
  return (data) => {
    const negotiates = isNegotiating()
    bytes += data.byteLength
    for (let at = 0; at < data.byteLength; ) {
      if (left > 0) {
        const skipped = Math.min(left, data.byteLength - at)
        left -= skipped
        at += skipped
        continue
      }
      const byte = byteOf(data, at)
      at += 1
      length += (byte & 0x7f) * 2 ** (7 * lengthBytes)
      lengthBytes += 1
      if (byte >= 0x80) {
        if (lengthBytes >= LENGTH_BYTES_MAX) return 'no'
        continue
      }
      if (negotiates && ++negotiationFrames > NEGOTIATION_FRAMES_MAX) return 'no'
      if (length < SHORT_BYTES && ++shortFrames > SHORT_FRAMES_MAX + bytes / BYTES_FOR_A_SHORT_FRAME) return 'no'
      left = length
      length = 0
      lengthBytes = 0
    }
    return 'go on'
  }
}

/** Exactly the opening, and then anything. */
export function opening(): Inspection {
  let seen = 0
  return (data) => {
    for (let at = 0; at < data.byteLength && seen < OPENING.length; at++) {
      if (byteOf(data, at) !== OPENING[seen]) return 'no'
      seen += 1
    }
    return seen === OPENING.length ? 'enough' : 'go on'
  }
}

function byteOf(data: Bytes, index: number): number {
  return data instanceof Uint8Array ? data[index]! : data.get(index)
}

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0))
}
