import * as assert from 'uvu/assert'
import { ROUND_MAX, ROUNDS_AHEAD_MAX, ROUNDS_BEHIND_MAX, UNSIGNED_MAX } from '../../../src/consensus/state.js'
import type { Input } from '../../../src/consensus/types.js'
import { suite } from '../../support/suite.js'
import {
  certificate,
  checked,
  lines,
  machine,
  precommit,
  precommits,
  prevote,
  prevotes,
  proposal,
  timeout,
  work
} from './machine.js'

const bounds = suite('consensus: bounded memory')

bounds('a liar filling every round that it can leaves a bounded state', () => {
  const subject = machine({ replays: false })
  subject.give(work)
  const flood: Input[] = []
  for (let round = 0; round < 2000; round++) {
    flood.push(prevote('a', round, `p${round}`), prevote('a', round, `q${round}`), precommit('a', round, null))
    if (round % 4 === 0)
      flood.push(proposal(round, `x${round}`), proposal(round, `y${round}`), proposal(round, `z${round}`))
  }
  subject.give(...flood)
  assert.is(subject.state.round, 0)
  assert.is(subject.state.rounds.size, ROUNDS_AHEAD_MAX + 1)
  assert.ok(subject.state.blocks.size <= 2)
  assert.is(subject.state.highest.size, 1)
})

bounds('a lock and its block are not forgotten with their round', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), ...prevotes('ab', 0, 'x'))
  subject.give(prevote('a', 600, null), prevote('b', 600, null))
  assert.is(subject.state.rounds.has(0), false)
  assert.equal(lines(subject.give(proposal(600, 'x', 0, 'abd'))), ['sign prevote 600 x'])
})

bounds('rounds far behind are forgotten', () => {
  const subject = machine({ replays: false })
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), ...prevotes('ab', 0, 'x'))
  const far = ROUNDS_BEHIND_MAX + 10
  for (let round = 1; round <= far; round++) {
    subject.give(prevote('a', round, null), prevote('b', round, null))
    if (round % 64 === 0) subject.give(proposal(round, `y${round}`), checked(round, `y${round}`))
  }
  assert.is(subject.state.round, far)
  assert.ok(subject.state.rounds.size <= ROUNDS_BEHIND_MAX + 1)
  assert.is(subject.state.rounds.has(0), false)
  assert.equal(subject.state.locked, { block: 'x', round: 0 })
  assert.is(subject.state.blocks.get('x')?.verdict, 'valid')
  const before = subject.state
  assert.equal(subject.give(prevote('c', 0, 'x'), prevote('d', 0, 'x'), proposal(0, 'x')), [])
  assert.is(subject.state, before, 'too old to know of')
})

bounds('a re-proposal and a certificate of forgotten rounds still count', () => {
  const subject = machine({ replays: false })
  subject.give(work, prevote('a', 1000, null), prevote('b', 1000, null))
  subject.give(proposal(1000, 'x', 3, 'abc'))
  assert.equal(lines(subject.give(checked(1000, 'x'))), ['sign prevote 1000 x'])
  assert.equal(lines(subject.give(certificate(4, 'x', 'abc'))), ['decide 4 x abc'])
})

bounds('blocks of forgotten rounds are dropped', () => {
  const subject = machine({ self: 'x', replays: false })
  subject.give(work, proposal(0, 'x'), checked(0, 'x'))
  subject.give(prevote('a', 600, null), prevote('b', 600, null))
  assert.is(subject.state.rounds.has(0), false)
  assert.is(subject.state.blocks.has('x'), false)
})

bounds('while nothing gets signed the newest own messages wait', () => {
  const subject = machine({ signs: false, replays: false })
  subject.give(work)
  for (let round = 0; round < 60; round++) {
    subject.give(timeout('propose', round), ...prevotes('abc', round, null), ...precommits('abc', round, null))
    subject.give(timeout('precommit', round))
  }
  const { unsigned } = subject.state
  assert.is(unsigned.length, UNSIGNED_MAX)
  const rounds = unsigned.map((message) => (message.type === 'vote' ? message.vote.round : message.proposal.round))
  assert.is(rounds[0], 0, 'may have been signed already')
  assert.is(rounds.at(-1), 59)
})

bounds('the last round of all is not left', () => {
  const subject = machine({ replays: false })
  subject.give(work, ...prevotes('abc', ROUND_MAX, null), ...precommits('abc', ROUND_MAX, null))
  assert.is(subject.state.round, ROUND_MAX)
  assert.equal(subject.give(timeout('precommit', ROUND_MAX)), [])
})

bounds.run()
