import * as assert from 'uvu/assert'
import { messagesOf, ownMessagesOf, progressOf } from '../../../src/consensus/progress.js'
import { step } from '../../../src/consensus/step.js'
import { suite } from '../../support/suite.js'
import {
  built,
  certificate,
  checked,
  HEIGHT,
  line,
  lines,
  machine,
  nothing,
  precommit,
  precommits,
  prevote,
  prevotes,
  proposal,
  resend,
  signed,
  signVote,
  startOf,
  timeout,
  work
} from './machine.js'

const alone = suite('consensus: a single voter')

alone('decides at once, through the same path as many do', () => {
  const subject = machine({ voters: 1, self: 'a' })
  assert.equal(subject.give(work).map(line), ['timer propose 0', 'build 0'])
  assert.equal(subject.give(built(0, 'x')).map(line), ['sign proposal 0 x -1', 'publish proposal 0 x -1', 'check 0 x'])
  assert.equal(subject.give(checked(0, 'x')).map(line), [
    'sign prevote 0 x',
    'publish prevote 0 x',
    'sign precommit 0 x',
    'publish precommit 0 x',
    'decide 0 x a'
  ])
})

alone('every entry is persisted before what it led to', () => {
  const { state } = step(machine({ voters: 1, self: 'a' }).state, work)
  const effects = step(state, built(0, 'x')).effects
  assert.equal(effects.map(line), ['persist block-built', 'sign proposal 0 x -1'])
})

alone('without anything to propose the height is idle again, and begins with the next work', () => {
  const subject = machine({ voters: 1, self: 'a' })
  subject.give(work)
  assert.equal(subject.give(nothing(0)), [])
  assert.is(subject.state.step, 'idle')
  assert.equal(subject.give(timeout('propose', 0)), [])
  assert.equal(subject.give(work).map(line), ['timer propose 0', 'build 0'])
})

alone('goes on to the next height', () => {
  const subject = machine({ voters: 1, self: 'a' })
  subject.give(work, built(0, 'x'), checked(0, 'x'))
  const next = step(subject.state, { ...startOf({ voters: 1, self: 'a' }), height: HEIGHT + 1 }).state
  assert.is(next.step, 'idle')
  assert.is(next.certified, null)
  assert.throws(() => step(next, startOf({ voters: 1, self: 'a' })), 'heights only go up')
})

alone('a block built for an earlier round is not proposed', () => {
  const subject = machine({ voters: 1, self: 'a' })
  subject.give(work, timeout('propose', 0), timeout('precommit', 0))
  assert.is(subject.state.round, 1)
  assert.equal(subject.give(built(0, 'x')), [])
  assert.is(lines(subject.give(built(1, 'x')))[0], 'sign proposal 1 x -1')
})

alone('answers that belong to the height before change nothing', () => {
  const subject = machine({ voters: 1, self: 'a' })
  const old = HEIGHT - 1
  assert.equal(subject.give({ type: 'work-available', height: old }), [])
  subject.give(work)
  assert.equal(subject.give({ type: 'block-built', height: old, round: 0, block: 'x' }), [])
  assert.equal(subject.give({ type: 'nothing-to-propose', height: old, round: 0 }), [])
  assert.equal(subject.log.length, 1)
})

alone.run()

const idle = suite('consensus: when a height begins')

idle('not by a proposal alone, but once that is valid', () => {
  const subject = machine()
  assert.equal(lines(subject.give(proposal(0, 'x'))), ['check 0 x'])
  assert.equal(lines(subject.give(checked(0, 'x', 'unavailable'))), [])
  assert.is(subject.state.step, 'idle')
  assert.equal(lines(subject.give(checked(0, 'x'))), ['timer propose 0', 'sign prevote 0 x'])
})

idle('not by an invalid or untimely proposal', () => {
  for (const result of ['invalid', 'unfit'] as const) {
    const subject = machine()
    subject.give(proposal(0, 'x'), checked(0, 'x', result))
    assert.is(subject.state.step, 'idle', result)
  }
})

idle('by votes of f + 1 voters', () => {
  const subject = machine()
  assert.equal(lines(subject.give(prevote('a', 0, 'x'), precommit('a', 0, 'x'))), [])
  assert.equal(lines(subject.give(prevote('b', 0, null))), ['timer propose 0'])
})

