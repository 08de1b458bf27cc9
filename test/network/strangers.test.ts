import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import * as assert from 'uvu/assert'
import { signer } from '../../src/base/crypto.js'
import { createInvitation, readToken } from '../../src/node/invitation.js'
import { joinRequestOf, requestJoin } from '../../src/node/join.js'
import { silentLogger } from '../../src/node/log.js'
import { type Connection, encodeFrame, framesOf, type Stream } from '../../src/node/network/frames.js'
import { type Host, startHost } from '../../src/node/network/host.js'
import { askToJoin } from '../../src/node/network/join-protocol.js'
import {
  batchMessage,
  GENESIS,
  keyOf,
  LOCAL,
  ledgerError,
  peerHosts,
  seedOf,
  type TestPeer,
  until
} from '../support/peer-hosts.js'
import { suite } from '../support/suite.js'

const hosts = peerHosts()
const opened: Host[] = []
const test = suite('strangers and liars', { timeoutMs: 30_000 })

test.after.each(async () => {
  for (const host of opened.splice(0)) await host.close()
  await hosts.close()
})

const MESSAGES = `/ledger/${GENESIS}/messages/1`
const PULL = `/ledger/${GENESIS}/pull/1`
const BLOCKS = { type: 'blocks', from: 1, bytesMax: 1 }

/** A libp2p host that obeys nothing of ours, connected with a node. */
async function caller(name: string, to: TestPeer): Promise<Connection> {
  const host = await startHost({
    seed: seedOf(name),
    listen: [],
    announce: [],
    isPartner: () => true,
    log: silentLogger
  })
  opened.push(host)
  return (await host.libp2p.dial(multiaddr(to.peers.listening()[0]!))) as Connection
}

async function fails(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch {
    return
  }
  throw new Error('it should have failed')
}

const soon = () => AbortSignal.timeout(3_000)

/** Opens the kept stream as a partner's node would, and takes the welcome. */
async function keptStream(connection: Connection): Promise<Stream> {
  const stream = await connection.newStream(MESSAGES)
  await framesOf(stream, 1024).read(soon())
  return stream
}

function invitation(to: TestPeer, partner = 'eve') {
  const token = createInvitation({
    scope: { genesis: GENESIS, epoch: 0 },
    title: 'Test',
    inviter: to.name,
    sign: signer(seedOf(to.name)),
    partner,
    role: 'garage',
    name: 'Eve',
    expires: 2e12,
    bootstrap: [{ partner: to.name, key: keyOf(to.name), addresses: to.peers.addresses() }],
    seed: seedOf('invitation')
  })
  const read = readToken(token)
  assert.ok(read.ok)
  return read.value
}

test('a stranger gets no messages, no answers and no gossip', async () => {
  const [a] = await hosts.network(['alice', 'bob'])
  const connection = await caller('eve', a!)
  await fails(() => keptStream(connection))
  await fails(async () => {
    const stream = await connection.newStream(PULL)
    const frames = framesOf(stream, 1024)
    await frames.write([encodeFrame(BLOCKS)], soon())
    await frames.read(soon())
  })
  for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) {
    await fails(async () => {
      const stream = await connection.newStream(`/meshsub/${version}`)
      const frames = framesOf(stream, 1024)
      await frames.write([new Uint8Array([0])], soon())
      await frames.read(soon())
    })
  }
  assert.equal(a!.messages, [])
  assert.ok(a!.peers.counts().refused >= 3)
  assert.is(a!.peers.counts().malformed, 0)
})

test('a stranger who speaks another network finds no protocol at all', async () => {
  const [a] = await hosts.network(['alice'])
  const connection = await caller('eve', a!)
  await fails(() => connection.newStream(`/ledger/${'0'.repeat(64)}/join/1`))
})

