import { connect, type Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import * as assert from 'uvu/assert'
import { silentLogger } from '../../src/node/log.js'
import { type Connection, encodeFrame, framesOf, type Stream } from '../../src/node/network/frames.js'
import { type Host, startHost } from '../../src/node/network/host.js'
import { batchMessage, GENESIS, keyOf, peerHosts, seedOf, type TestPeer, until } from '../support/peer-hosts.js'
import { suite } from '../support/suite.js'

/** Without its guards a node does nothing else for many seconds; a loaded machine is late by far less. */
const DELAY_MS_MAX = 2_000

const hosts = peerHosts()
const opened: Host[] = []
const sockets: Socket[] = []
const test = suite('hostile peers', { timeoutMs: 40_000 })

test.after.each(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const host of opened.splice(0)) await host.close()
  await hosts.close()
})

const protocol = (name: string): string => `/ledger/${GENESIS}/${name}/1`
const soon = () => AbortSignal.timeout(3_000)

/** A libp2p host that obeys nothing of ours. */
async function hostOf(name: string): Promise<Host> {
  const host = await startHost({
    seed: seedOf(name),
    listen: [],
    announce: [],
    isPartner: () => true,
    log: silentLogger
  })
  opened.push(host)
  return host
}

async function dial(host: Host, to: TestPeer, force = false): Promise<Connection> {
  return await host.libp2p.dial(multiaddr(to.peers.listening()[0]!), { force, signal: soon() })
}

function portOf({ peers }: TestPeer): number {
  return Number(/\/tcp\/(\d+)/.exec(peers.listening()[0]!)?.[1])
}

function socketTo(peer: TestPeer, localAddress: string): Socket {
  const socket = connect({ port: portOf(peer), host: '127.0.0.1', localAddress })
  sockets.push(socket)
  return socket.on('error', () => {})
}

/** The longest that the event loop was kept busy while `work` ran, milliseconds. */
async function longestDelay(work: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  await work()
  await sleep(20)
  delay.disable()
  return delay.max / 1e6
}

test('bytes that are no handshake cost a node nothing, whoever sends them', async () => {
  const [a] = await hosts.network(['alice'])
  const flood = Buffer.alloc(1024 * 1024, 0x80)
  for (const start of [Buffer.alloc(0), Buffer.from('\x13/multistream/1.0.0\n')]) {
    const socket = socketTo(a!, '127.0.0.1')
    let closed = false
    socket.on('close', () => {
      closed = true
    })
    const delayMs = await longestDelay(async () => {
      socket.write(start)
      for (let i = 0; i < 8 && !closed; i++) socket.write(flood)
      await until(() => closed, 'the connection is cut')
    })
    assert.ok(delayMs < DELAY_MS_MAX, `${delayMs} ms`)
  }
})

for (const name of ['messages', 'pull', 'join', 'membership']) {
  test(`a length that does not end on the protocol ${name} cuts the connection`, async () => {
    const knowledge = { current: () => ({ height: 0, set: EMPTY }), stepsAfter: async () => [], learned() {} }
    const [a] = await hosts.network(['alice'], () => ({ membership: knowledge }))
    hosts.partners.set(keyOf('bob'), 'bob')
    const connection = await dial(await hostOf('bob'), a!)
    const stream = await connection.newStream(protocol(name), { signal: soon() })
    const delayMs = await longestDelay(async () => {
      for (let i = 0; i < 16 && stream.status === 'open'; i++) stream.send(new Uint8Array(64 * 1024).fill(0x80))
      await until(() => connection.status !== 'open', 'the connection is cut')
    })
    assert.ok(delayMs < DELAY_MS_MAX, `${delayMs} ms`)
  })
}

/** What libp2p answers over and over: a request for the list of protocols, and the name of one that there is not. */
for (const asked of ['ls', '']) {
  test(`who asks for '${asked}' without end instead of agreeing on a protocol is cut off`, async () => {
    const [a] = await hosts.network(['alice'])
    hosts.partners.set(keyOf('bob'), 'bob')
    const connection = await dial(await hostOf('bob'), a!)
    const { muxer } = connection as Connection & { readonly muxer: { createStream(options: object): Promise<Stream> } }
    const frame = Buffer.from(`${String.fromCharCode(asked.length + 1)}${asked}\n`)
    const flood = Buffer.concat(Array.from({ length: Math.floor((64 * 1024) / frame.length) }, () => frame))
    const stream = await muxer.createStream({})
    const delayMs = await longestDelay(async () => {
      for (let i = 0; i < 4 && stream.status === 'open'; i++) stream.send(flood)
      await until(() => connection.status !== 'open', 'the connection is cut')
    })
    assert.ok(delayMs < DELAY_MS_MAX, `${delayMs} ms`)
  })
}

