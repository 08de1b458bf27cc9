import { randomBytes } from 'node:crypto'
import { type GossipSub, type GossipSubComponents, type GossipsubOpts, gossipsub } from '@chainsafe/libp2p-gossipsub'
import { sha256 } from '../../base/crypto.js'
import type { Logger } from '../log.js'
import { GOSSIP_BYTES_MAX, type GossipVerdict } from '../peers.js'
import { createAllowances } from './allowance.js'
import type { Counts } from './counts.js'
import type { Connection, Stream } from './frames.js'

export interface GossipOptions {
  readonly topic: string
  readonly isPartner: (key: string) => boolean
  /** Judges a text: what it does not accept goes no further. */
  readonly onText: (text: string) => GossipVerdict
  /** This partner passed on what is no batch, or not signed by whom it names. */
  readonly onMalformed: (key: string) => void
  readonly counts: Counts
  readonly log: Logger
  /** For measurements. @default MESH */
  readonly mesh?: Partial<GossipsubOpts>
}

/** Texts spread to all partners, directly and through others. */
export interface Gossip {
  /** To be given to libp2p as a service. */
  readonly service: (components: GossipSubComponents) => GossipSub
  /** To be called once libp2p has started. */
  start(): void
  publish(text: string): void
  /** Keys known to listen to the topic. */
  subscribers(): ReadonlySet<string>
}

/**
 * When messages go to whom (docs/decisions/0005-network.md has the figures). With floodPublish an author sends to everybody it is
 * connected to, and nobody passes on what most have already: who is not connected to the author is told by others who has the
 * batch, and pulls it. What is lost is told of each second (Dlazy).
 */
export const MESH: Partial<GossipsubOpts> = { D: 0, Dlo: 0, Dhi: 0, Dout: 0, Dscore: 0, Dlazy: 3, floodPublish: true }

/** Random bytes before each text: an id that was seen once is deaf for two minutes, also when nobody got the message. */
const NONCE_BYTES = 8
const ID_BYTES = 20
const DATA_BYTES_MAX = NONCE_BYTES + GOSSIP_BYTES_MAX

/** Below every threshold: whoever is no partner gives and gets nothing. */
const STRANGER_SCORE = -1_000_000
const GRAYLIST = -1000

/**
 * Bytes of messages from one connection at once and then each second, a small one counted as more: what a partner passes
 * on of a busy network, many times over. Gossip keeps what it accepts for seconds and the id of everything for minutes.
 */
const BYTES_AT_ONCE = 32 * 1024 * 1024
const BYTES_PER_SECOND = 8 * 1024 * 1024
const BYTES_OF_ONE_MIN = 2 * 1024

/** Milliseconds for which nothing is taken from who sent more, at least. */
const DEAF_MS_MIN = 5_000

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function createGossip(options: GossipOptions): Gossip {
  const { topic, isPartner, counts, log } = options
  let router: GossipSub | undefined
  const now = () => performance.now()
  const allowances = createAllowances({ burst: BYTES_AT_ONCE, perSecond: BYTES_PER_SECOND, now })
  const deafUntil = new Map<string, number>()

  const isDeafTo = (key: string): boolean => now() < (deafUntil.get(key) ?? 0)
  /** Whether this key may still say so much. */
  const mayGossip = (key: string, bytes: number): boolean => {
    if (isDeafTo(key)) return false
    const waitMs = allowances.of(key).spend(Math.max(bytes, BYTES_OF_ONE_MIN))
    if (waitMs === 0) return true
    counts.held += 1
    log.warn('a partner gossips more than it may: nothing is taken from it for a while', { peer: key })
    deafUntil.set(key, now() + Math.max(waitMs, DEAF_MS_MIN))
    return false
  }

  const textOf = (data: Uint8Array): string | null => {
    if (data.length <= NONCE_BYTES || data.length > DATA_BYTES_MAX || data[NONCE_BYTES] !== OPENING_BRACE) return null
    try {
      return utf8.decode(data.subarray(NONCE_BYTES))
    } catch {
      return null
    }
  }

  const settings: Partial<GossipsubOpts> = {
    ...MESH,
    ...options.mesh,
    // Authors are named and proven by what they signed; see libp2p.md on StrictNoSign.
    globalSignaturePolicy: 'StrictNoSign',
    // All bytes, the nonce too: a shorter or chosen id would let anyone suppress a message through the seen cache.
    msgIdFn: ({ data }) => sha256(data).subarray(0, ID_BYTES),
    allowedTopics: [topic],
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    tagMeshPeers: false,
    doPX: false,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: 4 * DATA_BYTES_MAX,
    maxOutboundBufferSize: 4 * 1024 * 1024,
    scoreParams: {
      // One machine or one router may be many partners.
      IPColocationFactorWeight: 0,
      appSpecificWeight: 1,
      // Of who has the score of a stranger not even the ids of messages are remembered.
      appSpecificScore: (key) => (isPartner(key) && !isDeafTo(key) ? 0 : STRANGER_SCORE)
    },
    scoreThresholds: { gossipThreshold: -10, publishThreshold: -100, graylistThreshold: GRAYLIST }
  }

  const start = (): void => {
    if (router === undefined) return
    // Before it is passed on: whoever passes on what does not hold is to blame for it, not only its author.
    router.topicValidators.set(topic, (from, { data }) => {
      if (!isPartner(from.toString()) || !mayGossip(from.toString(), data.length)) return 'ignore' as never
      const text = textOf(data)
      const verdict = text === null ? 'reject' : options.onText(text)
      if (verdict === 'reject') options.onMalformed(from.toString())
      return verdict as never
    })
    router.subscribe(topic)
  }

  return {
    service(components) {
      // One by one: libp2p's components cannot be copied.
      const { privateKey, peerId, peerStore, connectionManager, logger } = components
      const registrar = partnersRegistrar(components, isPartner, counts)
      router = gossipsub(settings)({ privateKey, peerId, peerStore, connectionManager, logger, registrar })
      return router
    },
    start,
    publish(text) {
      const body = Buffer.from(text, 'utf8')
      if (body.length > GOSSIP_BYTES_MAX || router === undefined) return
      const data = new Uint8Array(NONCE_BYTES + body.length)
      data.set(randomBytes(NONCE_BYTES))
      data.set(body, NONCE_BYTES)
      router.publish(topic, data).catch((error: unknown) => log.debug('gossip failed', { error }))
    },
    subscribers: () => new Set(router?.getSubscribers(topic).map(String))
  }
}

const OPENING_BRACE = 0x7b

type Registrar = GossipSubComponents['registrar']

/** A registrar through which gossip neither hears of strangers nor is reached by them. */
function partnersRegistrar(
  { registrar }: GossipSubComponents,
  isPartner: (key: string) => boolean,
  counts: Counts
): Registrar {
  const guarded: Pick<Registrar, 'handle' | 'unhandle' | 'register' | 'unregister'> = {
    handle: (protocol, handler, options) => {
      const guard = (stream: Stream, connection: Connection) => {
        if (isPartner(connection.remotePeer.toString())) return handler(stream, connection)
        counts.refused += 1
        stream.abort(new Error('not a partner'))
      }
      return registrar.handle(protocol, guard, options)
    },
    unhandle: (protocols, options) => registrar.unhandle(protocols, options),
    register: (protocol, topology) =>
      registrar.register(protocol, {
        ...topology,
        onConnect: (peer, connection) => {
          if (isPartner(peer.toString())) return topology.onConnect?.(peer, connection)
        }
      }),
    unregister: (id) => registrar.unregister(id)
  }
  // Those four are all of it that gossip uses.
  return guarded as Registrar
}