test('a stranger reaches the join protocol, and its own key is asked about', async () => {
  const join = async () => ({ type: 'admitted', genesis: '{}', bootstrap: [] }) as const
  const [a] = await hosts.network(['alice'], () => ({ join }))
  const token = invitation(a!)
  const answer = await requestJoin({ token, seed: seedOf('eve'), addresses: [LOCAL], log: silentLogger })
  assert.equal(answer, { type: 'admitted', genesis: '{}', bootstrap: [] })
  assert.is(a!.joins.length, 1)
  assert.is(a!.joins[0]!.key, keyOf('eve'))
  assert.equal(a!.joins[0]!.addresses, [LOCAL])
})

test('nobody can ask for the key of another', async () => {
  const [a] = await hosts.network(['alice'])
  const connection = await caller('mallory', a!)
  const request = joinRequestOf(invitation(a!), seedOf('eve'), [])
  const answer = await askToJoin(connection, GENESIS, request, { timeoutMs: 3_000 })
  assert.is(answer.type, 'refused')
  assert.equal(a!.joins, [])
})

test('joining goes on with the next partner when one is busy or away', async () => {
  const [a, b] = await hosts.network(['alice', 'bob'], (name) => ({
    join: async () =>
      name === 'alice'
        ? { type: 'refused', code: 'BUSY', message: 'later' }
        : { type: 'pending', genesis: '{}', bootstrap: [] }
  }))
  const token = invitation(a!)
  const options = { seed: seedOf('eve'), addresses: [], log: silentLogger }
  assert.is((await ledgerError(requestJoin({ ...options, token }))).code, 'BUSY')
  const gone = { partner: 'zoe', key: keyOf('zoe'), addresses: ['/ip4/127.0.0.1/tcp/1'] }
  const bob = { partner: 'bob', key: keyOf('bob'), addresses: b!.peers.addresses() }
  const answer = await requestJoin({ ...options, token: { ...token, bootstrap: [gone, ...token.bootstrap, bob] } })
  assert.is(answer.type, 'pending')
  const lonely = await ledgerError(requestJoin({ ...options, token: { ...token, bootstrap: [gone] } }))
  assert.is(lonely.code, 'NODE_UNREACHABLE')
  assert.match(lonely.message, 'zoe')
})

test('an endless or malformed request to join is cut off', async () => {
  const [a] = await hosts.network(['alice'])
  const connection = await caller('eve', a!)
  for (const bytes of [encodeFrame({}), encodeFrame({ a: 'x'.repeat(20_000) }), Buffer.from('nonsense')]) {
    const stream = await connection.newStream(`/ledger/${GENESIS}/join/1`)
    const frames = framesOf(stream, 4096)
    await frames.write([bytes], soon())
    const answer = (await frames.read(soon())) as { error?: { code: string } }
    assert.match(answer.error?.code ?? '', /^(MALFORMED|TOO_LARGE)$/)
    await stream.close()
  }
  assert.equal(a!.joins, [])
  assert.is(a!.peers.counts().malformed, 3)
})

test('strangers are few at a time, and partners still get in', async () => {
  const [a] = await hosts.network(['alice'])
  const connections: Connection[] = []
  for (let i = 0; i < 24; i++) connections.push(await caller(`stranger ${i}`, a!))
  await sleep(200)
  const open = connections.filter((connection) => connection.status === 'open')
  assert.ok(open.length <= 16, `${open.length} strangers at one time`)
  hosts.partners.set(keyOf('bob'), 'bob')
  const bob = await hosts.start('bob')
  await until(() => a!.peers.connected().includes('bob') && bob.peers.connected().length === 1, 'bob is in')
})

test('a malformed message ends the stream; repeated, the connection, for a while', async () => {
  const [a] = await hosts.network(['alice'])
  hosts.partners.set(keyOf('bob'), 'bob')
  const connection = await caller('bob', a!)
  const bad = [{ type: 'vote' }, { ...batchMessage(1), extra: 1 }, 'nonsense']
  for (const message of bad) {
    const stream = await keptStream(connection)
    await framesOf(stream, 1024).write([encodeFrame(batchMessage(1)), encodeFrame(message)], soon())
    await until(() => stream.status !== 'open', 'the stream is ended')
  }
  await until(() => connection.status !== 'open', 'the connection is ended')
  assert.is(a!.messages.length, 3)
  assert.is(a!.peers.counts().malformed, 3)
  await fails(async () => keptStream(await caller('bob', a!)))
})