idle('in the later round where f + 1 voters are already', () => {
  const subject = machine()
  subject.give(prevote('a', 3, null))
  assert.equal(lines(subject.give(precommit('b', 2, null))), ['timer propose 2'])
})

idle('no timeout moves an idle height', () => {
  const subject = machine()
  const timeouts = [timeout('propose', 0), timeout('prevote', 0), timeout('precommit', 0)]
  assert.equal(subject.give(...timeouts), [])
  assert.equal(subject.log, [])
})

idle('votes that came while it was idle count once it begins', () => {
  const subject = machine({ self: 'x' })
  subject.give(proposal(0, 'x'), prevote('a', 0, 'x'))
  subject.give(prevote('b', 0, 'x'), prevote('c', 0, 'x'), checked(0, 'x'))
  assert.equal(subject.state.locked, { block: 'x', round: 0 })
})

idle('a proposer with nothing asks again when there is work, and not before', () => {
  const subject = machine({ self: 'a' })
  subject.give(prevote('b', 0, null), prevote('c', 0, null))
  assert.equal(subject.give(work), [], 'still building')
  assert.equal(subject.give(nothing(0)), [])
  assert.is(subject.state.step, 'propose', 'others have begun')
  assert.equal(subject.give(work).map(line), ['build 0'])
  assert.equal(lines(subject.give(built(0, 'x'))), ['sign proposal 0 x -1', 'check 0 x'])
})

idle.run()

const proposing = suite('consensus: proposing')

proposing('L14-L18: the proposer asks for a block, and its timer runs too', () => {
  const subject = machine({ self: 'a' })
  assert.equal(lines(subject.give(work)), ['timer propose 0', 'build 0'])
})

proposing('a block built too late is not proposed', () => {
  const subject = machine({ self: 'a' })
  subject.give(work, timeout('propose', 0))
  assert.equal(subject.give(built(0, 'x')), [])
  subject.give(...precommits('bcd', 0, null), timeout('precommit', 0))
  assert.equal(subject.give(built(0, 'x')), [])
})

proposing('a second block for the same round is not proposed', () => {
  const subject = machine({ self: 'a' })
  subject.give(work, built(0, 'x'))
  assert.equal(subject.give(built(0, 'y')), [])
})

proposing('L15-L19: the valid block is proposed again, with its round and prevotes', () => {
  const subject = machine({ self: 'b' })
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), ...prevotes('ac', 0, 'x'), ...precommits('ac', 0, null))
  const effects = subject.give(timeout('precommit', 0))
  assert.equal(effects.map(line), [
    'timer propose 1',
    'sign proposal 1 x 0',
    'publish proposal 1 x 0 with abc',
    'sign prevote 1 x',
    'publish prevote 1 x'
  ])
})

proposing('hidden lock: a block made valid after the own precommit for nil is what is proposed next', () => {
  // a locked x in round 0 alone; b saw the quorum too late to lock, and must still help a out (L42).
  const subject = machine({ self: 'b' })
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), prevote('c', 0, null), prevote('d', 0, 'x'))
  subject.give(timeout('prevote', 0))
  assert.is(subject.state.locked, null)
  subject.give(prevote('a', 0, 'x'), precommit('a', 0, 'x'), ...precommits('cd', 0, null))
  assert.is(subject.state.locked, null)
  const effects = subject.give(timeout('precommit', 0)).map(line)
  assert.equal(effects.slice(1, 3), ['sign proposal 1 x 0', 'publish proposal 1 x 0 with abd'])
})

proposing(
  'hidden lock: the locked voter refuses a new block, and the proposer that knows of the lock frees the height',
  () => {
    const locked = machine({ self: 'd' })
    locked.give(work, proposal(0, 'x'), checked(0, 'x'), ...prevotes('ab', 0, 'x'), ...precommits('abc', 0, null))
    locked.give(timeout('precommit', 0), proposal(1, 'y'))
    assert.equal(lines(locked.give(checked(1, 'y'))), ['sign prevote 1 nil'])
    locked.give(...precommits('abc', 1, null), timeout('precommit', 1))
    const effects = lines(locked.give(proposal(2, 'x', 0, 'abd')))
    assert.equal(effects, ['sign prevote 2 x'])
  }
)

