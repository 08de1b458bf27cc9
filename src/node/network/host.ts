import './promise-with-resolvers.js'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p, type Libp2pOptions } from 'libp2p'
import { LedgerError } from '../../base/errors.js'
import { PARTNERS_MAX } from '../../base/limits.js'
import type { Logger } from '../log.js'
import { guardOpenings, guardStreams, withEarlyMuxer } from './framing-guard.js'
import { partnersOnly, peerOf } from './gater.js'
import { HALF_OPEN_MAX, limitHalfOpen } from './half-open.js'
import { listenError } from './listen-error.js'
import { withQuietLengths } from './noise-lengths.js'
import { tellableAddresses } from './own-addresses.js'
import { fewWindowUpdates } from './window-updates.js'

export interface HostOptions {
  /** The partner's private key: 32 bytes of seed (RFC 8032). Its public key is the identity, as in every signature. */
  readonly seed: Uint8Array
  /** Multiaddrs to listen on, such as `/ip4/0.0.0.0/tcp/4001`; port 0 takes a free one. None: this host only dials. */
  readonly listen: readonly string[]
  /** Multiaddrs told to partners instead of those listened on, for hosts behind a router. */
  readonly announce: readonly string[]
  /** Whether the peer with this id is a partner now. Asked anew for each connection, and only then. */
  readonly isPartner: (peer: string) => boolean
  /** Whether there is room for a stranger that calls. @default for none */
  readonly admitStranger?: (peer: string) => boolean
  /** Further libp2p services, such as gossip; each gets libp2p's components. */
  readonly services?: Record<string, (components: ServiceComponents) => unknown>
  /** Registers protocols, before anybody can connect. */
  readonly prepare?: (libp2p: Libp2p) => Promise<void>
  /** A connection with this peer was cut, as what came was not framed as all protocols here are. */
  readonly onMisframed?: (peer: string, error: Error) => void
  readonly log: Logger
  /** Stops the start; a host that has started is stopped by its `close`. */
  readonly signal?: AbortSignal
}

/** What libp2p gives to each of its services. */
export type ServiceComponents = Parameters<NonNullable<Libp2pOptions['services']>[string]>[0]

