import * as assert from 'uvu/assert'
import { type BatchPulls, createBatchPulls } from '../../../src/node/batch-pulls.js'
import { silentLogger } from '../../../src/node/log.js'
import { handTimers } from '../../support/hand-timers.js'
import { suite } from '../../support/suite.js'

const test = suite('pulling batches')

interface Request {
  readonly partner: string
  readonly hashes: readonly string[]
  answer(...batches: string[]): void
  fail(): void
}

/** So that an answer of little more than two thirds of the most may be all that had room. */
const BATCH_BYTES_MAX = 400 * 1024

function subject(connected: readonly string[] = ['a', 'b', 'c']) {
  const time = handTimers()
  const requests: Request[] = []
  const here = new Set<string>()
  const blamed: string[] = []
  const vain: string[] = []
  const pulls: BatchPulls = createBatchPulls({
    peers: {
      connected: () => connected,
      blame: (partner) => void blamed.push(partner),
      request: (partner, request) => {
        assert.is(request.type, 'batches')
        return new Promise((resolve, reject) => {
          const hashes = request.type === 'batches' ? request.hashes : []
          const answer = (...batches: string[]): void => resolve({ type: 'batches', batches } as never)
          requests.push({ partner, hashes, answer, fail: () => reject(new Error('no answer')) })
        })
      }
    },
    timers: time.timers,
    log: silentLogger,
    take(text) {
      if (text.startsWith('forged ')) return { verdict: 'reject', hash: text.slice(7), stored: Promise.resolve() }
      here.add(text)
      return { verdict: 'accept', hash: text, stored: Promise.resolve() }
    },
    batchBytesMax: BATCH_BYTES_MAX,
    onVain: (partner, batches) => vain.push(`${partner}: ${batches}`)
  })
  const lacks = (hash: string): boolean => !here.has(hash)
  return {
    time,
    requests,
    here,
    blamed,
    vain,
    pulls,
    lacks,
    told: () => requests.map(({ partner, hashes }) => `${partner}: ${hashes.join(' ')}`),
    announced: (from: string, hash: string) => pulls.announced(from, hash, () => lacks(hash)),
    settled: () => new Promise<void>((resolve) => setImmediate(resolve))
  }
}

test('what several announce is asked of one at a time, and of the next upon failure', async () => {
  const { announced, time, requests, told, settled, here, pulls } = subject()
  for (const partner of ['a', 'b', 'c']) announced(partner, 'x')
  announced('a', 'x')
  assert.equal(told(), [])
  time.pass(0)
  assert.equal(told(), ['a: x'])
  requests[0]!.fail()
  await settled()
  assert.equal(told(), ['a: x', 'b: x'])
  // It has not got it.
  requests[1]!.answer()
  await settled()
  assert.equal(told(), ['a: x', 'b: x', 'c: x'])
  requests[2]!.answer('x')
  await settled()
  assert.ok(here.has('x'))
  pulls.stop()
  assert.is(time.waiting(), 0)
})

test('who announces and keeps silent delays a batch by no more than the patience', async () => {
  const { announced, time, requests, told, settled, here } = subject()
  announced('a', 'x')
  time.pass(0)
  announced('b', 'x')
  time.pass(1_999)
  assert.equal(told(), ['a: x'])
  time.pass(1)
  assert.equal(told(), ['a: x', 'b: x'])
  // Beside: the first answer counts, however late.
  requests[0]!.answer('x')
  await settled()
  assert.ok(here.has('x'))
  time.pass(60_000)
  assert.is(requests.length, 2)
})

test('one who is still silent is not waited for when somebody else announces', () => {
  const { announced, time, told } = subject()
  announced('a', 'x')
  time.pass(0)
  time.pass(5_000)
  announced('a', 'x')
  assert.equal(told(), ['a: x'])
  announced('b', 'x')
  assert.equal(told(), ['a: x', 'b: x'])
})

test('one who was asked in vain is asked again when it announces again', async () => {
  const { announced, time, requests, told, settled } = subject()
  announced('a', 'x')
  time.pass(0)
  announced('a', 'x')
  requests[0]!.answer()
  await settled()
  assert.equal(told(), ['a: x'])
  announced('a', 'x')
  time.pass(0)
  assert.equal(told(), ['a: x', 'a: x'])
})

