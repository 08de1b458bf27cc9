import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../src/base/errors.js'
import { RESPONSE_BYTES_MAX } from '../../src/node/peers.js'
import { batchMessage, hashOf, keyOf, ledgerError, meshed, peerHosts, until } from '../support/peer-hosts.js'
import { suite } from '../support/suite.js'

const hosts = peerHosts()
const test = suite('peers over libp2p', { timeoutMs: 20_000 })

test.after.each(() => hosts.close())

test('messages arrive, from whom they came, in order', async () => {
  const [a, b, c] = await hosts.network(['alice', 'bob', 'carol'])
  await meshed([a!, b!, c!])
  for (let i = 0; i < 100; i++) a!.peers.broadcast(batchMessage(i))
  b!.peers.send('carol', batchMessage(1000))
  await until(() => b!.messages.length === 100 && c!.messages.length === 101, 'all messages are there')
  assert.equal(
    b!.messages.map(({ from, message }) => [from, message]),
    Array.from({ length: 100 }, (_, i) => ['alice', batchMessage(i)])
  )
  assert.ok(c!.messages.some(({ from, message }) => from === 'bob' && message.type === 'batch'))
  assert.equal(a!.messages, [])
  assert.equal(a!.events.sort(), ['+bob', '+carol'])
})

test('four partners see each other, each once', async () => {
  const nodes = await hosts.network(['alice', 'bob', 'carol', 'dave'])
  await meshed(nodes)
  for (const node of nodes) assert.is(new Set(node.peers.connected()).size, 3)
})

test('requests are answered, also with gossip switched off', async () => {
  const onRequest = async (from: string) => ({ type: 'batches' as const, batches: [`for ${from}`] })
  const [a, b] = await hosts.network(['alice', 'bob'], () => ({ gossip: false, onRequest }))
  await meshed([a!, b!])
  const answer = await a!.peers.request('bob', { type: 'batches', hashes: [hashOf('x')] }, {})
  assert.equal(answer, { type: 'batches', batches: ['for alice'] })
  a!.peers.gossipBatch('{}')
  await sleep(300)
  assert.equal(b!.texts, [])
})

test('a large answer arrives, and one over the limit is cut to what fits', async () => {
  const text = '"'.repeat(1024 * 1024)
  const onRequest = async () => ({ type: 'batches' as const, batches: Array.from({ length: 10 }, () => text) })
  const [a, b] = await hosts.network(['alice', 'bob'], () => ({ onRequest }))
  await meshed([a!, b!])
  const hashes = Array.from({ length: 10 }, (_, i) => hashOf(String(i)))
  const { batches } = await a!.peers.request('bob', { type: 'batches', hashes }, {})
  assert.is(batches.length, 7)
  assert.ok(batches.every((batch) => batch === text))
  assert.ok(7 * text.length < RESPONSE_BYTES_MAX)
  assert.equal(b!.peers.connected(), ['alice'])
})

test('one item that is over the limit is said to be too large', async () => {
  const onRequest = async () => ({ type: 'batches' as const, batches: ['x'.repeat(RESPONSE_BYTES_MAX + 1)] })
  const [a, b] = await hosts.network(['alice', 'bob'], () => ({ onRequest }))
  await meshed([a!, b!])
  const error = await ledgerError(a!.peers.request('bob', { type: 'batches', hashes: [hashOf('x')] }, {}))
  assert.is(error.code, 'TOO_LARGE')
})

test('errors of a partner keep their code; unforeseen ones say nothing more', async () => {
  let failure: Error = new LedgerError('BUSY', 'later')
  const onRequest = async () => {
    throw failure
  }
  const [a, b] = await hosts.network(['alice', 'bob'], () => ({ onRequest }))
  await meshed([a!, b!])
  const request = { type: 'blocks', from: 1, bytesMax: 1 } as const
  assert.is((await ledgerError(a!.peers.request('bob', request, {}))).code, 'BUSY')
  failure = new TypeError('secret things')
  const error = await ledgerError(a!.peers.request('bob', request, {}))
  assert.is(error.code, 'INTERNAL')
  assert.not.match(error.message, 'secret')
})

test('requests end in time, when aborted, and when the partner is not there', async () => {
  const onRequest = () => new Promise<never>(() => {})
  const [a, b] = await hosts.network(['alice', 'bob'], () => ({ onRequest }))
  await meshed([a!, b!])
  const request = { type: 'blocks', from: 1, bytesMax: 1 } as const
  assert.is((await ledgerError(a!.peers.request('bob', request, { timeoutMs: 100 }))).code, 'NODE_UNREACHABLE')
  assert.is((await ledgerError(a!.peers.request('carol', request, {}))).code, 'NODE_UNREACHABLE')
  const signal = AbortSignal.abort(new LedgerError('CLOSED', 'stopping'))
  assert.is((await ledgerError(a!.peers.request('bob', request, { signal }))).code, 'CLOSED')
})

