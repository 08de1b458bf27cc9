import * as assert from 'uvu/assert'
import { silentLogger } from '../../../src/node/log.js'
import { createWallClock } from '../../../src/node/wall-clock.js'
import { suite } from '../../support/suite.js'

const test = suite('wall clock')

function machine() {
  let wall = 1_000_000
  let monotonic = 0
  return {
    clock: createWallClock({ now: () => wall, monotonic: () => monotonic, log: silentLogger }),
    pass(ms: number): void {
      wall += ms
      monotonic += ms
    },
    jump(ms: number): void {
      wall += ms
    },
    wall: () => wall
  }
}

test('a block is later than the one before', () => {
  const { clock, wall, pass } = machine()
  assert.ok(clock.proposeIn(wall() - 1) <= 0)
  assert.is(clock.proposeIn(wall() + 9), 10)
  pass(10)
  assert.ok(clock.proposeIn(wall() - 1) <= 0)
  assert.is(clock.proposeIn(wall() + 3_600_000), 60_000, 'looked at again after a minute')
})

test('after a jump, in either direction, nothing is proposed until the clock has stood for a while', () => {
  for (const ms of [400, -400, 3_600_000]) {
    const { clock, wall, pass, jump } = machine()
    pass(1_000)
    clock.look()
    jump(ms)
    assert.is(clock.proposeIn(wall() - 1), 5_000, 'noticed without a look in between')
    pass(4_999)
    assert.is(clock.proposeIn(wall() - 1), 1)
    pass(1)
    assert.ok(clock.proposeIn(wall() - 1) <= 0)
  }
})

test('a slow drift is no jump, however long it goes on', () => {
  const { clock, wall, pass, jump } = machine()
  for (let second = 0; second < 1_000; second++) {
    pass(1_000)
    jump(100)
    clock.look()
  }
  assert.ok(clock.proposeIn(wall() - 1) <= 0)
})

test.run()
