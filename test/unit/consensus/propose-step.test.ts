import { checked, precommits, prevote, prevotes, proposal, timeout, work } from './machine.js'
import { type Case, freeInRound1, lockedInRound1, prevotedX, runCases } from './table.js'

const proposeCases: Case[] = [
  {
    name: 'L22-L24: prevotes a valid fresh proposal',
    given: [work, proposal(0, 'x')],
    input: checked(0, 'x'),
    expect: ['sign prevote 0 x'],
    after: { step: 'prevote', locked: null, valid: null }
  },
  {
    name: 'L22: asks for the check of a proposal before it votes',
    given: [work],
    input: proposal(0, 'x'),
    expect: ['check 0 x'],
    after: { step: 'propose' }
  },
  {
    name: 'L22: a block that is unavailable is not voted on',
    given: [work, proposal(0, 'x')],
    input: checked(0, 'x', 'unavailable'),
    expect: [],
    after: { step: 'propose' }
  },
  {
    name: 'L22: an unavailable block that arrives before the timeout is prevoted',
    given: [work, proposal(0, 'x'), checked(0, 'x', 'unavailable')],
    input: checked(0, 'x'),
    expect: ['sign prevote 0 x']
  },
  {
    name: 'L24: prevotes the fresh proposal of the block it is locked on',
    given: [...lockedInRound1, proposal(1, 'x')],
    input: checked(1, 'x'),
    expect: ['sign prevote 1 x']
  },
  {
    name: 'L26: prevotes nil for another block than the locked one',
    given: [...lockedInRound1, proposal(1, 'y')],
    input: checked(1, 'y'),
    expect: ['sign prevote 1 nil'],
    after: { step: 'prevote', locked: { block: 'x', round: 0 } }
  },
  {
    name: 'L26: prevotes nil for an invalid block',
    given: [work, proposal(0, 'x')],
    input: checked(0, 'x', 'invalid'),
    expect: ['sign prevote 0 nil']
  },
  {
    name: 'L26: prevotes nil for a fresh proposal at the wrong time',
    given: [work, proposal(0, 'x')],
    input: checked(0, 'x', 'unfit'),
    expect: ['sign prevote 0 nil']
  },
  {
    name: 'L26: an invalid block is refused in every round without another check',
    given: [work, proposal(0, 'x'), checked(0, 'x', 'invalid'), ...precommits('abc', 0, null), timeout('precommit', 0)],
    input: proposal(1, 'x'),
    expect: ['sign prevote 1 nil']
  },
  {
    name: 'L22: whether a block may be proposed afresh is asked in each round anew',
    given: [...prevotedX, ...precommits('abc', 0, null), timeout('precommit', 0)],
    input: proposal(1, 'x'),
    expect: ['check 1 x']
  },
  {
    name: 'L28-L30: a re-proposal with the quorum of its validRound is prevoted',
    given: [...freeInRound1, proposal(1, 'x', 0, 'abc')],
    input: checked(1, 'x'),
    expect: ['sign prevote 1 x']
  },
  {
    name: 'L28: the prevotes may also have come one by one',
    given: [...freeInRound1, ...prevotes('abc', 0, 'x'), proposal(1, 'x', 0)],
    input: checked(1, 'x'),
    expect: ['sign prevote 1 x']
  },
  {
    name: 'L28: carried prevotes add to those seen',
    given: [...freeInRound1, prevote('c', 0, 'x'), proposal(1, 'x', 0, 'ab')],
    input: checked(1, 'x'),
    expect: ['sign prevote 1 x']
  },
  {
    name: 'L28: a re-proposal waits for the quorum of its validRound',
    given: [...freeInRound1, proposal(1, 'x', 0, 'ab')],
    input: checked(1, 'x'),
    expect: [],
    after: { step: 'propose' }
  },
  {
    name: 'L28: a re-proposal may be completed by a late prevote',
    given: [...freeInRound1, proposal(1, 'x', 0, 'ab'), checked(1, 'x')],
    input: prevote('c', 0, 'x'),
    expect: ['sign prevote 1 x']
  },
  {
    name: 'L28: a re-proposal sent again with its prevotes is completed',
    given: [...freeInRound1, proposal(1, 'x', 0), checked(1, 'x')],
    input: proposal(1, 'x', 0, 'abc'),
    expect: ['sign prevote 1 x']
  },
  {
    name: 'L28: it is completed by carrying more, even where the first vote seen of one of them was another',
    given: [...freeInRound1, prevote('a', 0, 'y'), proposal(1, 'x', 0), checked(1, 'x')],
    input: proposal(1, 'x', 0, 'abc'),
    expect: ['evidence votes a', 'sign prevote 1 x']
  },
  {
    name: 'L28: the same prevote carried thrice is one prevote',
    given: [...freeInRound1, proposal(1, 'x', 0, 'aaa')],
    input: checked(1, 'x'),
    expect: []
  },
  {
    name: 'L28: a quorum of another round than validRound does not count',
    given: [
      work,
      ...prevotes('abc', 1, 'x'),
      ...precommits('abc', 1, null),
      timeout('precommit', 1),
      proposal(2, 'x', 0)
    ],
    input: checked(2, 'x'),
    expect: []
  },
  {
    name: 'L28: a carried quorum counts although the first vote seen of one of them was another',
    given: [...freeInRound1, prevote('a', 0, 'y'), proposal(1, 'x', 0, 'abc')],
    input: checked(1, 'x'),
    expect: ['sign prevote 1 x']
  },
  {
    name: 'L29: a lock yields to a quorum of a later round',
    given: [...lockedInRound1, ...precommits('abc', 1, null), timeout('precommit', 1), proposal(2, 'y', 1, 'abc')],
    input: checked(2, 'y'),
    expect: ['sign prevote 2 y'],
    after: { locked: { block: 'x', round: 0 } }
  },
  {
    name: 'L29: lockedRound <= validRound, equal is enough',
    given: [
      ...freeInRound1,
      proposal(1, 'x'),
      checked(1, 'x'),
      ...prevotes('ab', 1, 'x'),
      ...precommits('ab', 1, null),
      timeout('precommit', 1),
      proposal(2, 'y', 1, 'abc')
    ],
    input: checked(2, 'y'),
    expect: ['sign prevote 2 y'],
    after: { locked: { block: 'x', round: 1 } }
  },
  {
    name: 'L30: a re-proposal of the locked block, with a quorum older than the lock, is prevoted',
    given: [
      ...freeInRound1,
      proposal(1, 'x'),
      checked(1, 'x'),
      ...prevotes('ab', 1, 'x'),
      ...precommits('ab', 1, null),
      timeout('precommit', 1)
    ],
    input: proposal(2, 'x', 0, 'abc'),
    expect: ['sign prevote 2 x'],
    after: { locked: { block: 'x', round: 1 } }
  },
  {
    name: 'L32: prevotes nil when locked on another block in a later round than validRound',
    given: [
      ...freeInRound1,
      proposal(1, 'x'),
      checked(1, 'x'),
      ...prevotes('ab', 1, 'x'),
      ...precommits('ab', 1, null),
      timeout('precommit', 1),
      proposal(2, 'y', 0, 'abc')
    ],
    input: checked(2, 'y'),
    expect: ['sign prevote 2 nil'],
    after: { locked: { block: 'x', round: 1 } }
  },
  {
    name: 'L32: prevotes nil for an invalid block, even with a quorum',
    given: [...freeInRound1, proposal(1, 'x', 0, 'abc')],
    input: checked(1, 'x', 'invalid'),
    expect: ['sign prevote 1 nil']
  },
  {
    name: 'L30: the time of a re-proposal does not matter',
    given: [work, proposal(0, 'x'), checked(0, 'x', 'unfit'), ...precommits('abc', 0, null), timeout('precommit', 0)],
    input: proposal(1, 'x', 0, 'abc'),
    expect: ['sign prevote 1 x']
  },
  {
    name: 'L57-L60: prevotes nil when the proposal does not come in time',
    given: [work],
    input: timeout('propose', 0),
    expect: ['sign prevote 0 nil'],
    after: { step: 'prevote' }
  },
  {
    name: 'L57: prevotes nil when the block does not come in time',
    given: [work, proposal(0, 'x'), checked(0, 'x', 'unavailable')],
    input: timeout('propose', 0),
    expect: ['sign prevote 0 nil']
  },
  {
    name: 'L57: the timeout is stale once it has prevoted',
    given: prevotedX,
    input: timeout('propose', 0),
    expect: [],
    after: { step: 'prevote' }
  },
  {
    name: 'L22: a proposal after the timeout comes too late',
    given: [work, timeout('propose', 0), proposal(0, 'x')],
    input: checked(0, 'x'),
    expect: [],
    after: { step: 'prevote' }
  }
]

runCases('consensus: propose step', proposeCases)
