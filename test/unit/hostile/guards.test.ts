import { yamux } from '@chainsafe/libp2p-yamux'
import { multiaddrConnectionPair } from '@libp2p/utils'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { silentLogger } from '../../../src/node/log.js'
import { createAllowance } from '../../../src/node/network/allowance.js'
import { limitConnections } from '../../../src/node/network/connection-limits.js'
import { endingLengths, opening } from '../../../src/node/network/framing-guard.js'
import type { Gater } from '../../../src/node/network/gater.js'
import { limitHalfOpen } from '../../../src/node/network/half-open.js'
import { createMisconduct } from '../../../src/node/network/misconduct.js'
import type { CreateMuxers } from '../../../src/node/network/muxer-streams.js'
import { fewWindowUpdates } from '../../../src/node/network/window-updates.js'
import { suite } from '../../support/suite.js'

const test = suite('guards of the network')

/** A caller at this address; says whether it was cut. */
function caller(address: string) {
  const listeners: (() => void)[] = []
  const made = {
    cut: false,
    remoteAddr: { getComponents: () => [{ name: address.includes(':') ? 'ip6' : 'ip4', value: address }] },
    addEventListener: (_: string, listener: () => void) => listeners.push(listener),
    abort() {
      made.cut = true
      for (const listener of listeners) listener()
    }
  }
  return made
}

type Caller = ReturnType<typeof caller>

function call(gater: Gater, at: string): Caller {
  const made = caller(at)
  assert.is(gater.denyInboundConnection?.(made as never), false)
  return made
}

test('of one host the oldest half-open caller makes room, and other hosts notice nothing', () => {
  const gater = limitHalfOpen({}, { ofHostMax: 3, max: 5 })
  const other = call(gater, '192.0.2.9')
  const many = Array.from({ length: 6 }, () => call(gater, '192.0.2.1'))
  assert.equal(
    many.map(({ cut }) => cut),
    [true, true, true, false, false, false]
  )
  assert.not(other.cut)
})

test('in all the oldest makes room; who has finished its handshake counts no more', () => {
  const gater = limitHalfOpen({}, { ofHostMax: 3, max: 3 })
  const first = call(gater, '192.0.2.1')
  assert.is(gater.denyInboundUpgradedConnection?.({} as never, first as never), false)
  const [second, third] = ['192.0.2.2', '192.0.2.3'].map((at) => call(gater, at))
  call(gater, '192.0.2.4')
  assert.not(second!.cut)
  call(gater, '192.0.2.5')
  assert.equal([first.cut, second!.cut, third!.cut], [false, true, false])
})

test('addresses of one IPv6 network are one host', () => {
  const gater = limitHalfOpen({}, { ofHostMax: 1 })
  const first = call(gater, '2001:db8:1:2:3:4:5:6')
  const elsewhere = call(gater, '2001:db8:1:3::1')
  call(gater, '2001:db8:1:2:ffff::1')
  assert.ok(first.cut)
  assert.not(elsewhere.cut)
})

test('an allowance is spent, waited for, and never more than the burst', () => {
  let now = 0
  const allowance = createAllowance({ burst: 10, perSecond: 5, now: () => now })
  assert.is(allowance.spend(10), 0)
  assert.is(allowance.spend(5), 1000)
  now = 1000
  assert.is(allowance.spend(1), 200)
  now = 1_000_000
  assert.is(allowance.spend(10), 0)
  assert.is(allowance.spend(1), 200)
})

test('what is remembered of misconduct is bounded, and a ban holds', () => {
  let now = 0
  const misconduct = createMisconduct(() => now)
  const bad = () => [1, 2, 3].map(() => misconduct.report('bad')).at(-1)
  assert.is(bad(), true)
  for (let i = 0; i < 900; i++) misconduct.report(`key ${i}`)
  assert.is(misconduct.isBanned('bad'), true)
  for (let i = 0; i < 5_000; i++) misconduct.report(`key ${i % 2_000}`)
  now = 31_000
  assert.is(misconduct.isBanned('bad'), false)
})

/** A connection as the limits look at it. */
function connection(key: string, open: number, streams = 0, muxer = 'open') {
  const made = {
    why: '',
    remotePeer: { toString: () => key },
    timeline: { open },
    streams: Array.from({ length: streams }),
    muxer: { status: muxer },
    abort(error: Error) {
      made.why = error.message
    }
  }
  return made
}