test('many requests to one partner wait for their turn', async () => {
  let running = 0
  let most = 0
  const onRequest = async () => {
    most = Math.max(most, ++running)
    await sleep(5)
    running -= 1
    return { type: 'batches' as const, batches: [] }
  }
  const [a, b] = await hosts.network(['alice', 'bob'], () => ({ onRequest }))
  await meshed([a!, b!])
  const hashes = [hashOf('x')]
  await Promise.all(Array.from({ length: 100 }, () => a!.peers.request('bob', { type: 'batches', hashes }, {})))
  assert.ok(most <= 8 && most > 1, `${most} at one time`)
})

test('a batch text reaches all by gossip, and again when sent again', async () => {
  const nodes = await hosts.network(['alice', 'bob', 'carol'])
  await meshed(nodes)
  const [a, b, c] = nodes
  await until(() => {
    a!.peers.gossipBatch('{"first":1}')
    return b!.texts.length > 0 && c!.texts.length > 0
  }, 'gossip arrives')
  await sleep(300)
  const before = b!.texts.length
  a!.peers.gossipBatch('{"first":1}')
  await until(() => b!.texts.length > before, 'it arrives once more')
  assert.equal(a!.texts, [])
  assert.ok(b!.texts.every((text) => text === '{"first":1}'))
})

test('gossip reaches a partner through others where a link is forbidden', async () => {
  const pair = [keyOf('alice'), keyOf('dave')]
  const forbidden = (name: string) => (key: string) => pair.includes(keyOf(name)) && pair.includes(key)
  const nodes = await hosts.network(['alice', 'bob', 'carol', 'dave'], (name) => ({ forbidden: forbidden(name) }))
  const [a, b, , d] = nodes
  await until(() => a!.peers.connected().length === 2 && d!.peers.connected().length === 2, 'the others are connected')
  await until(() => b!.peers.connected().length === 3, 'bob has all')
  await until(() => {
    a!.peers.gossipBatch('{"far":1}')
    return d!.texts.includes('{"far":1}')
  }, 'dave hears of it')
  a!.peers.broadcast(batchMessage(1))
  a!.peers.send('dave', batchMessage(2))
  await until(() => b!.messages.length === 1, 'bob has it')
  await sleep(100)
  assert.equal(d!.messages, [])
  assert.not.ok(a!.peers.connected().includes('dave'))
})

test('partners find each other again after a restart', async () => {
  const [a, b] = await hosts.network(['alice', 'bob'])
  await meshed([a!, b!])
  await b!.restart()
  await until(() => a!.events.filter((event) => event === '+bob').length === 2, 'alice sees bob again')
  await meshed([a!, b!])
  a!.peers.send('bob', batchMessage(7))
  b!.peers.send('alice', batchMessage(8))
  await until(() => a!.messages.length === 1 && b!.messages.length === 1, 'messages both ways')
})

test('a partner that is no longer one is hung up on, and stays out', async () => {
  const nodes = await hosts.network(['alice', 'bob', 'carol'])
  await meshed(nodes)
  const [a, b, c] = nodes
  hosts.partners.delete(keyOf('carol'))
  hosts.refresh()
  assert.equal(a!.peers.connected(), ['bob'])
  await until(() => c!.peers.connected().length === 0, 'carol is alone')
  await sleep(500)
  c!.peers.broadcast(batchMessage(1))
  const request = { type: 'blocks', from: 1, bytesMax: 1 } as const
  assert.is((await ledgerError(c!.peers.request('alice', request, {}))).code, 'NODE_UNREACHABLE')
  assert.equal([a!.messages, b!.messages], [[], []])
  assert.ok(a!.events.includes('-carol'))
})

test('a new partner is connected as soon as it is known', async () => {
  const [a, b] = await hosts.network(['alice', 'bob'])
  await meshed([a!, b!])
  const c = await hosts.start('carol')
  await sleep(300)
  assert.equal(c.peers.connected(), [])
  hosts.partners.set(keyOf('carol'), 'carol')
  hosts.refresh()
  await meshed([a!, b!, c])
})

test('closing gives everything back, at once', async () => {
  const [a, b] = await hosts.network(['alice', 'bob'])
  await meshed([a!, b!])
  const started = performance.now()
  await Promise.all([a!.peers.close(), a!.peers.close()])
  assert.ok(performance.now() - started < 2_000)
  await until(() => b!.peers.connected().length === 0, 'bob sees it')
  assert.equal(a!.peers.connected(), [])
})

test.run()