test('who sends nothing but empty frames is cut off', async () => {
  const [a] = await hosts.network(['alice'])
  hosts.partners.set(keyOf('bob'), 'bob')
  const connection = await dial(await hostOf('bob'), a!)
  const stream = await connection.newStream('/meshsub/1.2.0', { signal: soon() })
  const delayMs = await longestDelay(async () => {
    for (let i = 0; i < 4 && stream.status === 'open'; i++) stream.send(new Uint8Array(64 * 1024))
    await until(() => connection.status !== 'open', 'the connection is cut')
  })
  assert.ok(delayMs < DELAY_MS_MAX, `${delayMs} ms`)
})

test('who knows other protocols first finds one after all', async () => {
  const [a] = await hosts.network(['alice'])
  hosts.partners.set(keyOf('bob'), 'bob')
  const connection = await dial(await hostOf('bob'), a!)
  const names = [...Array.from({ length: 20 }, (_, i) => `/another/${i}`), protocol('messages')]
  const stream = await connection.newStream(names, { signal: soon() })
  assert.is(stream.protocol, protocol('messages'))
})

const EMPTY = { epoch: 0, partners: [], quorum: 'two-thirds' } as const

test('callers who never finish their handshake do not keep a partner out', async () => {
  const [a] = await hosts.network(['alice'])
  for (let i = 0; i < 600; i++) {
    socketTo(a!, '127.0.0.9')
    if (i % 20 === 0) await sleep(5)
  }
  await sleep(100)
  hosts.partners.set(keyOf('bob'), 'bob')
  const connection = await dial(await hostOf('bob'), a!)
  assert.is(connection.status, 'open')
})

test('one key has few connections, and the newest of them work', async () => {
  const [a] = await hosts.network(['alice'])
  hosts.partners.set(keyOf('bob'), 'bob')
  const host = await hostOf('bob')
  const connections: Connection[] = []
  for (let i = 0; i < 12; i++) connections.push(await dial(host, a!, true))
  await until(() => connections.filter(({ status }) => status === 'open').length <= 4, 'four are left')
  const stream = await connections.at(-1)!.newStream(protocol('messages'), { signal: soon() })
  const frames = framesOf(stream, 1024)
  assert.equal(await frames.read(soon()), { partner: 'alice', gossip: true, connected: true, texts: true })
  await frames.write([encodeFrame(batchMessage(1))], soon())
  await until(() => a!.messages.length === 1, 'the message is taken')
})

test('a stranger who opens many streams is hung up on; a partner may have more', async () => {
  const [a] = await hosts.network(['alice'])
  hosts.partners.set(keyOf('bob'), 'bob')
  const streamsOf = async (name: string): Promise<Connection> => {
    const connection = await dial(await hostOf(name), a!)
    // Streams on which nothing is said, not even which protocol they are of; a byte makes the other side see them.
    const { muxer } = connection as unknown as { muxer: { createStream(): Promise<{ send(data: Uint8Array): void }> } }
    // Until it is hung up on, perhaps in the middle.
    for (let i = 0; i < 12 && connection.status === 'open'; i++) {
      await muxer.createStream().then(
        (stream) => stream.send(Uint8Array.of(0x13)),
        () => {}
      )
      await sleep(5)
    }
    return connection
  }
  const partner = await streamsOf('bob')
  const stranger = await streamsOf('eve')
  await until(() => stranger.status !== 'open', 'the stranger is hung up on')
  assert.is(partner.status, 'open')
})