test('one who gave nothing is asked again while another keeps silent', async () => {
  const { pulls, requests, time, told, settled, lacks } = subject()
  pulls.need(['x'], ['a', 'b'], lacks)
  time.pass(2_000)
  requests[1]!.answer()
  await settled()
  pulls.need(['x'], ['a', 'b'], lacks)
  assert.equal(told(), ['a: x', 'b: x', 'b: x'])
})

test('what comes in the same turn is not asked for', () => {
  const { announced, time, told, here } = subject()
  announced('a', 'x')
  here.add('x')
  time.pass(0)
  assert.equal(told(), [])
})

test('what a block needs is asked for at once, in groups, with two requests to a partner at a time', async () => {
  const { announced, pulls, requests, time, told, settled, here, lacks } = subject()
  announced('b', 'h0')
  const hashes = Array.from({ length: 20 }, (_, at) => `h${at}`)
  pulls.need([...hashes, 'here'], ['gone', 'a', 'b'], (hash) => hash !== 'here' && lacks(hash))
  assert.equal(told(), ['a: h0 h1 h2 h3 h4 h5 h6 h7', 'a: h8 h9 h10 h11 h12 h13 h14 h15'])
  requests[0]!.answer(...hashes.slice(0, 8))
  await settled()
  assert.is(told()[2], 'a: h16 h17 h18 h19')
  requests[1]!.answer(...hashes.slice(8, 15))
  requests[2]!.answer(...hashes.slice(16))
  await settled()
  assert.is(told()[3], 'b: h15')
  requests[3]!.answer('h15')
  await settled()
  assert.is(here.size, 20)
  time.pass(60_000)
  assert.is(requests.length, 4)
})

test('a partner can announce so many at a time and no more', async () => {
  const { announced, time, requests, settled, pulls } = subject()
  for (let at = 0; at < 1_000; at++) announced('a', `x${at}`)
  for (let at = 0; at < 10; at++) announced('b', `y${at}`)
  assert.is(time.waiting(), 138)
  time.pass(0)
  for (let at = 0; at < requests.length; at++) {
    requests[at]!.answer()
    await settled()
  }
  assert.is(requests.flatMap(({ hashes }) => hashes).length, 138)
  // All answered: there is room again.
  announced('a', 'z')
  time.pass(0)
  assert.equal(requests.at(-1)?.hashes, ['z'])
  pulls.stop()
  assert.is(time.waiting(), 0)
})

test('who has not got what it announced is told of; who was asked for another reason is not', async () => {
  const { announced, pulls, requests, time, settled, lacks, vain, blamed } = subject()
  for (const hash of ['x', 'y', 'z']) announced('a', hash)
  pulls.need(['x', 'y', 'z'], ['a'], lacks)
  requests[0]!.answer('y')
  await settled()
  assert.equal(vain, ['a: 2'])
  pulls.need(['v', 'w'], ['b'], lacks)
  requests.at(-1)!.answer()
  await settled()
  announced('c', 'u')
  time.pass(0)
  requests.at(-1)!.fail()
  await settled()
  assert.equal([vain, blamed], [['a: 2'], []])
})

test('what an answer had no room for is not missing', async () => {
  const { announced, pulls, requests, settled, lacks, vain } = subject()
  // Large once in JSON, as they may be on the wire.
  const large = '\u0001'.repeat(1024 * 1024)
  const hashes = ['x', large, 'y', 'z']
  for (const hash of hashes) announced('a', hash)
  pulls.need(hashes, ['a'], lacks)
  requests[0]!.answer(large)
  await settled()
  // The first would have come before it, and those after it did not fit.
  assert.equal(vain, ['a: 1'])
})

test('who answers with what is no batch, or with another one, is blamed once for it', async () => {
  const { pulls, requests, settled, lacks, blamed } = subject()
  pulls.need(['x', 'y'], ['a'], lacks)
  pulls.need(['z'], ['b'], lacks)
  requests[0]!.answer('forged x', 'forged y')
  requests[1]!.answer('another')
  await settled()
  assert.equal(blamed.toSorted(), ['a', 'b'])
})

test.run()
