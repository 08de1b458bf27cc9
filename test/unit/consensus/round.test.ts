import { certificate, checked, precommit, precommits, prevote, prevotes, proposal, timeout, work } from './machine.js'
import { type Case, freeInRound1, lockedInRound1, lockedX, prevotedX, runCases } from './table.js'

const prevoteCases: Case[] = [
  {
    name: 'L34: a quorum of any prevotes starts the timer',
    given: [...prevotedX, prevote('a', 0, 'x')],
    input: prevote('b', 0, null),
    expect: ['timer prevote 0']
  },
  {
    name: 'L34: for the first time only',
    given: [...prevotedX, prevote('a', 0, 'x'), prevote('b', 0, null)],
    input: prevote('c', 0, null),
    expect: []
  },
  {
    name: 'L34: not before it has prevoted itself',
    given: [work, ...prevotes('ab', 0, 'x')],
    input: prevote('c', 0, null),
    expect: []
  },
  {
    name: 'L34: as soon as it prevotes, when the quorum came before',
    given: [work, ...prevotes('ab', 0, null), prevote('c', 0, 'x')],
    input: timeout('propose', 0),
    expect: ['sign prevote 0 nil', 'timer prevote 0', 'sign precommit 0 nil']
  },
  {
    name: 'L36-L43: locks and precommits on a quorum of prevotes',
    given: [...prevotedX, prevote('a', 0, 'x')],
    input: prevote('b', 0, 'x'),
    expect: ['sign precommit 0 x'],
    after: { step: 'precommit', locked: { block: 'x', round: 0 }, valid: ['x', 0] }
  },
  {
    name: 'L36: not on fewer prevotes, whoever sends them twice',
    given: [...prevotedX, prevote('a', 0, 'x')],
    input: prevote('a', 0, 'x'),
    expect: [],
    after: { step: 'prevote', locked: null }
  },
  {
    name: 'L36: not without the block',
    given: [work, proposal(0, 'x'), checked(0, 'x', 'unavailable'), timeout('propose', 0), ...prevotes('ab', 0, 'x')],
    input: prevote('c', 0, 'x'),
    expect: ['fetch 0 x from abc'],
    after: { step: 'prevote', locked: null }
  },
  {
    name: 'L36: fires when the block arrives after the propose timeout',
    given: [work, proposal(0, 'x'), checked(0, 'x', 'unavailable'), timeout('propose', 0), ...prevotes('abc', 0, 'x')],
    input: checked(0, 'x'),
    expect: ['sign precommit 0 x'],
    after: { locked: { block: 'x', round: 0 } }
  },
  {
    name: 'L36: a quorum for a block whose proposal was not seen: the block is asked for',
    given: [work, timeout('propose', 0), ...prevotes('ab', 0, 'x')],
    input: prevote('c', 0, 'x'),
    expect: ['fetch 0 x from abc']
  },
  {
    name: 'L36: a quorum for a block that is being checked: nothing is missing yet',
    given: [work, proposal(0, 'x'), timeout('propose', 0), ...prevotes('ab', 0, 'x')],
    input: prevote('c', 0, 'x'),
    expect: []
  },
  {
    name: 'L36: when the check finds parts missing, those who voted for the block are asked',
    given: [work, proposal(0, 'x'), timeout('propose', 0), ...prevotes('abc', 0, 'x')],
    input: checked(0, 'x', 'unavailable'),
    expect: ['fetch 0 x from abc']
  },
  {
    name: 'L36: a quorum for the other of two proposals',
    given: [...prevotedX, proposal(0, 'y'), ...prevotes('abc', 0, 'y')],
    input: checked(0, 'y'),
    expect: ['sign precommit 0 y'],
    after: { locked: { block: 'y', round: 0 }, valid: ['y', 0] }
  },
  {
    name: 'L36: never on an invalid block',
    given: [work, proposal(0, 'x'), checked(0, 'x', 'invalid'), ...prevotes('ab', 0, 'x')],
    input: prevote('c', 0, 'x'),
    expect: [],
    after: { step: 'prevote', locked: null, valid: null }
  },
  {
    name: 'L36: a quorum of another round locks nothing',
    given: [...freeInRound1, proposal(1, 'y'), checked(1, 'y'), ...prevotes('ab', 0, 'x')],
    input: prevote('c', 0, 'x'),
    expect: [],
    after: { locked: null, valid: null }
  },
  {
    name: 'L42: a quorum after having precommitted nil still makes the block valid, but locks nothing',
    given: [...prevotedX, prevote('a', 0, null), prevote('b', 0, 'x'), timeout('prevote', 0)],
    input: prevote('c', 0, 'x'),
    expect: [],
    after: { step: 'precommit', locked: null, valid: ['x', 0] }
  },
  {
    name: 'L42: also when the block arrives only then',
    given: [
      work,
      proposal(0, 'x'),
      checked(0, 'x', 'unavailable'),
      timeout('propose', 0),
      ...prevotes('abc', 0, 'x'),
      timeout('prevote', 0)
    ],
    input: checked(0, 'x'),
    expect: [],
    after: { step: 'precommit', locked: null, valid: ['x', 0] }
  },
  {
    name: 'L44-L46: precommits nil on a quorum of prevotes for nil',
    given: [...prevotedX, ...prevotes('ab', 0, null)],
    input: prevote('c', 0, null),
    expect: ['sign precommit 0 nil'],
    after: { step: 'precommit' }
  },
  {
    name: 'L44: a quorum for nil does not unlock',
    given: [...lockedInRound1, timeout('propose', 1), prevote('a', 1, null)],
    input: prevote('b', 1, null),
    expect: ['sign precommit 1 nil'],
    after: { step: 'precommit', locked: { block: 'x', round: 0 }, valid: ['x', 0] }
  },
  {
    name: 'L61-L64: precommits nil at the timeout',
    given: [...prevotedX, prevote('a', 0, null), prevote('b', 0, null)],
    input: timeout('prevote', 0),
    expect: ['sign precommit 0 nil'],
    after: { step: 'precommit', locked: null }
  },
  {
    name: 'L61: the timeout is stale once it has precommitted',
    given: lockedX,
    input: timeout('prevote', 0),
    expect: [],
    after: { step: 'precommit' }
  },
  {
    name: 'L61: the timeout of an earlier round is stale',
    given: [...freeInRound1, timeout('propose', 1)],
    input: timeout('prevote', 0),
    expect: [],
    after: { step: 'prevote', round: 1 }
  }
]

