import * as assert from 'uvu/assert'
import { createAbsences } from '../../../src/node/absences.js'
import { createClockOffsets } from '../../../src/node/clock-offsets.js'
import { createLogger } from '../../../src/node/log.js'
import type { StallSnapshot } from '../../../src/node/stall-explanation.js'
import { createStallWatch } from '../../../src/node/stall-watch.js'
import { suite } from '../../support/suite.js'

const test = suite('stall watch')

/** A watch over one of four, whose clock and sight are set by hand. */
function watching(more: Partial<StallSnapshot> = {}) {
  const world = { now: 1_000_000, work: true, online: 4, votedRound: 0, seen: more }
  const lines: string[] = []
  const watch = createStallWatch({
    now: () => world.now,
    hasWork: () => world.work,
    snapshot: () => ({
      self: 'p1',
      height: 2,
      round: 0,
      proposerOf: () => 'p1',
      clockBehindMs: 0,
      rejoining: false,
      asking: 0,
      syncing: false,
      voters: ['p1', 'p2', 'p3', 'p4'].map((id, at) => ({
        id,
        online: at < world.online,
        awaySince: null,
        height: 1,
        votedRound: world.votedRound
      })),
      needed: 3,
      objections: [],
      setAside: [],
      hasOther: true,
      missing: [],
      gaps: [],
      clocks: [],
      ...world.seen
    }),
    log: createLogger({
      level: 'info',
      format: 'json',
      now: () => world.now,
      write: (line) => lines.push(JSON.parse(line).message)
    })
  })
  return {
    world,
    lines,
    watch,
    /** Looks every second. */
    pass(seconds: number): void {
      for (let i = 0; i < seconds; i++) {
        world.now += 1000
        watch.look()
      }
    }
  }
}

const aside = { author: 'p2', sequence: 5, why: 'x', fromHeight: 3 }

test('an idle network never stalls, whoever is away', () => {
  const { world, watch, lines, pass } = watching()
  Object.assign(world, { work: false, online: 1 })
  pass(1000)
  assert.is(watch.current(), null)
  assert.equal(lines, [])
})

test('one slow round is no stall; many failed rounds, or a very slow one, are', () => {
  const slow = watching({ round: 1 })
  slow.pass(12)
  assert.is(slow.watch.current(), null)
  slow.pass(5)
  assert.is(slow.watch.current()?.causes[0]?.code, 'undecided')
  const rounds = watching({ round: 2 })
  rounds.pass(7)
  assert.ok(rounds.watch.current() !== null)
})

test('without a quorum it is a stall after five seconds of work, told once when it begins and once when it ends', () => {
  const { world, watch, lines, pass } = watching()
  world.online = 2
  pass(5)
  assert.equal(lines, [])
  pass(60)
  assert.equal(lines, ['nothing moves'])
  assert.is(watch.current()?.since, 1_001_000)
  world.seen = { round: 9 }
  world.votedRound = 9
  pass(60)
  assert.equal(lines, ['nothing moves'], 'another round is no news')
  world.online = 1
  pass(1)
  assert.equal(lines, ['nothing moves', 'nothing moves'], 'another cause is')
  for (const online of [2, 1, 2, 1]) {
    world.online = online
    pass(1)
  }
  assert.is(lines.length, 2, 'each once')
  watch.committed()
  watch.committed()
  assert.equal(lines.slice(2), ['it goes on: nothing is stalled any more'])
  assert.is(watch.current(), null, 'what waits now waits since the commit')
})

test('a stall ends with its work, too', () => {
  const { world, lines, pass } = watching()
  world.online = 2
  pass(10)
  world.work = false
  pass(1)
  assert.equal(lines, ['nothing moves', 'it goes on: nothing is stalled any more'])
})

test('blocks without the batch that is set aside neither end that nor tell it anew', () => {
  const { world, watch, lines, pass } = watching({ setAside: [aside], hasOther: false })
  pass(10)
  watch.committed()
  pass(10)
  assert.equal(lines, ['nothing moves'])
  world.seen = {}
  watch.committed()
  assert.equal(lines.slice(1), ['it goes on: nothing is stalled any more'])
})

test('a clock far behind the newest block is told at once, and one set back hides no stall for good', () => {
  const { world, watch, pass } = watching({ clockBehindMs: 3_600_000 })
  assert.is(watch.current()?.causes[0]?.code, 'own-clock')
  assert.equal([watch.current()?.height, watch.current()?.round], [2, 0])
  world.seen = {}
  world.online = 2
  world.now -= 3_600_000
  pass(7)
  assert.is(watch.current()?.causes[0]?.code, 'no-quorum')
})

test('clock offsets: the largest of the newest few, as proposals are late and never early', () => {
  const clocks = createClockOffsets()
  for (const ms of [-40, -9000, 12, -300]) clocks.heard('p2', ms)
  assert.equal(clocks.offsets(), [{ partner: 'p2', ms: 12 }])
  for (const ms of [-5000, -5100, -5200, -9000]) clocks.heard('p2', ms)
  assert.equal(clocks.offsets(), [{ partner: 'p2', ms: -5000 }])
})

test('absences: since the connection ended, until it is back', () => {
  let now = 10
  const absences = createAbsences(() => now)
  assert.is(absences.since('p2'), null)
  absences.onPeer('p2', true)
  absences.onPeer('p2', false)
  now = 20
  assert.is(absences.since('p2'), 10)
  absences.onPeer('p2', true)
  assert.is(absences.since('p2'), null)
})

test.run()
