import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { publicKeyOf } from '../../src/base/crypto.js'
import { keyText } from '../../src/base/keys.js'
import { silentLogger } from '../../src/node/log.js'
import { MESH } from '../../src/node/network/gossip.js'
import { startPeers } from '../../src/node/network/peers-libp2p.js'
import type { PeersOptions, RunningPeers } from '../../src/node/network/peers-options.js'
import type { PeerMessage } from '../../src/node/peers.js'
import { describeMachine } from './machine.js'

/**
 * Compares gossip meshes with each other and with kept streams: several network layers in one process, one sends. The
 * figures of docs/decisions/0005-network.md. Run: `npx tsx scripts/bench/gossip.ts`.
 */
const MESSAGES = 200
const PAUSE_MS = 5
const WAIT_MS = 1_500

type Mesh = NonNullable<PeersOptions['mesh']>

const MESHES: Readonly<Record<string, Mesh>> = {
  'no mesh': { D: 0, Dlo: 0, Dhi: 0, Dout: 0, Dscore: 0, Dlazy: 0 },
  ours: MESH,
  'gossipsub default': { D: 6, Dlo: 4, Dhi: 12, Dout: 2, Dscore: 4, Dlazy: 6 }
}

interface Node {
  readonly name: string
  readonly peers: RunningPeers
  /** When each text or message came, monotonic milliseconds, by its number. */
  readonly came: Map<number, number>
}

async function network(count: number, mesh: Mesh, cut: boolean): Promise<Node[]> {
  const names = Array.from({ length: count }, (_, index) => `p${index}`)
  const seeds = new Map(names.map((name) => [name, createHash('sha256').update(name).digest()]))
  const keys = new Map(names.map((name) => [name, keyText(publicKeyOf(seeds.get(name)!))]))
  const addresses = new Map<string, readonly string[]>()
  const apart = cut ? [keys.get('p0'), keys.get(`p${count - 1}`)] : []
  const nodes: Node[] = []
  for (const name of names) {
    const came = new Map<number, number>()
    const peers = await startPeers({
      seed: seeds.get(name)!,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      genesis: 'bench',
      self: name,
      directory: {
        partnerOf: (key) => names.find((other) => keys.get(other) === key) ?? null,
        wanted: () => names.map((id) => ({ partner: id, key: keys.get(id)!, addresses: addresses.get(id) ?? [] }))
      },
      handlers: {
        onMessage(_, message) {
          if (message.type === 'batch') came.set(message.sequence, performance.now())
        },
        onBatchText(text) {
          came.set(Number(/\d+/.exec(text)![0]), performance.now())
          return 'accept'
        },
        onRequest: async () => ({ type: 'blocks', blocks: [] }),
        onPeer() {}
      },
      join: async () => ({ type: 'refused', code: 'NOT_PERMITTED', message: 'no' }),
      forbidden: (key) => apart.includes(key) && apart.includes(keys.get(name)),
      mesh,
      log: silentLogger
    })
    addresses.set(name, peers.listening())
    nodes.push({ name, peers, came })
    for (const node of nodes) node.peers.refresh()
  }
  const expected = count * (count - 1) - (cut ? 2 : 0)
  while (nodes.reduce((sum, { peers }) => sum + peers.connected().length, 0) < expected) await sleep(50)
  // Subscriptions and the first heartbeats, which build the mesh.
  await sleep(2_500)
  return nodes
}

async function measure(nodes: readonly Node[], send: (node: RunningPeers, number: number) => void) {
  const [sender, ...others] = nodes
  const sent: number[] = []
  const cpu = process.cpuUsage()
  for (let number = 0; number < MESSAGES; number++) {
    sent.push(performance.now())
    send(sender!.peers, number)
    await sleep(PAUSE_MS)
  }
  await sleep(WAIT_MS)
  const used = process.cpuUsage(cpu)
  const delays: number[] = []
  for (const { came } of others) for (const [number, at] of came) delays.push(at - sent[number]!)
  delays.sort((a, b) => a - b)
  const at = (share: number) => Number((delays[Math.floor(share * (delays.length - 1))] ?? Number.NaN).toFixed(2))
  for (const node of nodes) node.came.clear()
  return {
    reached: `${((100 * delays.length) / (MESSAGES * others.length)).toFixed(1)} %`,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    cpuMsPerMessage: Number(((used.user + used.system) / 1000 / MESSAGES).toFixed(2))
  }
}

const message = (sequence: number): PeerMessage => {
  return { type: 'batch', author: 'p0', hash: '0'.repeat(64), incarnation: 0, sequence }
}
const text = (number: number, bytes: number): string => `{"n":${number},"x":"${'x'.repeat(bytes)}"}`

process.stdout.write(`${JSON.stringify(describeMachine())}\n`)
for (const count of [4, 7]) {
  for (const [name, mesh] of Object.entries(MESHES)) {
    for (const cut of [false, true]) {
      const nodes = await network(count, mesh, cut)
      const rows = {
        'gossip 400 B': await measure(nodes, (peers, number) => peers.gossipBatch(text(number, 400))),
        'gossip 32 KiB': await measure(nodes, (peers, number) => peers.gossipBatch(text(number, 32_768))),
        'kept streams 130 B': await measure(nodes, (peers, number) => peers.broadcast(message(number)))
      }
      for (const [what, row] of Object.entries(rows)) {
        const line = { nodes: count, mesh: name, link: cut ? 'one missing' : 'all', what, ...row }
        process.stdout.write(`${JSON.stringify(line)}\n`)
      }
      await Promise.all(nodes.map(({ peers }) => peers.close()))
    }
  }
}
