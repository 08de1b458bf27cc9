import type { Libp2p } from 'libp2p'
import type { Logger } from '../log.js'
import type { Connection } from './frames.js'

/** Connections of one partner: two when both dialled at once, and one or two that died without a word. */
export const CONNECTIONS_OF_ONE_MAX = 4

/** Streams that a stranger may have open: those of the two protocols it reaches, and of identification. */
const STRANGER_STREAMS_MAX = 8

/** Milliseconds between two clearings of what libp2p remembers of strangers who are gone. */
const FORGET_MS = 60_000

export interface ConnectionLimitsOptions {
  readonly libp2p: Libp2p
  /** Those open now. */
  readonly connections: () => Connection[]
  readonly isPartner: (key: string) => boolean
  readonly log: Logger
}

/** Keeps connections and streams of each peer few, and what is remembered of strangers bounded. */
export interface ConnectionLimits {
  /** Looks after strangers and connections that are over; to be called several times a second. */
  step(): void
  close(): void
}

export function limitConnections(options: ConnectionLimitsOptions): ConnectionLimits {
  const { libp2p, connections, isPartner, log } = options
  let forgottenAt = performance.now()

  const onOpen = ({ detail }: CustomEvent<Connection>): void => {
    const key = detail.remotePeer.toString()
    const same = connections().filter((it) => it.remotePeer.toString() === key)
    // The oldest go: of one that is dead without a word the newest is the one that works.
    const tooMany = same.sort((a, b) => a.timeline.open - b.timeline.open).slice(0, -CONNECTIONS_OF_ONE_MAX)
    if (tooMany.length > 0) log.debug('too many connections of one peer', { peer: key })
    for (const connection of tooMany) connection.abort(new Error('too many connections of one peer'))
  }

  const forget = async (): Promise<void> => {
    for (const { id } of await libp2p.peerStore.all()) {
      const isOwn = id.equals(libp2p.peerId)
      if (!isOwn && !isPartner(id.toString()) && libp2p.getConnections(id).length === 0) {
        await libp2p.peerStore.delete(id)
      }
    }
  }

  libp2p.addEventListener('connection:open', onOpen)
  return {
    step() {
      for (const connection of connections()) {
        const isStranger = !isPartner(connection.remotePeer.toString())
        if (isOver(connection)) connection.abort(new Error('its muxer has ended'))
        else if (isStranger && connection.streams.length > STRANGER_STREAMS_MAX) {
          connection.abort(new Error('a stranger opened too many streams'))
        }
      }
      if (performance.now() - forgottenAt < FORGET_MS) return
      forgottenAt = performance.now()
      forget().catch((error: unknown) => log.debug('strangers could not be forgotten', { error }))
    },
    close() {
      libp2p.removeEventListener('connection:open', onOpen)
    }
  }
}

/**
 * Whether no stream can be opened any more. libp2p leaves such a connection open when the muxer gave up by itself, over
 * too many streams at its beginning or at a goodbye that no end follows; it would count as a connection for ever.
 */
function isOver(connection: Connection): boolean {
  const { muxer } = connection as unknown as { readonly muxer?: { readonly status: string } }
  return muxer?.status === 'closed'
}
