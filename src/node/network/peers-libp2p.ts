import { publicKeyOf } from '../../base/crypto.js'
import { LedgerError } from '../../base/errors.js'
import { keyText } from '../../base/keys.js'
import type { PeerMessage, PullRequest, PullResponse } from '../peers.js'
import { ATTACHMENT_STREAMS_MAX, attachmentProtocol, createAttachmentExchange } from './attachment-protocol.js'
import { type ConnectionLimits, limitConnections } from './connection-limits.js'
import { newCounts } from './counts.js'
import { addressOf } from './dial-address.js'
import { createDialLoop } from './dial-loop.js'
import type { Connection } from './frames.js'
import { createGossip } from './gossip.js'
import { createGossipWatchdog } from './gossip-watchdog.js'
import { type Host, startHost } from './host.js'
import { incomingMessages } from './incoming-messages.js'
import type { PeerAddress } from './join-messages.js'
import { askToJoin, JOIN_STREAMS_MAX, joinHandler, joinProtocol } from './join-protocol.js'
import { createMembershipExchange, MEMBERSHIP_STREAMS_MAX, membershipProtocol } from './membership-protocol.js'
import { createMessageFrames } from './message-frames.js'
import { MESSAGE_BYTES_MAX } from './message-shape.js'
import { createMisconduct } from './misconduct.js'
import { createMisconductRecord } from './misconduct-record.js'
import { type OutgoingLink, startOutgoingLink } from './outgoing-link.js'
import type { PeersOptions, RunningPeers } from './peers-options.js'
import { createPull, PULL_STREAMS_MAX } from './pull.js'
import { createSilenceWatch } from './silence-watch.js'
import { createStrangers } from './strangers.js'

/** Milliseconds between two looks at who is connected and who should be. */
const TICK_MS = 250

/** Kept streams of one connection: the one in use, and its successor. */
const MESSAGE_STREAMS_MAX = 2

/** Milliseconds between two presentations to the same partner that does not know this node. */
const PRESENT_MS = 5_000

/**
 * Starts the network layer of a node: keeps connected with all wanted partners, carries messages over kept streams,
 * requests over streams of their own and batches by gossip, and lets strangers reach the join and membership protocols
 * only.
 * @throws LedgerError ADDRESS_IN_USE, CONFIG, see startHost
 */
