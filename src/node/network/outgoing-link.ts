import type { Logger } from '../log.js'
import type { Counts } from './counts.js'
import { pause, startDeadline } from './deadline.js'
import { asError } from './exchange.js'
import { type Connection, type Frames, framesOf, type Stream } from './frames.js'
import { createMessageQueue } from './message-queue.js'

/** The kept stream to one partner, opened again whenever it breaks while there is a connection. */
export interface OutgoingLink {
  readonly partner: string
  readonly key: string
  /** Whether the partner has taken the stream: only then it listens to this node. */
  isOpen(): boolean
  /** Whether the partner said that it takes part in gossip, and monotonic milliseconds since when it is open. */
  gossips(): boolean
  openSince(): number
  /** Whether the partner takes a status that tells whom its sender is connected with. */
  takesConnected(): boolean
  /** Whether who is at the other end of a connection can answer with texts in frames of their own (pull-texts.ts). */
  givesTexts(connection: Connection): boolean
  /** Queues a message, the oldest dropped when there is no room. */
  send(frame: Uint8Array): void
  close(): void
}

export interface OutgoingLinkOptions {
  readonly partner: string
  readonly key: string
  readonly protocol: string
  /** A connection to the partner that is open now, if there is one. */
  readonly connection: () => Connection | undefined
  readonly counts: Counts
  readonly log: Logger
  /** It was opened or broke. */
  readonly onChange: (open: boolean) => void
  /** The partner does not take the stream: it may not know this node as a partner yet. */
  readonly onRefused: (connection: Connection) => void
}

/** What the side that takes a stream sends first. */
export interface Welcome {
  readonly partner: string
  readonly gossip: boolean
  /** Whether it takes a status that tells whom its sender is connected with; a build that says nothing refuses it. */
  readonly connected: boolean
  /** Whether it can answer with texts in frames of their own. */
  readonly texts: boolean
}

/** Messages and bytes that wait for one partner: a few heights of votes of a large network. */
const QUEUE_MESSAGES_MAX = 2048
const QUEUE_BYTES_MAX = 8 * 1024 * 1024

const WELCOME_BYTES_MAX = 256
const WRITE_BYTES = 64 * 1024
const OPEN_MS_MAX = 5_000
/** A partner that takes nothing for so long is hung up on: perhaps its machine is gone without a word. */
const WRITE_MS_MAX = 20_000
const REOPEN_MS_MIN = 200
const REOPEN_MS_MAX = 5_000

/** Starts to open the stream. */
export function startOutgoingLink(options: OutgoingLinkOptions): OutgoingLink {
  const { partner, key, counts, log } = options
  const queue = createMessageQueue(QUEUE_MESSAGES_MAX, QUEUE_BYTES_MAX)
  const closing = new AbortController()
  let stream: Stream | undefined
  let gossips = false
  let takesConnected = false
  /** The connection whose other end said that it gives texts: after a restart another build may answer on the next one. */
  let textsOver: Connection | null = null
  let openedAt: number | null = null
  let wake = () => {}

  const setOpen = (open: boolean) => {
    if ((openedAt !== null) === open) return
    openedAt = open ? performance.now() : null
    options.onChange(open)
  }

  const open = async (connection: Connection): Promise<Frames> => {
    const deadline = startDeadline(OPEN_MS_MAX, () => new Error('the stream was not taken in time'), closing.signal)
    try {
      stream = await connection.newStream(options.protocol, { signal: deadline.signal })
      const frames = framesOf(stream, WELCOME_BYTES_MAX)
      const welcome = (await frames.read(deadline.signal)) as Partial<Welcome> | null
      if (welcome?.partner !== partner) throw new Error(`it says it is ${String(welcome?.partner).slice(0, 32)}`)
      gossips = welcome.gossip === true
      takesConnected = welcome.connected === true
      textsOver = welcome.texts === true ? connection : null
      return frames
    } finally {
      deadline.done()
    }
  }

  const pump = async (frames: Frames, connection: Connection): Promise<void> => {
    const onEnd = () => wake()
    stream?.addEventListener('close', onEnd)
    stream?.addEventListener('remoteCloseWrite', onEnd)
    while (!closing.signal.aborted && stream?.status === 'open' && stream.remoteWriteStatus === 'writable') {
      if (queue.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const deadline = startDeadline(WRITE_MS_MAX, () => new Error('the partner does not read'), closing.signal)
      try {
        await frames.write(queue.take(WRITE_BYTES), deadline.signal)
      } catch (error) {
        if (deadline.signal.aborted) connection.abort(asError(deadline.signal.reason))
        throw error
      } finally {
        deadline.done()
      }
    }
  }

  const run = async (): Promise<void> => {
    let waitMs = REOPEN_MS_MIN
    while (!closing.signal.aborted) {
      const connection = options.connection()
      if (connection !== undefined) {
        try {
          const frames = await open(connection)
          waitMs = REOPEN_MS_MIN
          setOpen(true)
          await pump(frames, connection)
        } catch (error) {
          log.debug('stream to partner', { partner, error: asError(error) })
          if (openedAt === null && !closing.signal.aborted) options.onRefused(connection)
        }
        stream?.abort(new Error('the stream is given up'))
        stream = undefined
        setOpen(false)
      }
      await pause(waitMs, closing.signal)
      waitMs = Math.min(2 * waitMs, REOPEN_MS_MAX)
    }
  }
  run().catch((error: unknown) => log.error('stream to partner', { partner, error }))

  return {
    partner,
    key,
    isOpen: () => openedAt !== null,
    gossips: () => gossips,
    takesConnected: () => takesConnected,
    givesTexts: (connection) => textsOver === connection,
    openSince: () => openedAt ?? performance.now(),
    send(frame) {
      counts.dropped += queue.push(frame)
      wake()
    },
    close() {
      closing.abort(new Error('closed'))
      stream?.abort(new Error('closed'))
      queue.clear()
      wake()
      setOpen(false)
    }
  }
}
