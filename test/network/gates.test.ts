import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import * as assert from 'uvu/assert'
import { readToken, type Token } from '../../src/node/invitation.js'
import { joinRequestOf } from '../../src/node/join.js'
import { silentLogger } from '../../src/node/log.js'
import { type Connection, encodeFrame, framesOf } from '../../src/node/network/frames.js'
import { type Host, startHost } from '../../src/node/network/host.js'
import { askToJoin } from '../../src/node/network/join-protocol.js'
import { GENESIS, keyOf, LOCAL, peerHosts, seedOf, until } from '../support/peer-hosts.js'
import { suite } from '../support/suite.js'
import { createNetwork } from '../support/whole-nodes.js'

/** Which protocols each kind of key reaches at a node. */
const test = suite('what a key reaches', { timeoutMs: 60_000 })

const hosts = peerHosts()
const closing: (() => Promise<void>)[] = []

test.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await hosts.close()
})

const soon = () => AbortSignal.timeout(3_000)

/** Everything that there is, by the names of this test. */
const PROTOCOLS: Readonly<Record<string, (genesis: string) => string>> = {
  messages: (genesis) => `/ledger/${genesis}/messages/1`,
  pull: (genesis) => `/ledger/${genesis}/pull/1`,
  attachments: (genesis) => `/ledger/${genesis}/attachments/1`,
  join: (genesis) => `/ledger/${genesis}/join/1`,
  membership: (genesis) => `/ledger/${genesis}/membership/1`,
  gossip: () => '/meshsub/1.1.0',
  floodsub: () => '/floodsub/1.0.0',
  ping: () => '/ipfs/ping/1.0.0',
  identify: () => '/ipfs/id/1.0.0',
  'identify push': () => '/ipfs/id/push/1.0.0',
  'relay hop': () => '/libp2p/circuit/relay/0.2.0/hop',
  'relay stop': () => '/libp2p/circuit/relay/0.2.0/stop'
}

/** The other end of a connection that some key has with a node. */
interface Caller {
  readonly connection: Connection
  readonly genesis: string
}

/** A libp2p host that obeys nothing of ours. */
async function hostOf(name: string): Promise<Host> {
  const seed = seedOf(name)
  const host = await startHost({ seed, listen: [], announce: [], isPartner: () => true, log: silentLogger })
  closing.push(() => host.close())
  return host
}

async function dial(host: Host, address: string): Promise<Connection> {
  return await host.libp2p.dial(multiaddr(address), { force: true, signal: soon() })
}

/** A node whose partners are those of a list, and its address. */
async function alice(): Promise<string> {
  const membership = {
    current: () => ({ height: 0, set: { epoch: 0, partners: [], quorum: 'two-thirds' } as const }),
    stepsAfter: async () => [],
    learned() {}
  }
  const [a] = await hosts.network(['alice'], () => ({ membership, serveAttachment: async () => null }))
  return a!.peers.listening()[0]!
}

/** Which of all protocols a node serves to this caller. */
async function reached({ connection, genesis }: Caller): Promise<string[]> {
  const served: string[] = []
  for (const [name, protocol] of Object.entries(PROTOCOLS)) {
    if (await isServed(connection, name, protocol(genesis))) served.push(name)
  }
  return served
}

/** Whether a stream of this protocol is taken, kept and, where it is to be answered, answered. */
async function isServed(connection: Connection, name: string, protocol: string): Promise<boolean> {
  const stream = await connection.newStream(protocol, { signal: soon() }).catch(() => null)
  if (stream === null) return false
  try {
    if (!protocol.startsWith('/ledger/')) {
      // Such a stream is served unless it is reset.
      await sleep(200)
      return stream.status === 'open' || (name === 'identify' && stream.status !== 'reset')
    }
    const frames = framesOf(stream, 1024 * 1024)
    // A third malformed question would end the connection.
    const question = name === 'attachments' ? { hash: GENESIS } : { type: 'height' }
    if (name !== 'messages') await frames.write([encodeFrame(question)], soon())
    await frames.read(soon())
    return true
  } catch {
    return false
  } finally {
    stream.abort(new Error('seen'))
  }
}

async function stranger(): Promise<Caller> {
  return { connection: await dial(await hostOf('zoe'), await alice()), genesis: GENESIS }
}

/** A whole node that invites, and who comes with the invitation when it is too late. */
async function expired(): Promise<Caller> {
  const network = await createNetwork()
  closing.push(() => network.remove())
  const node = network.nodes[0]!
  const { token } = await node.invite({ partner: 'zoe', role: 'inspector', expiresMs: 1 })
  const read = readToken(token)
  assert.ok(read.ok)
  await sleep(5)
  const [bootstrap] = read.value.bootstrap
  const connection = await dial(await hostOf('zoe'), bootstrap!.addresses[0]!)
  await refused(connection, read.value)
  await until(() => node.status().height >= 0, 'it goes on')
  return { connection, genesis: read.value.genesis }
}

async function refused(connection: Connection, token: Token): Promise<void> {
  const request = joinRequestOf(token, seedOf('zoe'), [LOCAL])
  const answer = await askToJoin(connection, token.genesis, request, { timeoutMs: 10_000 })
  assert.is(answer.type, 'refused')
  assert.is(answer.type === 'refused' && answer.message, 'the invitation has expired')
}

/** Connected as a partner, hung up on as it is none any more, and back. */
async function removed(): Promise<Caller> {
  const address = await alice()
  hosts.partners.set(keyOf('zoe'), 'zoe')
  const host = await hostOf('zoe')
  const before = await dial(host, address)
  assert.ok(await isServed(before, 'messages', PROTOCOLS.messages!(GENESIS)))
  hosts.partners.delete(keyOf('zoe'))
  hosts.refresh()
  await until(() => before.status !== 'open', 'it is hung up on')
  return { connection: await dial(host, address), genesis: GENESIS }
}

async function partner(): Promise<Caller> {
  const address = await alice()
  hosts.partners.set(keyOf('zoe'), 'zoe')
  return { connection: await dial(await hostOf('zoe'), address), genesis: GENESIS }
}

const STRANGERS_REACH = ['join', 'membership', 'identify']

const kinds: [kind: string, come: () => Promise<Caller>, reaches: readonly string[]][] = [
  ['of a stranger', stranger, STRANGERS_REACH],
  ['of one whose invitation has expired', expired, STRANGERS_REACH],
  ['of a partner that was removed', removed, STRANGERS_REACH],
  ['of a partner', partner, ['messages', 'pull', 'attachments', 'join', 'membership', 'gossip', 'identify']]
]

for (const [kind, come, reaches] of kinds) {
  test(`the key ${kind} reaches ${reaches.join(', ')} and nothing else`, async () => {
    assert.equal(await reached(await come()), reaches)
  })
}

test.run()
