import * as assert from 'uvu/assert'
import { silentLogger } from '../../../src/node/log.js'
import { createConcurrency } from '../../../src/node/network/concurrency.js'
import { createDialLoop, SECOND_DIALLER_MS } from '../../../src/node/network/dial-loop.js'
import { createGossipWatchdog } from '../../../src/node/network/gossip-watchdog.js'
import { createMessageQueue } from '../../../src/node/network/message-queue.js'
import { createMisconduct } from '../../../src/node/network/misconduct.js'
import { createRateLimit } from '../../../src/node/network/rate-limit.js'
import { createSilenceWatch, SILENT_MS_MAX } from '../../../src/node/network/silence-watch.js'
import { suite } from '../../support/suite.js'

const test = suite('parts of the network layer')

function frame(bytes: number): Uint8Array {
  return new Uint8Array(bytes)
}

test('a full queue drops the oldest, by number and by bytes', () => {
  const byNumber = createMessageQueue(3, 1000)
  const frames = [1, 2, 3, 4, 5].map(frame)
  assert.equal(frames.map(byNumber.push), [0, 0, 0, 1, 1])
  assert.equal(byNumber.take(1000), frames.slice(2))
  const byBytes = createMessageQueue(100, 10)
  assert.equal([4, 4, 4, 10].map(frame).map(byBytes.push), [0, 0, 1, 2])
  assert.is(byBytes.length, 1)
})

test('a queue gives at least one message, else as many as fit', () => {
  const queue = createMessageQueue(100, 1000)
  for (const bytes of [50, 3, 3, 3]) queue.push(frame(bytes))
  assert.equal(
    [queue.take(7), queue.take(7), queue.take(7), queue.take(7)].map((frames) => frames.length),
    [1, 2, 1, 0]
  )
})

test('a rate limit lets a burst through and then a trickle', () => {
  let time = 0
  const rate = createRateLimit(2, 100, () => time)
  assert.equal([rate.take(), rate.take(), rate.take()], [true, true, false])
  time = 99
  assert.not.ok(rate.take())
  time = 100
  assert.equal([rate.take(), rate.take()], [true, false])
  time = 10_000
  assert.equal([rate.take(), rate.take(), rate.take()], [true, true, false])
})

test('misconduct bans for a while, not for ever, and not for old faults', () => {
  let time = 0
  const misconduct = createMisconduct(() => time)
  assert.equal([misconduct.report('a'), misconduct.report('a')], [false, false])
  time = 61_000
  assert.equal([misconduct.report('a'), misconduct.report('a')], [false, false])
  assert.not.ok(misconduct.isBanned('a'))
  assert.ok(misconduct.report('a'))
  assert.ok(misconduct.isBanned('a'))
  assert.not.ok(misconduct.isBanned('b'))
  time += 30_000
  assert.not.ok(misconduct.isBanned('a'))
})

test('concurrency is bounded for each key, in order, and a failure frees its place', async () => {
  const concurrency = createConcurrency(1, 1)
  const done: string[] = []
  let release = () => {}
  const first = concurrency.run('a', () => new Promise<void>((resolve) => (release = resolve)))
  const second = concurrency.run('a', async () => {
    done.push('second')
    throw new Error('failed')
  })
  const third = concurrency.run('a', async () => {}).catch((error: { code: string }) => error.code)
  await concurrency.run('b', async () => done.push('other'))
  assert.is(await third, 'BUSY')
  assert.equal(done, ['other'])
  release()
  await first
  assert.is(await second.catch(() => 'caught'), 'caught')
  assert.is(await concurrency.run('a', async () => 'free'), 'free')
})

test('the watchdog names partners that stay away from the topic, and not again at once', () => {
  let time = 0
  const watchdog = createGossipWatchdog(() => time)
  const peers = [
    { key: 'a', since: 0 },
    { key: 'b', since: 0 }
  ]
  const look = () => watchdog.deaf(peers, new Set(['b']))
  assert.equal(look(), [])
  time = 5_999
  assert.equal(look(), [])
  time = 6_000
  assert.equal(look(), ['a'])
  time = 20_000
  assert.equal(look(), [])
  time = 35_999
  assert.equal(look(), [])
  time = 36_000
  assert.equal(look(), ['a'])
  time = 80_000
  assert.equal(look(), [])
})

