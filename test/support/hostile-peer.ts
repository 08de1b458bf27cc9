import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { signer } from '../../src/base/crypto.js'
import { voteBytes } from '../../src/ledger/vote.js'
import { silentLogger } from '../../src/node/log.js'
import { newCounts } from '../../src/node/network/counts.js'
import { type Connection, encodeFrame, framesOf, type Stream } from '../../src/node/network/frames.js'
import { createGossip, type Gossip } from '../../src/node/network/gossip.js'
import { type Host, startHost } from '../../src/node/network/host.js'

/** Whom to attack, and as whom. */
export interface Target {
  readonly genesis: string
  /** Multiaddr that ends in `/p2p/ID`. */
  readonly address: string
  /** Private key of the attacker: a partner's or anybody's. */
  readonly seed: Uint8Array
  /** Id of the partner whose key it is. */
  readonly partner: string
  /** Height being decided, for messages that look real. */
  readonly height: number
}

/** Goes on until the signal aborts; connections that are cut are made anew, as fast as the target lets it. */
export type Attack = (target: Target, signal: AbortSignal) => Promise<void>

const MIB = 1024 * 1024

function protocolOf({ genesis }: Target, name: 'messages' | 'pull' | 'join' | 'membership'): string {
  return `/ledger/${genesis}/${name}/1`
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A libp2p host that obeys nothing of ours. */
async function openHost(seed: Uint8Array, more: Partial<Parameters<typeof startHost>[0]> = {}): Promise<Host> {
  return await startHost({ seed, listen: [], announce: [], isPartner: () => true, log: silentLogger, ...more })
}

/** A host with a connection that is made again whenever it is cut; `work` is run over each. */
async function overConnections(
  target: Target,
  signal: AbortSignal,
  work: (connection: Connection) => Promise<void>,
  more: Partial<Parameters<typeof startHost>[0]> = {}
): Promise<void> {
  const host = await openHost(target.seed, more)
  try {
    while (!signal.aborted) {
      try {
        const connection = await host.libp2p.dial(multiaddr(target.address), { signal: AbortSignal.timeout(3_000) })
        await work(connection)
      } catch {
        // Cut off, refused or banned: that is what it is about.
      }
      await sleep(20)
    }
  } finally {
    await host.close()
  }
}

/** The kept stream as a partner's node opens it, its welcome taken. */
async function keptStream(target: Target, connection: Connection): Promise<Stream> {
  const stream = await connection.newStream(protocolOf(target, 'messages'), { signal: AbortSignal.timeout(3_000) })
  await framesOf(stream, 1024).read(AbortSignal.timeout(3_000))
  return stream
}

/** Writes over the kept stream for as long as it is taken. */
function flood(frames: (target: Target, turn: number) => Uint8Array[]): Attack {
  return (target, signal) =>
    overConnections(target, signal, async (connection) => {
      const stream = await keptStream(target, connection)
      const out = framesOf(stream, 1024)
      for (let turn = 0; !signal.aborted; turn += 1) {
        await out.write(frames(target, turn), AbortSignal.timeout(5_000))
        await sleep(0)
      }
    })
}

/** Raw bytes over the kept stream. */
function rawFlood(bytes: Uint8Array): Attack {
  return (target, signal) =>
    overConnections(target, signal, async (connection) => {
      const stream = await keptStream(target, connection)
      while (!signal.aborted && stream.status === 'open') {
        stream.send(bytes)
        await sleep(1)
      }
    })
}

function vote(target: Target, round: number, height = target.height, voter = target.partner) {
  const signature = randomBytes(64).toString('hex')
  const body = { block: null, height, incarnation: 0, kind: 'prevote', round, signature, voter }
  return encodeFrame({ type: 'vote', vote: body, reason: null })
}

function signedVote(target: Target, round: number): Uint8Array {
  const body = {
    block: null,
    height: target.height,
    incarnation: 0,
    kind: 'prevote',
    round,
    voter: target.partner
  } as const
  const signature = signer(target.seed)(voteBytes({ genesis: target.genesis, epoch: 0 }, body))
  return encodeFrame({ type: 'vote', vote: { ...body, signature }, reason: null })
}

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** Requests over streams of their own, `open` of them at a time; `reads`: whether the answers are taken. */
function requests(
  protocol: 'pull' | 'join' | 'membership',
  open: number,
  reads: boolean,
  frame: () => Uint8Array
): Attack {
  return (target, signal) =>
    overConnections(target, signal, async (connection) => {
      const one = async (): Promise<void> => {
        while (!signal.aborted && connection.status === 'open') {
          const stream = await connection.newStream(protocolOf(target, protocol), {
            signal: AbortSignal.timeout(3_000)
          })
          const frames = framesOf(stream, 16 * MIB)
          if (!reads) stream.pause()
          await frames.write([frame()], AbortSignal.timeout(3_000))
          if (reads) await frames.read(AbortSignal.timeout(20_000)).catch(() => {})
          else while (!signal.aborted && stream.status === 'open') await sleep(50)
          stream.abort(new Error('next'))
        }
      }
      await Promise.all(many(open, () => one().catch(() => {})))
    })
}

/** Opens streams of every protocol and says nothing on them. */
const silentStreams: Attack = (target, signal) =>
  overConnections(target, signal, async (connection) => {
    const open = async (): Promise<void> => {
      const names = ['messages', 'pull', 'join', 'membership'] as const
      const protocol = protocolOf(target, names[Math.floor(Math.random() * names.length)]!)
      const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(3_000) })
      while (!signal.aborted && stream.status === 'open') await sleep(50)
    }
    while (!signal.aborted && connection.status === 'open') await Promise.all(many(64, () => open().catch(() => {})))
  })