test('connections of a peer beyond four go, the oldest first; those without a muxer and strangers with many streams too', () => {
  const all = [5, 1, 3, 2, 4].map((open) => connection('bob', open))
  const [over, greedy, busy] = [connection('carol', 1, 0, 'closed'), connection('eve', 1, 9), connection('dave', 1, 9)]
  const libp2p = new EventTarget()
  const limits = limitConnections({
    libp2p: libp2p as never,
    connections: () => [...all, over, greedy, busy].filter(({ why }) => why === '') as never,
    isPartner: (key) => key !== 'eve',
    log: silentLogger
  })
  libp2p.dispatchEvent(new CustomEvent('connection:open', { detail: all[0]! }))
  limits.step()
  assert.equal(
    all.map(({ why }) => why !== ''),
    [false, true, false, false, false]
  )
  assert.match(over!.why, 'muxer')
  assert.match(greedy!.why, 'streams')
  assert.is(busy!.why, '')
  limits.close()
})

const frame = (length: number): number[] => [
  ...(length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7]),
  ...Array.from({ length }, () => 0xff)
]

test('frames in any chunks go on; a length that does not end is seen at its fifth byte', () => {
  const lengths = fc.array(fc.nat(400), { maxLength: 6 })
  fc.assert(
    fc.property(lengths, fc.array(fc.nat(2_000), { maxLength: 6 }), (sizes, cuts) => {
      const bytes = Uint8Array.from(sizes.flatMap(frame))
      const look = endingLengths()
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
      for (const [index, to] of places.slice(1).entries()) assert.is(look(bytes.subarray(places[index], to)), 'go on')
      assert.is(look(Uint8Array.of(0x80, 0x80, 0x80, 0x80)), 'go on')
      for (let again = 0; again < 3; again++) assert.is(look(Uint8Array.of(0x80)), 'no')
    }),
    { numRuns: 300 }
  )
})

test('few frames may come before a protocol is agreed on, and any number after', () => {
  let negotiating = true
  const few = Uint8Array.from(Array.from({ length: 32 }, () => [1, 10]).flat())
  const look = endingLengths(() => negotiating)
  assert.is(look(few), 'go on')
  negotiating = false
  const long = Uint8Array.from(Array.from({ length: 32 }, () => frame(8)).flat())
  for (let i = 0; i < 100; i++) assert.is(look(long), 'go on')
  const slow = endingLengths(() => true)
  for (const byte of few) assert.is(slow(Uint8Array.of(byte)), 'go on')
  for (const byte of few) assert.is(slow(Uint8Array.of(byte)), 'no', 'whoever does not take no is told again')
})

test('short frames are seldom', () => {
  const look = endingLengths()
  const short = Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0)
  for (let i = 0; i < 256; i++) assert.is(look(short), 'go on')
  const long = Uint8Array.from(frame(1022))
  for (let i = 0; i < 1000; i++) {
    assert.is(look(long), 'go on')
    assert.is(look(Uint8Array.of(0)), 'go on')
  }
  let taken = 0
  while (look(Uint8Array.of(0)) === 'go on') taken++
  assert.ok(taken <= 3, `${taken} more`)
})

test('an opening is exactly ours, in any chunks', () => {
  const good = [0x13, ...Buffer.from('/multistream/1.0.0\n'), 7, ...Buffer.from('/noise\n')]
  const look = opening()
  for (const byte of good.slice(0, -1)) assert.is(look(Uint8Array.of(byte)), 'go on')
  assert.is(look(Uint8Array.of(good.at(-1)!, 0x80, 0x80)), 'enough')
  for (let at = 0; at < good.length; at++) {
    const changed = Uint8Array.from(good.with(at, good[at]! ^ 0x80))
    assert.is(opening()(changed), 'no')
  }
})

test('of small pieces of data not each is answered with a window update, and large ones come through', async () => {
  const talk = async (create: CreateMuxers, pieces: number, bytesOfOne: number) => {
    const [near, far] = multiaddrConnectionPair()
    const [sender, receiver] = [near, far].map((connection) => create().createStreamMuxer(connection))
    let [arrived, back] = [0, 0]
    near.addEventListener('message', ({ data }) => {
      back += data.byteLength
    })
    receiver!.addEventListener('stream', ({ detail }) => {
      detail.addEventListener('message', ({ data }) => {
        arrived += data.byteLength
      })
    })
    const stream = await sender!.createStream()
    for (let piece = 0; piece < pieces; piece++) {
      if (!stream.send(new Uint8Array(bytesOfOne)))
        await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }))
      await new Promise((resolve) => setImmediate(resolve))
    }
    while (arrived < pieces * bytesOfOne) await new Promise((resolve) => setImmediate(resolve))
    for (const connection of [near, far]) connection.abort(new Error('done'))
    return back
  }
  const few = fewWindowUpdates(yamux({ enableKeepAlive: false }))
  const plain = await talk(yamux({ enableKeepAlive: false }), 200, 100)
  const lean = await talk(few, 200, 100)
  assert.ok(plain > 200 * 10, `${plain} bytes came back`)
  assert.ok(lean < plain / 20, `${lean} bytes came back, ${plain} without it`)
  assert.ok((await talk(few, 64, 256 * 1024)) > 0)
})

test.run()