test('a message over the limit ends the stream without being held', async () => {
  const [a] = await hosts.network(['alice'])
  hosts.partners.set(keyOf('bob'), 'bob')
  const stream = await keptStream(await caller('bob', a!))
  // Only the length of a frame of 1 GiB.
  stream.send(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04))
  await until(() => stream.status !== 'open', 'the stream is ended')
  assert.is(a!.peers.counts().malformed, 1)
})

test('a partner that does not read costs a bounded queue, and the others get all', async () => {
  const [a, b] = await hosts.network(['alice', 'bob'])
  hosts.partners.set(keyOf('carol'), 'carol')
  let taken = 0
  const deaf = await startHost({
    seed: seedOf('carol'),
    listen: [LOCAL],
    announce: [],
    isPartner: () => true,
    log: silentLogger,
    prepare: (libp2p) =>
      libp2p.handle(MESSAGES, async (stream) => {
        await framesOf(stream, 1024).write([encodeFrame({ partner: 'carol', gossip: false })], soon())
        taken += 1
        stream.pause()
      })
  })
  opened.push(deaf)
  hosts.addresses.set(keyOf('carol'), deaf.listening())
  hosts.refresh()
  await until(() => taken === 2 && a!.peers.connected().length === 2, 'carol and bob are connected')
  const large = { type: 'vote', vote: VOTE, reason: 'x'.repeat(900) } as const
  for (let i = 0; i < 200; i++) {
    for (let j = 0; j < 100; j++) a!.peers.broadcast(large)
    await sleep(1)
  }
  await until(() => b!.messages.length === 20_000, 'bob has all')
  const { dropped } = a!.peers.counts()
  assert.ok(dropped > 5_000, `${dropped} dropped`)
})

const VOTE = {
  block: null,
  height: 1,
  incarnation: 0,
  kind: 'prevote',
  round: 0,
  signature: '0'.repeat(128),
  voter: 'alice'
} as const

test('an answer of the wrong kind or over the limit is an error, not an answer', async () => {
  const askers = await hosts.network(['alice', 'bob'])
  hosts.partners.set(keyOf('carol'), 'carol')
  let reply: Uint8Array = encodeFrame({ ok: { type: 'batches', batches: [] } })
  const liar = await startHost({
    seed: seedOf('carol'),
    listen: [LOCAL],
    announce: [],
    isPartner: () => true,
    log: silentLogger,
    async prepare(libp2p) {
      await libp2p.handle(MESSAGES, async (stream) => {
        await framesOf(stream, 1024).write([encodeFrame({ partner: 'carol', gossip: false })], soon())
      })
      await libp2p.handle(PULL, async (stream) => {
        stream.send(reply)
      })
    }
  })
  opened.push(liar)
  hosts.addresses.set(keyOf('carol'), liar.listening())
  hosts.refresh()
  await until(() => askers.every(({ peers }) => peers.connected().includes('carol')), 'carol is connected')
  const request = { type: 'blocks', from: 1, bytesMax: 1 } as const
  let asked = 0
  // In turns: after three such answers one hangs up.
  const ask = async () => {
    const { peers } = askers[asked++ % askers.length]!
    return (await ledgerError(peers.request('carol', request, { timeoutMs: 3_000 }))).code
  }
  const framed = (value: unknown) => {
    const bytes = encodeFrame(value)
    return Uint8Array.of(bytes.length, ...bytes)
  }
  for (const value of [
    { ok: { type: 'batches', batches: [] } },
    { ok: null },
    1,
    { error: { code: 'X', message: '' } }
  ]) {
    reply = framed(value)
    assert.is(await ask(), 'MALFORMED')
  }
  reply = Uint8Array.of(0x80, 0x80, 0x80, 0x08)
  assert.is(await ask(), 'TOO_LARGE')
  reply = framed({ error: { code: 'BUSY', message: 'x' } })
  assert.is(await ask(), 'BUSY')
})

test.run()
