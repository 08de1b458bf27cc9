import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../src/base/errors.js'
import { ADDRESSES_MAX } from '../../src/ledger/system-record.js'
import { silentLogger } from '../../src/node/log.js'
import { type Host, type HostOptions, startHost } from '../../src/node/network/host.js'
import { suite } from '../support/suite.js'

const LOCAL = '/ip4/127.0.0.1/tcp/0'

/** What a test opened; closed after it, newest first. */
const opened: (() => unknown)[] = []

const test = suite('the libp2p host')

test.after.each(async () => {
  for (let close = opened.pop(); close !== undefined; close = opened.pop()) await close()
})

function seedOf(name: string): Uint8Array {
  return createHash('sha256').update(name).digest()
}

async function host(name: string, options: Partial<HostOptions> = {}): Promise<Host> {
  const defaults = { seed: seedOf(name), listen: [LOCAL], announce: [], isPartner: () => false, log: silentLogger }
  const started = await startHost({ ...defaults, ...options })
  opened.push(started.close)
  return started
}

/** A peer that lets everybody in and speaks all that libp2p can, as no node of ours would. */
async function stranger() {
  const peer = await createLibp2p({
    addresses: { listen: [LOCAL] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() }
  })
  opened.push(() => peer.stop())
  return peer
}

/** Counts who knocks at a TCP port. */
async function doorbell(): Promise<{ port: number; rings: () => number }> {
  const sockets = new Set<Socket>()
  let rings = 0
  const server = createServer((socket) => {
    rings += 1
    sockets.add(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((done) => server.close(done))
  })
  return { port: (server.address() as AddressInfo).port, rings: () => rings }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !holds(); waited += 10) {
    assert.ok(waited < 5_000, `never: ${what}`)
    await sleep(10)
  }
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    assert.instance(error, Error)
    return error as Error
  }
  throw new Error('it should have failed')
}

async function ledgerError(promise: Promise<unknown>): Promise<LedgerError> {
  const error = await failure(promise)
  assert.instance(error, LedgerError, `${error.name}: ${error.message}`)
  return error as LedgerError
}

