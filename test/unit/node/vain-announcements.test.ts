import * as assert from 'uvu/assert'
import { createVainAnnouncements } from '../../../src/node/vain-announcements.js'
import { suite } from '../../support/suite.js'

const test = suite('announcements in vain')

function subject() {
  const clock = { ms: 1_000_000 }
  const blamed: string[] = []
  const vain = createVainAnnouncements(
    () => clock.ms,
    (partner) => blamed.push(partner)
  )
  /** Answers of eight, as they are asked for. */
  const answers = (partner: string, count: number): void => {
    for (let i = 0; i < count; i++) vain.add(partner, 8)
  }
  return { vain, clock, blamed, answers }
}

test('a partner that lost all it had announced, more than once, is not blamed', () => {
  const { answers, clock, blamed } = subject()
  // 128 announced by it, 64 listed in its status, and the same again after the next restart.
  for (let restart = 0; restart < 2; restart++) answers('p2', (128 + 64) / 8)
  assert.equal(blamed, [])
  clock.ms += 60_000
  answers('p2', (128 + 64) / 8)
  assert.equal(blamed, [])
})

test('a partner that lacks a few all the time is not blamed', () => {
  const { vain, clock, blamed } = subject()
  for (let second = 0; second < 10_000; second++) {
    vain.add('p2', 8)
    clock.ms += 1_000
  }
  assert.equal(blamed, [])
})

test('one that goes on is blamed with each answer, the others are not, and it has to be good for a while', () => {
  const { answers, clock, blamed } = subject()
  answers('p4', 64)
  answers('p3', 10)
  assert.equal(blamed, [])
  answers('p4', 3)
  assert.equal(blamed, ['p4', 'p4', 'p4'])
  clock.ms += 1_000
  answers('p4', 2)
  assert.is(blamed.length, 4)
  clock.ms += 64_000
  answers('p4', 64)
  assert.is(blamed.length, 4)
})

test('a clock that is set back blames nobody and forgives nothing', () => {
  const { answers, clock, blamed } = subject()
  answers('p2', 60)
  clock.ms -= 500_000
  answers('p2', 4)
  assert.equal(blamed, [])
  answers('p2', 1)
  assert.equal(blamed, ['p2'])
})

test.run()