const precommitCases: Case[] = [
  {
    name: 'L47: a quorum of any precommits starts the timer, in whichever step',
    given: [work, precommit('a', 0, null), precommit('b', 0, 'x')],
    input: precommit('c', 0, null),
    expect: ['timer precommit 0'],
    after: { step: 'propose' }
  },
  {
    name: 'L47: for the first time only',
    given: [...lockedX, precommit('a', 0, null), precommit('b', 0, null)],
    input: precommit('c', 0, null),
    expect: []
  },
  {
    name: 'L49: decides on a quorum of precommits',
    given: [...lockedX, precommit('a', 0, 'x')],
    input: precommit('b', 0, 'x'),
    expect: ['decide 0 x abd'],
    after: { step: 'decided' }
  },
  {
    name: 'L49: not on fewer',
    given: [...lockedX, precommit('a', 0, 'x')],
    input: precommit('b', 0, null),
    expect: ['timer precommit 0'],
    after: { step: 'precommit' }
  },
  {
    name: 'L49: decides for a past round',
    given: [...lockedInRound1, precommit('c', 0, 'x'), timeout('propose', 1)],
    input: certificate(0, 'x', 'abc'),
    expect: ['evidence votes a', 'evidence votes b', 'decide 0 x abcd'],
    after: { step: 'decided', round: 1 }
  },
  {
    name: 'L49: decides for a past round by late votes alone',
    given: [...prevotedX, ...precommits('ab', 0, 'x'), ...prevotes('ab', 1, null)],
    input: precommit('c', 0, 'x'),
    expect: ['decide 0 x abc'],
    after: { step: 'decided', round: 1 }
  },
  {
    name: 'L49: decides for a later round than the own',
    given: [...prevotedX, ...precommits('a', 2, 'x')],
    input: certificate(2, 'x', 'abc'),
    expect: ['decide 2 x abc'],
    after: { step: 'decided' }
  },
  {
    name: 'L49: decides while idle, and whatever it is locked on',
    given: [certificate(0, 'x', 'abc')],
    input: checked(0, 'x'),
    expect: ['decide 0 x abc'],
    after: { step: 'decided' }
  },
  {
    name: 'L49: a certificate for a block that is not here: the block is asked for',
    given: [work],
    input: certificate(0, 'x', 'abc'),
    expect: ['fetch 0 x from abc', 'timer precommit 0'],
    after: { step: 'propose' }
  },
  {
    name: 'L49: decides when the block arrives, after the round is over',
    given: [work, certificate(0, 'x', 'abc'), timeout('precommit', 0), checked(0, 'x', 'unavailable')],
    input: checked(0, 'x'),
    expect: ['decide 0 x abc']
  },
  {
    name: 'L49: decides the other of two proposals',
    given: [...prevotedX, proposal(0, 'y'), ...precommits('abc', 0, 'y')],
    input: checked(0, 'y'),
    expect: ['decide 0 y abc']
  },
  {
    name: 'L49: a certificate decides where the first vote seen of a liar was another',
    given: [...prevotedX, precommit('a', 0, null)],
    input: certificate(0, 'x', 'abc'),
    expect: ['evidence votes a', 'decide 0 x abc']
  },
  {
    name: 'L65-L67: the next round begins at the timeout',
    given: [work, ...precommits('abc', 0, null)],
    input: timeout('precommit', 0),
    expect: ['timer propose 1'],
    after: { step: 'propose', round: 1 }
  },
  {
    name: 'L65: the timeout of an earlier round is stale',
    given: freeInRound1,
    input: timeout('precommit', 0),
    expect: [],
    after: { round: 1 }
  },
  {
    name: 'L65: the timeout of another height is stale',
    given: [work, ...precommits('abc', 0, null)],
    input: { type: 'timeout', kind: 'precommit', height: 6, round: 0 },
    expect: [],
    after: { round: 0 }
  }
]