test('a connection that brings no byte is found, unless this process itself stood still', () => {
  let time = 0
  const [a, b] = [new EventTarget(), new EventTarget()]
  const connections = [{ maConn: a }, { maConn: b }] as never
  const watch = createSilenceWatch(() => time)
  const lookUntil = (end: number): unknown[] => {
    for (; time < end; time += 250) if (watch.silent(connections).length > 0) break
    return watch.silent(connections)
  }
  assert.equal(lookUntil(10_000), [])
  b.dispatchEvent(new Event('message'))
  assert.equal(lookUntil(SILENT_MS_MAX + 9_000), [connections[0]])
  assert.ok(time > SILENT_MS_MAX && time <= SILENT_MS_MAX + 500, `found at ${time}`)
  a.dispatchEvent(new Event('message'))
  time += 60_000
  assert.equal(watch.silent(connections), [], 'it asks nothing of others for the time that it stood still itself')
  assert.equal(lookUntil(time + SILENT_MS_MAX), [])
  assert.is(lookUntil(time + 1_000).length, 2)
})

/** A dial loop under a clock of its own. */
function dialling(self: string, partner = 'bob', addresses = ['/ip4/192.0.2.1/tcp/1']) {
  const scene = { time: 0, connected: false, dials: [] as number[], fails: true, addresses, wanted: true }
  const loop = createDialLoop({
    self,
    key: 'own',
    wanted: () => (scene.wanted ? [{ partner, key: 'theirs', addresses: scene.addresses }] : []),
    isConnected: () => scene.connected,
    async dial() {
      scene.dials.push(scene.time)
      if (scene.fails) throw new Error('nobody there')
      scene.connected = true
    },
    log: silentLogger,
    random: () => 0.5,
    now: () => scene.time
  })
  const run = async (ms: number) => {
    for (const end = scene.time + ms; scene.time < end; scene.time += 100) {
      loop.step()
      await new Promise(setImmediate)
    }
  }
  return { scene, run, loop }
}

test('dials for ever, at growing intervals up to a cap', async () => {
  const { scene, run, loop } = dialling('alice')
  await run(600_000)
  assert.is(scene.dials[0], 0)
  assert.ok(scene.dials.length > 30, `${scene.dials.length} dials`)
  const gaps = scene.dials.slice(1).map((at, index) => at - scene.dials[index]!)
  assert.ok(gaps[0]! < 2_000 && Math.max(...gaps) <= 12_200)
  loop.close()
})

test('the higher id waits for the lower to dial', async () => {
  const { scene, run, loop } = dialling('carol')
  await run(SECOND_DIALLER_MS)
  assert.equal(scene.dials, [])
  await run(1_000)
  assert.equal(scene.dials, [SECOND_DIALLER_MS])
  loop.close()
})

test('nobody dials itself, the connected, the unwanted, or one without an address', async () => {
  for (const change of [{ connected: true }, { wanted: false }, { addresses: [] }]) {
    const { scene, run, loop } = dialling('alice')
    Object.assign(scene, change)
    await run(10_000)
    assert.equal(scene.dials, [], JSON.stringify(change))
    loop.close()
  }
  const { scene, run, loop } = dialling('alice', 'alice')
  await run(10_000)
  assert.equal(scene.dials, [])
  loop.close()
})

test('a lasting connection that breaks is dialled again at once, a short one only later', async () => {
  const { scene, run, loop } = dialling('alice')
  scene.fails = false
  await run(15_000)
  scene.connected = false
  const broken = scene.time
  await run(200)
  assert.equal(scene.dials, [0, broken])
  scene.connected = false
  await run(500)
  assert.is(scene.dials.length, 2)
  await run(2_000)
  assert.is(scene.dials.length, 3)
  loop.close()
})

test('new addresses are dialled at once', async () => {
  const { scene, run, loop } = dialling('alice')
  await run(100_000)
  const before = scene.dials.length
  scene.addresses = ['/ip4/192.0.2.2/tcp/1']
  await run(100)
  assert.is(scene.dials.length, before + 1)
  loop.close()
})

test.run()