/** A running libp2p node that dials partners and nobody else. */
export interface Host {
  /** For protocols on top of it. */
  readonly libp2p: Libp2p
  /** Its peer id, which is the text of its public key. */
  readonly peerId: string
  /** Where partners reach it: announced addresses, else those listened on, as many as a record takes; each ends in `/p2p/ID`. */
  addresses(): string[]
  /** What it listens on, with the ports really taken; each ends in `/p2p/ID`. */
  listening(): string[]
  /** Peer ids of the partners it is connected to, each once. */
  connections(): string[]
  /**
   * Connects to a partner, or keeps the connection there is.
   * @param address a multiaddr that ends in `/p2p/ID`
   * @throws whatever libp2p says when it cannot: refused, no answer, another key than the address says
   */
  dial(address: string, options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Hangs up, stops listening and gives back every handle. May be called twice. */
  close(): Promise<void>
}

/**
 * Connections per second from one address: clusters on one machine or behind one router share theirs, and each handshake
 * costs some milliseconds whoever asks for it.
 */
const INBOUND_PER_SECOND_MAX = 128

/** More than half-open.ts lets wait, so that it is the one who chooses. */
const INBOUND_PENDING_MAX = 2 * HALF_OPEN_MAX

/** All partners, each twice while both dial at once, and those who may become one. */
const CONNECTIONS_MAX = 4 * PARTNERS_MAX

/** Milliseconds a caller has for its handshake. */
const INBOUND_UPGRADE_TIMEOUT_MS = 5_000

const MUXER = {
  /** Streams that one peer may have open: those of each protocol here are fewer together. */
  maxInboundStreams: 128,
  /** Bytes under way on a stream, which come even while it is not read: less than frames.ts keeps of messages. */
  streamOptions: { maxStreamWindowSize: 1024 * 1024 }
}

/** Milliseconds of silence after which the system asks whether the other side is still there. */
const KEEP_ALIVE_DELAY_MS = 15_000

/**
 * Starts the libp2p node of a partner: TCP, Noise, Yamux and identify, its identity the partner's own key. There is no
 * discovery, bootstrap list, relay or port mapping: it dials nobody by itself.
 * @throws LedgerError ADDRESS_IN_USE when a port is taken, CONFIG when an address cannot be listened on or announced
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { log, signal } = options
  signal?.throwIfAborted()
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.seed)
  const peerId = privateKey.publicKey.toString()
  const listen = options.listen.map((address) => parseOwn(address, peerId))
  const announce = options.announce.map((address) => parseOwn(address, peerId))

  const gater = partnersOnly(
    options.isPartner,
    (question, peer) => log.debug('denied', { question, peer }),
    options.admitStranger
  )
  let bound: () => Multiaddr[] = () => []
  const onCut = (muxer: unknown, error: Error): void => {
    const connection = libp2p.getConnections().find((it) => 'muxer' in it && it.muxer === muxer)
    if (connection !== undefined) options.onMisframed?.(connection.remotePeer.toString(), error)
  }
  const libp2p: Libp2p = await createLibp2p({
    ...settings,
    privateKey,
    streamMuxers: [guardStreams(fewWindowUpdates(yamux(MUXER)), onCut)],
    addresses: { listen: listen.map(String), announce: announce.map(String) },
    connectionGater: guardOpenings(limitHalfOpen(gater)),
    services: {
      ...options.services,
      identify: identify(),
      // libp2p hides what it listens on once addresses are announced; its parts are shown to services only.
      bound: ({ transportManager }) => {
        bound = () => transportManager.getAddrs()
        return {}
      }
    }
  })
  libp2p.addEventListener('peer:connect', ({ detail }) => log.debug('connected', { peer: detail.toString() }))
  libp2p.addEventListener('peer:disconnect', ({ detail }) => log.debug('disconnected', { peer: detail.toString() }))

  try {
    await options.prepare?.(libp2p)
    await libp2p.start()
    signal?.throwIfAborted()
  } catch (error) {
    await libp2p.stop()
    throw signal?.aborted ? signal.reason : listenError(error)
  }
  const listening = () => bound().map((address) => withPeer(address, peerId))
  log.info('listening', { addresses: listening() })

  return {
    libp2p,
    peerId,
    listening,
    addresses: () => tellableAddresses(libp2p.getMultiaddrs().map((address) => withPeer(address, peerId))),
    connections: () => libp2p.getPeers().map(String),
    dial: async (address, { signal } = {}) => {
      await libp2p.dial(multiaddr(address), signal === undefined ? {} : { signal })
    },
    close: async () => {
      await libp2p.stop()
    }
  }
}

/** What is the same for every host. */
const settings: Pick<
  Libp2pOptions,
  'start' | 'transports' | 'connectionEncrypters' | 'connectionManager' | 'connectionMonitor' | 'nodeInfo'
> = {
  start: false,
  transports: [
    tcp({
      dialOpts: { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS },
      listenOpts: { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS }
    })
  ],
  connectionEncrypters: [withEarlyMuxer(withQuietLengths(noise()))],
  connectionManager: {
    maxConnections: CONNECTIONS_MAX,
    inboundConnectionThreshold: INBOUND_PER_SECOND_MAX,
    maxIncomingPendingConnections: INBOUND_PENDING_MAX,
    inboundUpgradeTimeout: INBOUND_UPGRADE_TIMEOUT_MS,
    // A /dnsaddr name could lead anywhere; /dns4 and /dns6 are looked up by the system and need no resolver.
    resolvers: {}
  },
  // A partner that is busy for seconds answers late; that is no reason to hang up on it.
  connectionMonitor: { abortConnectionOnPingFailure: false },
  // The version is between partners and is told by the ledger's own protocols, to partners only.
  nodeInfo: { name: 'partner-ledger', version: '0', userAgent: 'partner-ledger' }
}

/** An own address from a command line or configuration. It may name its peer, but only the right one. */
function parseOwn(address: string, peerId: string): Multiaddr {
  let parsed: Multiaddr
  try {
    parsed = multiaddr(address)
  } catch (cause) {
    const message = `'${address}' is not an address such as /ip4/0.0.0.0/tcp/4001`
    throw new LedgerError('CONFIG', message, { address }, cause)
  }
  const named = peerOf(parsed)
  if (named === null) return parsed
  if (named === peerId) return parsed.decapsulate(`/p2p/${peerId}`)
  throw new LedgerError('CONFIG', `${address} names another peer; this node is ${peerId}`, { address, peerId })
}

function withPeer(address: Multiaddr, peerId: string): string {
  return peerOf(address) === null ? `${address}/p2p/${peerId}` : address.toString()
}
