import * as assert from 'uvu/assert'
import { messagesOf, ownMessagesOf } from '../../../src/consensus/progress.js'
import { suite } from '../../support/suite.js'
import {
  built,
  checked,
  line,
  lines,
  machine,
  nothing,
  precommits,
  prevote,
  prevotes,
  proposal,
  resend,
  timeout,
  work
} from './machine.js'
import { type Case, runCases } from './table.js'

/** The machine is voter d of a, b, c, d, whose memory begins with round 2. */
const cases: Case[] = [
  {
    name: 'work begins the height in its first round',
    options: { round: 2 },
    given: [],
    input: work,
    expect: ['timer propose 2'],
    after: { step: 'propose', round: 2 }
  },
  {
    name: 'it proposes there when that is its turn',
    options: { round: 3 },
    given: [],
    input: work,
    expect: ['timer propose 3', 'build 3']
  },
  {
    name: 'votes of f + 1 others in earlier rounds begin the height, in its first round all the same',
    options: { round: 2 },
    given: [prevote('a', 0, null)],
    input: prevote('b', 0, null),
    expect: ['timer propose 2'],
    after: { round: 2 }
  },
  {
    name: 'L55: it goes where f + 1 others are already',
    options: { round: 2 },
    given: [prevote('a', 5, null)],
    input: prevote('b', 6, null),
    expect: ['timer propose 5'],
    after: { round: 5 }
  },
  {
    name: 'a proposal of an earlier round is not prevoted',
    options: { round: 2 },
    given: [work, proposal(0, 'x')],
    input: checked(0, 'x'),
    expect: [],
    after: { step: 'propose', round: 2, locked: null }
  },
  {
    name: 'an own vote of an earlier round does not stop it',
    options: { round: 2 },
    given: [work, ...prevotes('ab', 0, 'x')],
    input: prevote('d', 0, 'x'),
    expect: [],
    after: { step: 'propose', round: 2 }
  },
  {
    name: 'an own vote of its first round that it does not know of stops it',
    options: { round: 2 },
    given: [work],
    input: prevote('d', 2, null),
    expect: ['stop own-key-elsewhere'],
    after: { step: 'stopped' }
  },
  {
    name: 'L28: a quorum of prevotes with its own former one in it carries a re-proposal',
    options: { round: 2 },
    given: [work, proposal(2, 'x', 0, 'abd')],
    input: checked(2, 'x'),
    expect: ['sign prevote 2 x'],
    after: { step: 'prevote' }
  },
  {
    name: 'where nobody may be missing, one voter in a later round takes the others along',
    options: { voters: 2, self: 'a' },
    given: [work, built(0, 'x'), checked(0, 'x')],
    input: prevote('b', 3, null),
    expect: ['timer propose 3'],
    after: { round: 3 }
  }
]

runCases('consensus: a voter whose memory begins with a later round', cases)

const test = suite('consensus: messages of before the first round')

test('a quorum of precommits with an own former one decides', () => {
  const subject = machine({ round: 2 })
  subject.give(work, ...precommits('abd', 0, 'x'))
  assert.equal(lines(subject.give(checked(0, 'x'))), ['decide 0 x abd'])
})

test('they are served and not sent again as own', () => {
  const subject = machine({ round: 2 })
  subject.give(work, prevote('d', 0, 'x'), timeout('propose', 2))
  assert.is(messagesOf(subject.state).length, 2)
  assert.equal(
    ownMessagesOf(subject.state).map((message) => (message.type === 'vote' ? message.vote.round : -1)),
    [2]
  )
  assert.equal(subject.give(resend).map(line), ['resend 1'])
})

test('a proposer with nothing to propose in its first round is idle again, there', () => {
  const subject = machine({ round: 3 })
  subject.give(work)
  subject.give(nothing(3))
  assert.is(subject.state.step, 'idle')
  assert.is(subject.state.round, 3)
})

test.run()
