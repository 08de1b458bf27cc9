import { LedgerError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { ShapeError } from '../../ledger/json-shape.js'
import type { Logger } from '../log.js'
import type { PeerMessage } from '../peers.js'
import type { Counts } from './counts.js'
import { startDeadline } from './deadline.js'
import { asError } from './exchange.js'
import { type Connection, encodeFrame, framesOf, type Stream } from './frames.js'
import { MESSAGE_BYTES_MAX, shapeOfMessage } from './message-shape.js'
import type { Welcome } from './outgoing-link.js'

export interface IncomingOptions {
  readonly welcome: Welcome
  readonly partnerOf: (key: string) => string | null
  readonly onMessage: (from: string, message: PeerMessage) => void
  /** Something malformed came from this key. */
  readonly onMalformed: (key: string, error: Error) => void
  readonly counts: Counts
  readonly log: Logger
}

const WELCOME_MS_MAX = 10_000

/**
 * Takes the kept streams of partners, one of each; a new one replaces the old. A stream that brings anything malformed
 * is ended.
 * @returns the handler of the protocol
 */
export function incomingMessages(options: IncomingOptions): (stream: Stream, connection: Connection) => Promise<void> {
  const { partnerOf, counts, log } = options
  const taken = new Map<string, Stream>()

  const read = async (stream: Stream, key: string): Promise<void> => {
    const frames = framesOf(stream, MESSAGE_BYTES_MAX)
    const deadline = startDeadline(WELCOME_MS_MAX, () => new Error('the welcome was not taken'))
    try {
      await frames.write([encodeFrame(options.welcome)], deadline.signal)
    } finally {
      deadline.done()
    }
    while (true) {
      const message = shapeOfMessage((await frames.read()) as Json)
      // Asked each time: who was a partner when the stream began may not be one now.
      const partner = partnerOf(key)
      if (partner === null) throw new Error('no longer a partner')
      options.onMessage(partner, message)
    }
  }

  return async (stream, connection) => {
    const key = connection.remotePeer.toString()
    if (partnerOf(key) === null) {
      counts.refused += 1
      stream.abort(new Error('not a partner'))
      return
    }
    taken.get(key)?.abort(new Error('replaced by a newer stream'))
    taken.set(key, stream)
    try {
      await read(stream, key)
    } catch (error) {
      stream.abort(asError(error))
      if (error instanceof ShapeError || error instanceof LedgerError) options.onMalformed(key, error)
      else log.debug('stream from partner ended', { peer: key, error: asError(error) })
    } finally {
      if (taken.get(key) === stream) taken.delete(key)
    }
  }
}