test('a stranger who sends what is malformed is hung up on and may not come again at once', async () => {
  const [a] = await hosts.network(['alice'])
  const host = await hostOf('eve')
  const connection = await dial(host, a!)
  for (let i = 0; i < 3; i++) {
    const stream = await connection.newStream(protocol('join'), { signal: soon() })
    const frames = framesOf(stream, 4096)
    await frames.write([encodeFrame({ nonsense: i })], soon())
    await frames.read(soon()).catch(() => {})
    stream.abort(new Error('next'))
  }
  await until(() => connection.status !== 'open', 'the stranger is hung up on')
  assert.is(a!.peers.counts().malformed, 3)
  const again = await dial(host, a!).catch(() => null)
  await until(() => again === null || again.status !== 'open', 'it is not let in again')
})

test('many messages at once leave the event loop its turns', async () => {
  let turns = 0
  let turnsBefore = -1
  const [a, b] = await hosts.network(['alice', 'bob'], (name) => ({
    onMessage() {
      if (name !== 'alice') return
      if (turnsBefore < 0) turnsBefore = turns
      for (const end = performance.now() + 1; performance.now() < end; );
    }
  }))
  await until(
    () => b!.peers.connected().includes('alice') && a!.peers.connected().includes('bob'),
    'they are connected'
  )
  let counting = true
  const count = (): void => {
    turns += 1
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  // In one write, so that all are there when the first is read.
  for (let i = 0; i < 300; i++) b!.peers.send('alice', batchMessage(i))
  await until(() => a!.messages.length === 300, 'all are taken')
  counting = false
  assert.ok(turns - turnsBefore >= 15, `${turns - turnsBefore} turns in 300 ms of work`)
})

test('who sends without end has to wait, and the others do not', async () => {
  const [a, b] = await hosts.network(['alice', 'bob'])
  hosts.partners.set(keyOf('carol'), 'carol')
  await until(() => b!.peers.connected().includes('alice'), 'bob is connected')
  const connection = await dial(await hostOf('carol'), a!)
  const stream = await connection.newStream(protocol('messages'), { signal: soon() })
  const frames = framesOf(stream, 1024)
  await frames.read(soon())
  // About 200 KiB, so that few are enough whatever the machine is busy with.
  const voters = Array.from({ length: 100 }, (_, index) => `p${index}`)
  const votes = Array.from({ length: 160 }, (_, round) => ({ round, prevotes: voters, precommits: voters }))
  const message = encodeFrame({ type: 'status', height: 1, round: 0, votes, batches: [] })
  const flood = (async () => {
    for (let i = 0; i < 1_000; i++) await frames.write([message], AbortSignal.timeout(20_000))
  })().catch(() => {})
  await until(() => a!.peers.counts().held > 0, 'carol has to wait', 25_000)
  for (let i = 0; i < 50; i++) b!.peers.send('alice', batchMessage(i))
  await until(() => a!.messages.filter(({ from }) => from === 'bob').length === 50, 'bob is heard')
  const taken = a!.messages.filter(({ from }) => from === 'carol').length
  assert.ok(taken < 500, `${taken} of 1000 messages taken`)
  connection.abort(new Error('enough'))
  await flood
})

test('answers that are not taken are few', async () => {
  let asked = 0
  const large = 'x'.repeat(6 * 1024 * 1024)
  const [a] = await hosts.network(['alice'], () => ({
    async onRequest() {
      asked += 1
      return { type: 'blocks', blocks: [{ header: '', certificate: large, batches: [] }] }
    }
  }))
  hosts.partners.set(keyOf('bob'), 'bob')
  const connection = await dial(await hostOf('bob'), a!)
  for (let i = 0; i < 24; i++) {
    const stream = await connection.newStream(protocol('pull'), { signal: soon() })
    stream.pause()
    await framesOf(stream, 1024).write([encodeFrame({ type: 'blocks', from: 1, bytesMax: 1 })], soon())
  }
  await sleep(500)
  assert.ok(asked > 0 && asked <= 4, `${asked} answers held`)
  const other = await hostOf('carol')
  hosts.partners.set(keyOf('carol'), 'carol')
  const stream = await (await dial(other, a!)).newStream(protocol('pull'), { signal: soon() })
  const frames = framesOf(stream, 16 * 1024 * 1024)
  await frames.write([encodeFrame({ type: 'blocks', from: 1, bytesMax: 1 })], soon())
  assert.ok(await frames.read(AbortSignal.timeout(10_000)))
})

test.run()