const skipCases: Case[] = [
  {
    name: 'L55: f + 1 voters in a later round take it there, prevotes and precommits counted together',
    given: [work, prevote('a', 5, null)],
    input: precommit('b', 5, null),
    expect: ['timer propose 5'],
    after: { round: 5, step: 'propose' }
  },
  {
    name: 'L55: one voter alone does not, however often it votes',
    given: [work, prevote('a', 5, null), precommit('a', 5, null), prevote('a', 6, null)],
    input: precommit('a', 9, null),
    expect: [],
    after: { round: 0 }
  },
  {
    name: 'L55: of voters in different later rounds, to the latest that f + 1 have reached',
    given: [work, prevote('a', 9, null)],
    input: precommit('b', 4, null),
    expect: ['timer propose 4'],
    after: { round: 4 }
  },
  {
    name: 'L55: votes of the current round or earlier take it nowhere',
    given: [...freeInRound1, prevote('a', 1, null), prevote('b', 1, null)],
    input: prevote('c', 0, null),
    expect: [],
    after: { round: 1 }
  },
  {
    name: 'L55: the messages kept for the later round count at once',
    given: [work, proposal(5, 'x'), prevote('a', 5, 'x')],
    input: prevote('b', 5, 'x'),
    expect: ['timer propose 5', 'check 5 x'],
    after: { round: 5 }
  },
  {
    name: 'L55: far beyond the rounds whose messages are kept',
    given: [work, prevote('a', 100_000, null)],
    input: precommit('b', 100_000, null),
    expect: ['timer propose 100000'],
    after: { round: 100_000 }
  },
  {
    name: 'L55: a lock is kept',
    given: [...lockedX, prevote('a', 5, null)],
    input: precommit('b', 5, null),
    expect: ['timer propose 5'],
    after: { round: 5, locked: { block: 'x', round: 0 } }
  },
  {
    name: 'L55: without faults to stand, one voter is enough',
    options: { voters: 3, self: 'c' },
    given: [work],
    input: prevote('a', 4, null),
    expect: ['timer propose 4'],
    after: { round: 4 }
  }
]

runCases('consensus: prevote step', prevoteCases)
runCases('consensus: precommits and decision', precommitCases)
runCases('consensus: round skip', skipCases)