export async function startPeers(options: PeersOptions): Promise<RunningPeers> {
  const { directory, handlers, genesis, self, signal, log } = options
  const ownKey = keyText(publicKeyOf(options.seed))
  const counts = newCounts()
  const now = () => performance.now()
  const misconduct = createMisconduct(now)
  const record = createMisconductRecord(Date.now)
  const links = new Map<string, OutgoingLink>()

  const isBarred = (key: string) => key === ownKey || options.forbidden?.(key) === true || misconduct.isBanned(key)
  const partnerOf = (key: string): string | null => {
    const partner = isBarred(key) ? null : directory.partnerOf(key)
    return partner === self ? null : partner
  }
  const isPartner = (key: string) => partnerOf(key) !== null

  let host: Host | null = null
  const connections = (): Connection[] => host?.libp2p.getConnections().filter((it) => it.status === 'open') ?? []
  const connectionTo = (key: string) => connections().find((it) => keyOf(it) === key)
  const hangUp = (key: string, why: string): void => {
    for (const connection of connections()) if (keyOf(connection) === key) connection.abort(new Error(why))
  }
  const onMalformed = (key: string, error: Error): void => {
    counts.malformed += 1
    const partner = partnerOf(key)
    // Strangers can be many; each is told of once, when it is hung up on.
    log[partner === null ? 'debug' : 'warn']('malformed', { partner: partner ?? key, error })
    const isOver = misconduct.report(key)
    // Not partnerOf: what comes before a connection is cut is still the partner's.
    record.add(directory.partnerOf(key), error.message, isOver)
    if (!isOver) return
    log.warn('hung up on a peer for what it sent', { partner: partner ?? key })
    hangUp(key, 'malformed messages')
  }
  const guarded = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      log.error('a message could not be taken', { error })
      return undefined
    }
  }

  const strangers = createStrangers(() => connections().filter((it) => !isPartner(keyOf(it))))
  const admitStranger = (key: string): boolean => {
    const admitted = !isBarred(key) && strangers.admit()
    if (!admitted) counts.refused += 1
    return admitted
  }
  const hasGossip = options.gossip !== false
  const gossip = createGossip({
    topic: `ledger/${genesis}/batches/1`,
    isPartner,
    onText: (text) => guarded(() => handlers.onBatchText(text)) ?? 'ignore',
    onMalformed: (key) => onMalformed(key, new LedgerError('MALFORMED', 'it passed on what is no batch of a partner')),
    counts,
    log,
    ...(options.mesh === undefined ? {} : { mesh: options.mesh })
  })
  const watchdog = createGossipWatchdog(now)
  const messagesProtocol = `/ledger/${genesis}/messages/1`
  const pull = createPull({
    protocol: `/ledger/${genesis}/pull/1`,
    partnerOf,
    onRequest: (from, request) => handlers.onRequest(from, request),
    onMalformed,
    counts
  })
  const serve = options.serveAttachment ?? (async () => null)
  const attachments = createAttachmentExchange({ genesis, partnerOf, serve, counts, onMalformed })
  const incoming = incomingMessages({
    welcome: { partner: self, gossip: hasGossip, connected: true, texts: true },
    partnerOf,
    onMessage: (from, message) => guarded(() => handlers.onMessage(from, message)),
    onMalformed,
    counts,
    log
  })
  const knowledge = options.membership
  const membership = knowledge && createMembershipExchange({ genesis, knowledge, counts, onMalformed, log })
  const presented = new Map<string, number>()

  const present = (connection: Connection): void => {
    const key = keyOf(connection)
    if (membership === undefined || now() - (presented.get(key) ?? Number.NEGATIVE_INFINITY) < PRESENT_MS) return
    presented.set(key, now())
    void membership.present(connection)
  }
  const linkTo = (key: string, partner: string): OutgoingLink => {
    return startOutgoingLink({
      partner,
      key,
      protocol: messagesProtocol,
      connection: () => connectionTo(key),
      counts,
      log,
      onChange(open) {
        log.info(open ? 'connected' : 'disconnected', { partner })
        guarded(() => handlers.onPeer(partner, open))
      },
      onRefused: present
    })
  }
  const reconcile = (): void => {
    const connected = new Set(connections().map(keyOf))
    for (const [key, link] of links) {
      const partner = partnerOf(key)
      if (connected.has(key) && partner === link.partner) continue
      links.delete(key)
      link.close()
      if (partner === null) hangUp(key, 'no longer a partner')
    }
    for (const key of connected) {
      const partner = partnerOf(key)
      if (partner !== null && !links.has(key)) links.set(key, linkTo(key, partner))
    }
    for (const connection of connections()) {
      const key = keyOf(connection)
      if (partnerOf(key) === null && !isBarred(key) && directory.wasPartner?.(key) === true) present(connection)
    }
    for (const connection of strangers.overstayed()) connection.abort(new Error('a stranger stayed too long'))
  }
  const watchGossip = (): void => {
    const peers = [...links.values()].filter((link) => link.isOpen() && link.gossips())
    const watched = peers.map((link) => ({ key: link.key, since: link.openSince() }))
    for (const key of watchdog.deaf(watched, gossip.subscribers())) {
      log.info('gossip does not reach a partner: connecting anew', { partner: partnerOf(key) })
      hangUp(key, 'gossip lost')
    }
  }
  const silence = createSilenceWatch(now)
  const endSilent = (): void => {
    for (const connection of silence.silent(connections())) {
      log.info('nothing comes from a partner: connecting anew', { partner: partnerOf(keyOf(connection)) })
      connection.abort(new Error('silent'))
    }
  }
  const dialLoop = createDialLoop({
    self,
    key: ownKey,
    wanted: () => directory.wanted().filter((peer) => isPartner(peer.key)),
    isReachable: () => directory.isReachable?.() ?? true,
    isConnected: (key) => connectionTo(key) !== undefined,
    async dial(peer, signal) {
      if (host !== null) await dialPeer(host, peer, signal)
    },
    log,
    random: Math.random,
    now
  })
  let limits: ConnectionLimits | null = null
  const tick = (): void => {
    guarded(() => {
      endSilent()
      reconcile()
      if (hasGossip) watchGossip()
      dialLoop.step()
      limits?.step()
    })
  }

  host = await startHost({
    seed: options.seed,
    listen: options.listen,
    announce: options.announce,
    isPartner,
    admitStranger,
    onMisframed: onMalformed,
    log,
    ...(hasGossip ? { services: { gossip: (components) => gossip.service(components as never) } } : {}),
    ...(signal === undefined ? {} : { signal }),
    async prepare(libp2p) {
      const join = joinHandler({ genesis, join: options.join, counts, onMalformed })
      await libp2p.handle(messagesProtocol, incoming, { maxInboundStreams: MESSAGE_STREAMS_MAX })
      await libp2p.handle(pull.protocol, pull.handler, { maxInboundStreams: PULL_STREAMS_MAX })
      await libp2p.handle(joinProtocol(genesis), join, { maxInboundStreams: JOIN_STREAMS_MAX })
      if (options.serveAttachment !== undefined) {
        const limit = { maxInboundStreams: ATTACHMENT_STREAMS_MAX }
        await libp2p.handle(attachmentProtocol(genesis), attachments.handler, limit)
      }
      if (membership === undefined) return
      const limit = { maxInboundStreams: MEMBERSHIP_STREAMS_MAX }
      await libp2p.handle(membershipProtocol(genesis), membership.handler, limit)
    }
  })
  if (hasGossip) gossip.start()
  const { libp2p } = host
  limits = limitConnections({ libp2p, connections, isPartner, log })
  libp2p.addEventListener('peer:connect', tick)
  libp2p.addEventListener('peer:disconnect', tick)
  const timer = setInterval(tick, TICK_MS)
  tick()

  const linkOf = (partner: string): OutgoingLink | undefined => {
    for (const link of links.values()) if (link.partner === partner && link.isOpen()) return link
    return undefined
  }
  const sendOver = (open: readonly OutgoingLink[], message: PeerMessage): void => {
    const frames = createMessageFrames(message)
    for (const link of open) {
      const frame = frames.for(link.takesConnected())
      if (frame.length > MESSAGE_BYTES_MAX) {
        log.error('a message is too large to send', { type: message.type, bytes: frame.length })
        return
      }
      link.send(frame)
    }
  }

  return {
    peerId: host.peerId,
    addresses: host.addresses,
    listening: host.listening,
    counts: () => ({ ...counts }),
    misconduct: record.of,
    connected: () => [...links.values()].filter((link) => link.isOpen()).map((link) => link.partner),
    send(partner, message) {
      const link = linkOf(partner)
      if (link !== undefined) sendOver([link], message)
    },
    broadcast(message) {
      sendOver(
        [...links.values()].filter((link) => link.isOpen()),
        message
      )
    },
    blame(partner, why) {
      const link = linkOf(partner)
      if (link !== undefined) onMalformed(link.key, new LedgerError('MALFORMED', why))
    },
    gossipBatch(text) {
      if (hasGossip) gossip.publish(text)
    },
    async request<R extends PullRequest>(
      partner: string,
      request: R,
      within: { readonly signal?: AbortSignal; readonly timeoutMs?: number }
    ) {
      const link = linkOf(partner)
      const connection = link && connectionTo(link.key)
      if (connection === undefined) throw unreachable(partner)
      const how = { ...within, givesTexts: link?.givesTexts(connection) ?? false }
      return (await pull.request(connection, request, how)) as Extract<PullResponse, { type: R['type'] }>
    },
    async askToJoin(key, request, within) {
      const connection = connectionTo(key)
      if (connection === undefined) throw unreachable(key)
      return await askToJoin(connection, genesis, request, within)
    },
    async fetchAttachment(partner, want, take, stop) {
      const link = linkOf(partner)
      const connection = link && connectionTo(link.key)
      if (connection === undefined) throw unreachable(partner)
      return await attachments.fetch(connection, want, take, stop)
    },
    refresh: tick,
    async close() {
      clearInterval(timer)
      limits?.close()
      libp2p.removeEventListener('peer:connect', tick)
      libp2p.removeEventListener('peer:disconnect', tick)
      dialLoop.close()
      for (const link of links.values()) link.close()
      links.clear()
      await host?.close()
    }
  }
}

function keyOf(connection: Connection): string {
  return connection.remotePeer.toString()
}

function unreachable(who: string): LedgerError {
  return new LedgerError('NODE_UNREACHABLE', `${who} is not connected`, { partner: who })
}

/** Dials all addresses that are one, each with the key that must answer there. */
async function dialPeer({ libp2p }: Host, peer: PeerAddress, signal: AbortSignal): Promise<void> {
  const addresses = peer.addresses.flatMap((address) => addressOf(address, peer.key) ?? [])
  if (addresses.length === 0) throw new Error('none of its addresses is one')
  await libp2p.dial(addresses, { signal })
}