/** Connects again and again with one key and closes nothing. */
const manyConnections: Attack = async (target, signal) => {
  const host = await openHost(target.seed)
  try {
    while (!signal.aborted) {
      const dial = () =>
        host.libp2p.dial(multiaddr(target.address), { force: true, signal: AbortSignal.timeout(2_000) })
      await Promise.all(many(8, () => dial().catch(() => {})))
      await sleep(1)
    }
  } finally {
    await host.close()
  }
}

/** Connects with a new key each time, as a stranger. */
const manyStrangers: Attack = async (target, signal) => {
  while (!signal.aborted) {
    const hosts = await Promise.all(many(4, () => openHost(randomBytes(32))))
    const dial = (host: Host) => host.libp2p.dial(multiaddr(target.address), { signal: AbortSignal.timeout(2_000) })
    await Promise.all(hosts.map((host) => dial(host).catch(() => {})))
    await Promise.all(hosts.map((host) => host.close()))
  }
}

/** Opens TCP connections and never begins a handshake. */
const halfOpen: Attack = async (target, signal) => {
  const [, host, port] = /\/ip4\/([^/]+)\/tcp\/(\d+)/.exec(target.address) ?? []
  const sockets = new Set<Socket>()
  while (!signal.aborted) {
    for (let i = 0; i < 20; i++) {
      const socket = connect({ port: Number(port), host: host ?? '127.0.0.1', localAddress: '127.0.0.9' })
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    }
    await sleep(50)
  }
  for (const socket of sockets) socket.destroy()
}

/** Takes part in gossip and publishes texts that are no batches. */
const gossipFlood: Attack = async (target, signal) => {
  let gossip: Gossip | undefined
  const made = createGossip({
    topic: `ledger/${target.genesis}/batches/1`,
    isPartner: () => true,
    onText: () => 'accept',
    onMalformed: () => {},
    counts: newCounts(),
    log: silentLogger
  })
  const started = { done: false }
  await overConnections(
    target,
    signal,
    async (connection) => {
      if (!started.done) made.start()
      started.done = true
      gossip = made
      while (!signal.aborted && connection.status === 'open') {
        for (let i = 0; i < 8; i++) gossip.publish(`{${'x'.repeat(60_000)}`)
        await sleep(5)
      }
    },
    { services: { gossip: (components) => made.service(components as never) } }
  )
}

const proposalOf = (target: Target, round: number): Uint8Array =>
  encodeFrame({
    type: 'proposal',
    proposal: {
      block: hashOf(String(round)),
      height: target.height,
      incarnation: 0,
      proposer: target.partner,
      round,
      signature: randomBytes(64).toString('hex'),
      validRound: -1
    },
    header: '{}',
    batches: many(20_000, (index) => hashOf(String(index % 64))),
    prevotes: []
  })

const FAR = 10 ** 15

const largeStatus = encodeFrame({
  type: 'status',
  height: FAR,
  round: 0,
  votes: many(256, (round) => ({ round, prevotes: many(200, (i) => `p${i}`), precommits: many(200, (i) => `p${i}`) })),
  batches: []
})

const blocksFrom1 = (): Uint8Array => encodeFrame({ type: 'blocks', from: 1, bytesMax: 8 * MIB })

/** By name. Those of a partner need its key to do harm; a stranger's key is turned away or does what is left to it. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'garbage as messages': rawFlood(randomBytes(64 * 1024)),
  'a length that does not end': rawFlood(new Uint8Array(64 * 1024).fill(0x80)),
  'frames of nothing': rawFlood(new Uint8Array(64 * 1024)),
  'forged votes': flood((target, turn) => many(200, (i) => vote(target, (turn * 200 + i) % 1000))),
  'votes of far rounds': flood((target, turn) => many(200, (i) => signedVote(target, 2 ** 20 + turn * 200 + i))),
  'messages of far heights': flood((target, turn) => many(200, (i) => vote(target, turn, FAR + i))),
  'statuses of 1 MiB, far ahead': flood(() => [largeStatus]),
  'proposals of 1.3 MiB': flood((target, turn) => [proposalOf(target, turn % 50)]),
  'batches that do not exist': flood((target, turn) =>
    many(64, (i) => {
      const hash = hashOf(`${turn} ${i}`)
      return encodeFrame({ type: 'batch', author: target.partner, hash, incarnation: 0, sequence: i % 64 })
    })
  ),
  'all blocks, again and again': requests('pull', 16, true, blocksFrom1),
  'all blocks, never read': requests('pull', 48, false, blocksFrom1),
  'requests of 1 MiB': requests('pull', 16, true, () =>
    encodeFrame({ type: 'batches', hashes: many(4096, (i) => hashOf(String(i))), more: 'x'.repeat(700_000) })
  ),
  'silent streams': silentStreams,
  'connections with one key': manyConnections,
  'gossip that is no batch': gossipFlood,
  'strangers without end': manyStrangers,
  'half-open connections': halfOpen,
  'membership floods': requests('membership', 2, true, () =>
    encodeFrame({
      type: 'present',
      steps: many(200, () => ({ header: 'x'.repeat(1_000), certificate: '{', set: '{' }))
    })
  ),
  'join floods': requests('join', 2, true, () => encodeFrame({ key: 'x'.repeat(7_000) }))
}

/**
 * Those for which a node hangs up on whoever does so, and tells it. The others cost bounded work and are borne: an honest node
 * may be late, ahead, slow or called often, and what it says of another height is not even looked at.
 */
export const HUNG_UP_ON: readonly string[] = [
  'garbage as messages',
  'a length that does not end',
  'frames of nothing',
  'requests of 1 MiB',
  'gossip that is no batch',
  'join floods'
]