proposing('one signature is asked for at a time, in the order of the guard', () => {
  const subject = machine({ self: 'a', signs: false })
  assert.equal(subject.give(work, built(0, 'x')).map(line), ['timer propose 0', 'build 0', 'sign proposal 0 x -1'])
  // The machine has gone on meanwhile, and has three messages to sign.
  assert.equal(subject.give(timeout('propose', 0), ...prevotes('bcd', 0, null)).map(line), [])
  assert.equal(subject.state.unsigned.length, 3)
  const asked: string[] = []
  let effects = subject.give(...signed({ type: 'sign-proposal', proposal: firstProposal(subject.state.unsigned) }))
  for (let wish = effects.find(isSign); wish !== undefined; wish = effects.find(isSign)) {
    asked.push(line(wish))
    effects = subject.give(...signed(wish))
  }
  assert.equal(asked, ['sign prevote 0 nil', 'sign precommit 0 nil'])
})

function isSign(effect: { type: string }): boolean {
  return effect.type === 'sign-vote' || effect.type === 'sign-proposal'
}

function firstProposal(unsigned: ReturnType<typeof machine>['state']['unsigned']) {
  const [first] = unsigned
  if (first?.type !== 'proposal') throw new Error('the proposal comes first')
  return first.proposal
}

proposing.run()

const following = suite('consensus: observers, sending again, serving')

following('an observer follows and decides, and never signs', () => {
  const subject = machine({ self: 'x' })
  const effects = subject.give(
    work,
    proposal(0, 'x'),
    checked(0, 'x'),
    ...prevotes('abc', 0, 'x'),
    ...precommits('ab', 0, 'x'),
    precommit('c', 0, 'x')
  )
  assert.equal(effects.map(line), ['timer propose 0', 'check 0 x', 'decide 0 x abc'])
})

following('whoever is not among the voters is an observer too', () => {
  const subject = machine({ self: 'nobody' })
  assert.equal(subject.give(work, timeout('propose', 0)).map(line), ['timer propose 0'])
  assert.is(subject.state.step, 'prevote')
})

following('own messages are sent again, and what is missing asked for again; nothing changes', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), checked(0, 'x', 'unavailable'), timeout('propose', 0))
  const before = subject.state
  assert.equal(subject.give(resend).map(line), ['resend 1', 'check 0 x'])
  subject.give(...prevotes('abc', 0, 'x'))
  assert.equal(subject.give(resend).map(line), ['resend 1', 'fetch 0 x from abc', 'check 0 x'])
  assert.is(step(before, resend).state, before)
})

following('a signature that did not come is asked for again', () => {
  const subject = machine({ signs: false })
  subject.give(work, timeout('propose', 0))
  assert.equal(subject.give(resend).map(line), ['sign prevote 0 nil'])
})

following('at most 32 own messages are sent again, the newest', () => {
  const subject = machine()
  subject.give(work)
  for (let round = 0; round < 20; round++) {
    subject.give(timeout('propose', round), ...prevotes('abc', round, null), ...precommits('abc', round, null))
    subject.give(timeout('precommit', round))
  }
  const [again] = subject.give(resend)
  assert.is(again?.type === 'resend' ? again.messages.length : 0, 32)
  assert.equal(again?.type === 'resend' ? again.messages.at(-1) : null, {
    type: 'vote',
    vote: signVote({ block: null, height: HEIGHT, incarnation: 0, kind: 'precommit', round: 19, voter: 'd' })
  })
})

following('decided: everything is ignored, and everything kept is served', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), ...prevotes('ab', 0, 'x'), ...precommits('ab', 0, 'x'))
  assert.is(subject.state.step, 'decided')
  const before = subject.state
  const late = [precommit('c', 0, 'x'), timeout('precommit', 0), proposal(1, 'y'), certificate(1, 'y', 'abc'), resend]
  assert.equal(subject.give(...late), [])
  assert.is(subject.state, before)
  assert.is(messagesOf(before).length, 7)
  assert.is(ownMessagesOf(before).length, 2)
  assert.equal(progressOf(before), {
    height: HEIGHT,
    round: 0,
    step: 'decided',
    rounds: [{ round: 0, proposal: true, prevotes: ['a', 'b', 'd'], precommits: ['a', 'b', 'd'] }]
  })
})

following('a certificate holds every endorsement known when the block arrives', () => {
  const subject = machine({ self: 'x' })
  subject.give(work, ...precommits('cba', 0, 'x'), precommit('d', 0, 'x'))
  assert.equal(lines(subject.give(checked(0, 'x'))), ['decide 0 x abcd'])
})

following.run()
