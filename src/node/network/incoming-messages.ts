import { LedgerError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { ShapeError } from '../../ledger/json-shape.js'
import type { Logger } from '../log.js'
import type { PeerMessage } from '../peers.js'
import { createAllowances } from './allowance.js'
import type { Counts } from './counts.js'
import { pause, startDeadline } from './deadline.js'
import { asError } from './exchange.js'
import { type Connection, encodeFrame, type Frames, framesOf, type Stream } from './frames.js'
import { MESSAGE_BYTES_MAX, shapeOfMessage } from './message-shape.js'
import type { Welcome } from './outgoing-link.js'
import { createTurns } from './turns.js'

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
 * Messages of one partner at once and then each second, a large one counted as several: many times what a partner has
 * to say in a busy network. Beyond it its stream is not read for a while, so that it has to wait, not the others.
 */
const MESSAGES_AT_ONCE = 49_152
const MESSAGES_PER_SECOND = 2_048
const BYTES_OF_ONE = 1024

/** Milliseconds without reading, before looking whether the stream still is there. */
const HELD_MS_MAX = 250

/** Once a partner has to wait, it is for so long. */
const HOLD_MS_MIN = 500

/** Milliseconds between two lines in the log about the same partner. */
const TOLD_MS = 60_000

const NEVER = new AbortController().signal

/**
 * Takes the kept streams of partners, one of each; a new one replaces the old. A stream that brings anything malformed
 * is ended.
 * @returns the handler of the protocol
 */
export function incomingMessages(options: IncomingOptions): (stream: Stream, connection: Connection) => Promise<void> {
  const { partnerOf, counts, log } = options
  const taken = new Map<string, Stream>()
  const toldAt = new Map<string, number>()
  const allowances = createAllowances({
    burst: MESSAGES_AT_ONCE,
    perSecond: MESSAGES_PER_SECOND,
    now: () => performance.now()
  })

  /** Leaves a stream unread, which keeps the sender from sending more, until the partner may say something again. */
  const hold = async (stream: Stream, frames: Frames, key: string, ms: number): Promise<void> => {
    counts.held += 1
    if (performance.now() - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) > TOLD_MS) {
      toldAt.set(key, performance.now())
      log.warn('a partner sends more than it may: it has to wait', { partner: partnerOf(key) })
    }
    stream.pause()
    for (const end = performance.now() + ms; performance.now() < end && stream.status === 'open'; ) {
      await pause(Math.min(HELD_MS_MAX, Math.max(1, end - performance.now())), NEVER)
    }
    frames.resume()
  }

  const read = async (stream: Stream, key: string): Promise<void> => {
    const frames = framesOf(stream, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX)
    const deadline = startDeadline(WELCOME_MS_MAX, () => new Error('the welcome was not taken'))
    try {
      await frames.write([encodeFrame(options.welcome)], deadline.signal)
    } finally {
      deadline.done()
    }
    const allowance = allowances.of(key)
    const turns = createTurns()
    while (true) {
      const message = shapeOfMessage((await frames.read()) as Json)
      // Asked each time: who was a partner when the stream began may not be one now.
      const partner = partnerOf(key)
      if (partner === null) throw new Error('no longer a partner')
      options.onMessage(partner, message)
      const waitMs = allowance.spend(1 + frames.bytesRead() / BYTES_OF_ONE)
      if (waitMs > 0) await hold(stream, frames, key, Math.max(waitMs, HOLD_MS_MIN))
      else if (turns.isOver()) await turns.pass()
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
      if (error instanceof ShapeError) {
        options.onMalformed(key, new LedgerError('MALFORMED', `its message: ${error.message}`))
      } else if (error instanceof LedgerError) options.onMalformed(key, error)
      else log.debug('stream from partner ended', { peer: key, error: asError(error) })
    } finally {
      if (taken.get(key) === stream) taken.delete(key)
    }
  }
}
