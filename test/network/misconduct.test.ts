import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../src/base/errors.js'
import { silentLogger } from '../../src/node/log.js'
import { newCounts } from '../../src/node/network/counts.js'
import { type Connection, encodeFrame, framesOf } from '../../src/node/network/frames.js'
import { createGossip } from '../../src/node/network/gossip.js'
import { type Host, startHost } from '../../src/node/network/host.js'
import type { PullResponse } from '../../src/node/peers.js'
import {
  GENESIS,
  hashOf,
  keyOf,
  ledgerError,
  meshed,
  peerHosts,
  seedOf,
  type TestPeer,
  until
} from '../support/peer-hosts.js'
import { suite } from '../support/suite.js'

/** Who is told of as having done what no honest node does, over real sockets. */
const test = suite('misconduct that is seen', { timeoutMs: 40_000 })

const hosts = peerHosts()
const opened: Host[] = []

test.after.each(async () => {
  for (const host of opened.splice(0)) await host.close()
  await hosts.close()
})

const soon = () => AbortSignal.timeout(3_000)

async function dial(name: string, to: TestPeer, services: object = {}): Promise<Connection> {
  const options = {
    seed: seedOf(name),
    listen: [],
    announce: [],
    isPartner: () => true,
    log: silentLogger,
    ...services
  }
  const host = await startHost(options)
  opened.push(host)
  return await host.libp2p.dial(multiaddr(to.peers.listening()[0]!), { signal: soon() })
}

/** What a node has seen of a partner, or of strangers: `seen hungUp`, and why. */
function seen({ peers }: TestPeer, of: string | null): string {
  const { seen, hungUp, last } = peers.misconduct(of)
  return `${seen} ${hungUp} ${last?.why ?? ''}`
}

test('who spreads by gossip what is no batch is hung up on; nobody passes it on or is blamed for another', async () => {
  const verdictOf = (text: string) => (text.includes('bad') ? 'reject' : text.includes('early') ? 'ignore' : 'accept')
  const [alice, carol] = await hosts.network(['alice', 'carol'], () => ({ verdictOf }))
  await meshed([alice!, carol!])
  await until(() => carol!.peers.connected().includes('alice'), 'they know each other')
  hosts.partners.set(keyOf('bob'), 'bob')
  const gossip = createGossip({
    topic: `ledger/${GENESIS}/batches/1`,
    isPartner: () => true,
    onText: () => 'accept',
    onMalformed: () => {},
    counts: newCounts(),
    log: silentLogger
  })
  const service = (components: unknown) => gossip.service(components as never)
  const connection = await dial('bob', alice!, { services: { gossip: service } })
  gossip.start()
  await until(() => gossip.subscribers().has(keyOf('alice')), 'alice listens')
  const start = Date.now()
  // As it may take until all of them are on the topic, the good one is said again.
  for (let i = 0; !carol!.texts.includes(`{"good":${i - 1}}`); i++) {
    assert.ok(Date.now() - start < 20_000, 'what is good is passed on')
    gossip.publish(`{"early":${i}}`)
    gossip.publish(`{"good":${i}}`)
    await sleep(100)
  }
  assert.is(seen(alice!, 'bob'), '0 0 ')
  for (let i = 0; connection.status === 'open'; i++) {
    gossip.publish(`{"bad":${i}}`)
    await sleep(20)
  }
  assert.match(seen(alice!, 'bob'), /^\d+ 1 it passed on what is no batch of a partner$/)
  await sleep(200)
  assert.not(
    carol!.texts.some((text) => !text.includes('good')),
    carol!.texts.join(' ')
  )
  for (const [node, other] of [
    [alice!, 'carol'],
    [carol!, 'alice'],
    [carol!, 'bob']
  ] as const) {
    assert.is(seen(node, other), '0 0 ')
  }
  assert.ok(alice!.peers.connected().includes('carol'))
})

test('who answers with what is no answer is hung up on; who answers with an error or not at all is not', async () => {
  let answer: () => Promise<unknown> = async () => ({ type: 'batches', batches: [] })
  const onRequest = () => answer() as Promise<PullResponse>
  const [alice] = await hosts.network(['alice', 'bob'], (name) => (name === 'bob' ? { onRequest } : {}))
  await until(() => alice!.peers.connected().includes('bob'), 'they are connected')
  const ask = (timeoutMs = 10_000) =>
    alice!.peers.request('bob', { type: 'batches', hashes: [hashOf('x')] }, { timeoutMs })
  for (const code of ['BUSY', 'MALFORMED', 'TOO_LARGE', 'INTERNAL'] as const) {
    answer = () => Promise.reject(new LedgerError(code, 'so it says'))
    assert.is((await ledgerError(ask())).code, code)
  }
  answer = () => sleep(500)
  assert.is((await ledgerError(ask(200))).code, 'NODE_UNREACHABLE')
  assert.is(seen(alice!, 'bob'), '0 0 ')
  for (const wrong of [
    { type: 'messages', messages: [1] },
    { type: 'batches', batches: ['', ''] },
    { type: 'proposal', block: null }
  ]) {
    answer = async () => wrong
    assert.is((await ledgerError(ask())).code, 'MALFORMED')
  }
  assert.match(seen(alice!, 'bob'), /^3 1 the answer: /)
  await until(() => !alice!.peers.connected().includes('bob'), 'it is hung up on')
})

test('what a partner and what strangers do is told apart, and who merely goes away has done nothing', async () => {
  const [alice] = await hosts.network(['alice'])
  hosts.partners.set(keyOf('bob'), 'bob')
  const [partner, stranger] = [await dial('bob', alice!), await dial('eve', alice!)]
  const frame = encodeFrame({ type: 'batch', author: 'bob', hash: hashOf('1'), incarnation: 0, sequence: 0 })
  // In the middle of a frame, as when the power goes.
  for (const bytes of [
    Uint8Array.of(frame.length),
    Uint8Array.of(frame.length, ...frame.subarray(0, 20)),
    Uint8Array.of(0x80)
  ]) {
    const stream = await partner.newStream(`/ledger/${GENESIS}/messages/1`, { signal: soon() })
    await framesOf(stream, 1024).read(soon())
    stream.send(bytes)
    await stream.close({ signal: soon() })
    const other = await partner.newStream(`/ledger/${GENESIS}/pull/1`, { signal: soon() })
    other.send(bytes)
    await sleep(20)
    other.abort(new Error('gone'))
  }
  await sleep(100)
  assert.is(seen(alice!, 'bob'), '0 0 ')
  const stream = await stranger.newStream(`/ledger/${GENESIS}/join/1`, { signal: soon() })
  await framesOf(stream, 4096).write([encodeFrame({ nonsense: 1 })], soon())
  await until(() => alice!.peers.misconduct(null).seen === 1, 'it is seen')
  const long = await partner.newStream(`/ledger/${GENESIS}/pull/1`, { signal: soon() })
  long.send(new Uint8Array(16).fill(0x80))
  await until(() => partner.status !== 'open', 'the connection is cut')
  assert.is(seen(alice!, 'bob'), '1 0 what it sent is not framed as everything here is')
  assert.match(seen(alice!, null), /^1 0 its request: /)
})

test.run()