test('says the port it really took, and who it is', async () => {
  const a = await host('a')
  assert.match(a.peerId, /^12D3KooW\w{44}$/)
  assert.is(a.listening().length, 1)
  assert.match(a.listening()[0]!, new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/[1-9]\\d*/p2p/${a.peerId}$`))
  assert.equal(a.addresses(), a.listening())
})

test('the same seed is the same peer, another is another', async () => {
  const first = await host('a')
  assert.is((await host('a')).peerId, first.peerId)
  assert.is.not((await host('b')).peerId, first.peerId)
})

test('announced addresses stand in for those it listens on', async () => {
  const a = await host('a', { announce: ['/dns4/ledger.example/tcp/4001'] })
  assert.equal(a.addresses(), [`/dns4/ledger.example/tcp/4001/p2p/${a.peerId}`])
  assert.match(a.listening()[0]!, /^\/ip4\/127\.0\.0\.1\//)
})

test('of many announced addresses it tells as many as a record takes', async () => {
  const announce = Array.from({ length: ADDRESSES_MAX + 1 }, (_, at) => `/ip4/10.0.0.${at + 1}/tcp/4001`)
  const { addresses } = await host('a', { announce })
  assert.is(addresses().length, ADDRESSES_MAX)
})

test('without an address to listen on it only dials', async () => {
  const a = await host('a', { listen: [] })
  assert.equal(a.listening(), [])
})

test('partners connect, and part when one closes', async () => {
  const a = await host('a', { isPartner: (peer) => peer === b.peerId })
  const b = await host('b', { isPartner: (peer) => peer === a.peerId })
  await b.dial(a.addresses()[0]!)
  await until(() => a.connections().length === 1, 'a sees b')
  assert.equal(a.connections(), [b.peerId])
  assert.equal(b.connections(), [a.peerId])
  await b.close()
  await until(() => a.connections().length === 0, 'a sees b leave')
})

test('a stranger is refused before any protocol', async () => {
  const asked: string[] = []
  const isPartner = (peer: string) => {
    asked.push(peer)
    return false
  }
  const a = await host('a', { isPartner })
  const intruder = await stranger()
  let identified = 0
  intruder.addEventListener('peer:identify', () => {
    identified += 1
  })
  for (const protocol of ['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0', '/ledger/anything/1']) {
    await failure(intruder.dialProtocol(multiaddr(a.addresses()[0]!), protocol))
  }
  await until(() => intruder.getConnections().length === 0, 'the connection is cut')
  assert.is(identified, 0)
  assert.equal(a.connections(), [])
  assert.ok(asked.length > 0 && asked.every((peer) => peer === intruder.peerId.toString()))
})

test('a partner that was let in by another is no partner here', async () => {
  const a = await host('a')
  const b = await host('b', { isPartner: () => true })
  await b.dial(a.addresses()[0]!).catch(() => {})
  await until(() => b.connections().length === 0, 'b is cut off')
  assert.equal(a.connections(), [])
})

test('a stranger is not even dialled', async () => {
  const a = await host('a')
  const b = await host('b', { listen: [] })
  const door = await doorbell()
  const error = await failure(a.dial(`/ip4/127.0.0.1/tcp/${door.port}/p2p/${b.peerId}`))
  assert.is(error.name, 'DialDeniedError')
  await sleep(50)
  assert.is(door.rings(), 0)
})

test('an address that does not say whose it is is not dialled', async () => {
  const a = await host('a', { isPartner: () => true })
  const door = await doorbell()
  assert.is((await failure(a.dial(`/ip4/127.0.0.1/tcp/${door.port}`))).name, 'DialDeniedError')
  await sleep(50)
  assert.is(door.rings(), 0)
})

test('whoever answers with another key than the address says is no partner', async () => {
  const b = await host('b', { listen: [] })
  const intruder = await stranger()
  const a = await host('a', { isPartner: (peer) => peer === b.peerId })
  const address = intruder.getMultiaddrs()[0]!.decapsulate('/p2p').toString()
  await failure(a.dial(`${address}/p2p/${b.peerId}`))
  assert.equal(a.connections(), [])
})

test('whether a peer is a partner is asked anew for each connection', async () => {
  let partners = true
  const a = await host('a', { isPartner: () => partners })
  const b = await host('b', { isPartner: () => true })
  await b.dial(a.addresses()[0]!)
  await until(() => a.connections().length === 1, 'a sees b')
  await b.close()
  partners = false
  const again = await host('b', { isPartner: () => true })
  await again.dial(a.addresses()[0]!).catch(() => {})
  await until(() => again.connections().length === 0, 'b is cut off')
  assert.equal(a.connections(), [])
})

test('callers who never say a word keep no partner out, and do not keep it from closing', async () => {
  const a = await host('a', { isPartner: (peer) => peer === b.peerId })
  const b = await host('b', { isPartner: () => true })
  const port = Number(a.listening()[0]!.split('/')[4])
  const silent = Array.from({ length: 50 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  opened.push(() => silent.map((socket) => socket.destroy()))
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  await b.dial(a.addresses()[0]!)
  assert.equal(b.connections(), [a.peerId])
  const started = performance.now()
  await a.close()
  assert.ok(performance.now() - started < 2_000, 'closing took too long')
})

test('a taken port is named, with what to do', async () => {
  const { port } = await doorbell()
  const taken = `/ip4/127.0.0.1/tcp/${port}`
  const error = await ledgerError(startHost({ ...silentOptions('a'), listen: [LOCAL, taken] }))
  assert.is(error.code, 'ADDRESS_IN_USE')
  assert.ok(error.message.startsWith(`${taken} is taken`), error.message)
  assert.match(error.message, '--listen')
  assert.not.match(error.message, '\n')
})

test('a failed start gives back the ports it took', async () => {
  const { port } = await doorbell()
  const free = await freePort()
  const listen = [`/ip4/127.0.0.1/tcp/${free}`, `/ip4/127.0.0.1/tcp/${port}`]
  await ledgerError(startHost({ ...silentOptions('a'), listen }))
  const a = await host('a', { listen: listen.slice(0, 1) })
  assert.match(a.listening()[0]!, `/tcp/${free}/`)
})

for (const [name, options, says] of [
  ['words', { listen: ['localhost:4001'] }, `'localhost:4001' is not an address`],
  ['an address of another machine', { listen: ['/ip4/192.0.2.1/tcp/0'] }, 'not an address of this machine'],
  ['another transport', { listen: ['/ip4/127.0.0.1/udp/0/quic-v1'] }, 'only TCP is supported'],
  ['words to announce', { announce: ['my garage'] }, `'my garage' is not an address`],
  [
    'another peer',
    { announce: ['/ip4/192.0.2.1/tcp/1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'] },
    'another peer'
  ]
] as const) {
  test(`refuses ${name} as an address`, async () => {
    const error = await ledgerError(startHost({ ...silentOptions('a'), ...options }))
    assert.is(error.code, 'CONFIG')
    assert.ok(error.message.includes(says), error.message)
  })
}

test('does not start once aborted', async () => {
  const error = await failure(startHost({ ...silentOptions('a'), signal: AbortSignal.abort(new Error('enough')) }))
  assert.is(error.message, 'enough')
})

test('closing twice is closing once', async () => {
  const a = await host('a')
  await Promise.all([a.close(), a.close()])
  await a.close()
  assert.equal(a.listening(), [])
  assert.equal(a.connections(), [])
})

function silentOptions(name: string): HostOptions {
  return { seed: seedOf(name), listen: [LOCAL], announce: [], isPartner: () => false, log: silentLogger }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

test.run()
