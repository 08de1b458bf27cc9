import * as fc from 'fast-check'
import * as assert from 'uvu/assert'
import { pendingEffects, replay } from '../../../src/consensus/log.js'
import type { Input } from '../../../src/consensus/types.js'
import { type Outgoing, type SimNode, simNode } from '../../simulation/consensus-node.js'
import { suite } from '../../support/suite.js'
import {
  built,
  certificate,
  checked,
  line,
  machine,
  nothing,
  precommits,
  prevotes,
  proposal,
  signed,
  startOf,
  timeout,
  vote,
  work
} from './machine.js'

const table = suite('consensus: what a restart does again')

/** The machine is voter d of a, b, c, d; c is the one that proposes round 2. */
const cases: [name: string, self: string, given: Input[], expect: string[]][] = [
  ['nothing has begun', 'd', [], []],
  ['waiting for a proposal', 'd', [work], ['timer propose 0']],
  ['building', 'a', [work], ['build 0', 'timer propose 0']],
  ['nothing to build', 'a', [...prevotes('bc', 0, null), nothing(0)], ['timer propose 0']],
  ['checking', 'd', [work, proposal(0, 'x')], ['check 0 x', 'timer propose 0']],
  ['pulling', 'd', [work, proposal(0, 'x'), checked(0, 'x', 'unavailable')], ['check 0 x', 'timer propose 0']],
  ['pulling while idle', 'd', [proposal(0, 'x'), checked(0, 'x', 'unavailable')], ['check 0 x']],
  ['prevoted', 'd', [work, proposal(0, 'x'), checked(0, 'x')], ['resend 1']],
  ['prevotes differ', 'd', [work, timeout('propose', 0), ...prevotes('ab', 0, 'x')], ['resend 1', 'timer prevote 0']],
  [
    'a polka for a block that is missing',
    'd',
    [work, ...prevotes('abc', 0, 'x')],
    ['fetch 0 x from abc', 'timer propose 0']
  ],
  ['precommits differ', 'd', [work, ...precommits('abc', 0, null)], ['timer propose 0', 'timer precommit 0']],
  ['decided', 'd', [certificate(0, 'x', 'abc'), checked(0, 'x')], ['decide 0 x abc']]
]
for (const [name, self, given, expect] of cases) {
  table(name, () => {
    const subject = machine({ self })
    subject.give(...given)
    const back = replay(startOf({ self }), subject.log)
    assert.equal(back.state, subject.state)
    assert.equal(back.effects.map(line), expect)
  })
}

table('a proposal that was not signed yet, with its block', () => {
  const subject = machine({ self: 'a', signs: false })
  subject.give(work, built(0, 'x'))
  assert.equal(replay(startOf({ self: 'a' }), subject.log).effects.map(line), [
    'sign proposal 0 x -1',
    'timer propose 0'
  ])
})

table('a re-proposal that was not signed yet keeps its prevotes', () => {
  const subject = machine({ self: 'b', signs: true })
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), ...prevotes('ac', 0, 'x'), ...precommits('acd', 0, null))
  const silent = machine({ self: 'b', signs: false })
  silent.give(...subject.log, timeout('precommit', 0))
  const back = replay(startOf({ self: 'b' }), silent.log)
  const [wish] = back.effects.filter((effect) => effect.type === 'sign-proposal')
  assert.ok(wish)
  silent.state = back.state
  assert.is(silent.give(...signed(wish)).map(line)[0], 'publish proposal 1 x 0 with abc')
})

table('replaying twice is replaying once', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), ...prevotes('ab', 0, 'x'))
  const once = replay(startOf(), subject.log)
  assert.equal(replay(startOf(), [...subject.log, ...subject.log]).state, once.state)
  assert.equal(pendingEffects(once.state), once.effects)
})

table.run()

const hostile = suite('consensus: crashes in hostile schedules', { timeoutMs: 60_000 })

/** An input, and after how many of its effects the machine crashes, if it does. */
interface Move {
  readonly input: Input
  readonly crashAfter: number | null
}

const self = 'c'
const anyRound = fc.nat(3)
const anyBlock = fc.constantFrom('x', 'y')
const anyOther = fc.constantFrom('a', 'b', 'd')
const anyVote = fc
  .tuple(fc.constantFrom('prevote' as const, 'precommit' as const), anyOther, anyRound, fc.option(anyBlock))
  .map(([kind, voter, round, block]) => vote(kind, voter, round, block))
/** A quorum with the votes of all others, as it is rare among single votes. */
const anyProposal = fc
  .tuple(anyRound, anyBlock, fc.integer({ min: -1, max: 2 }), fc.constantFrom('', 'ab', 'abd'))
  .filter(([round]) => round !== 2) // its own
  .map(([round, block, validRound, carried]) => proposal(round, block, validRound, validRound < 0 ? '' : carried))
const anyCheck = fc
  .tuple(
    anyRound,
    anyBlock,
    fc.constantFrom('valid', 'valid', 'valid', 'unavailable', 'unfit') as fc.Arbitrary<'valid'>
  )
  .map(([round, block, result]) => checked(round, block, result))
const anyTimeout = fc
  .tuple(fc.constantFrom('propose', 'prevote', 'precommit') as fc.Arbitrary<'propose'>, anyRound)
  .map(([kind, round]) => timeout(kind, round))
const anyInput: fc.Arbitrary<Input> = fc.oneof(
  { arbitrary: anyVote, weight: 8 },
  { arbitrary: anyProposal, weight: 3 },
  { arbitrary: anyCheck, weight: 4 },
  { arbitrary: anyTimeout, weight: 4 },
  { arbitrary: fc.tuple(fc.constant(2), anyBlock).map(([round, block]) => built(round, block)), weight: 1 },
  { arbitrary: fc.constant(work), weight: 1 }
)
const anyMove: fc.Arbitrary<Move> = fc.record({
  input: anyInput,
  crashAfter: fc.option(fc.nat(5), { freq: 4 })
})

/** The own messages that went out, by place; none may ever be followed by another in the same place. */
function publishedBy(effects: readonly Outgoing[]): Map<string, string> {
  const published = new Map<string, string>()
  for (const effect of effects) {
    if (effect.type === 'publish-vote') put(`${effect.vote.kind} ${effect.vote.round}`, `${effect.vote.block}`)
    if (effect.type === 'publish-proposal') put(`proposal ${effect.proposal.round}`, effect.proposal.block)
  }
  function put(place: string, content: string): void {
    assert.ok(!published.has(place) || published.get(place) === content, `${place}: never two`)
    published.set(place, content)
  }
  return published
}

/** A precommit for a block that went out is a lock, or an even later lock has followed. */
function assertLockKept(node: SimNode, effects: readonly Outgoing[]): void {
  for (const effect of effects) {
    if (effect.type !== 'publish-vote' || effect.vote.kind !== 'precommit' || effect.vote.block === null) continue
    const { locked, valid } = node.state
    assert.ok(locked !== null && locked.round >= effect.vote.round, 'the lock is kept')
    if (locked.round === effect.vote.round) assert.is(locked.block, effect.vote.block)
    assert.ok(valid !== null && valid.round >= locked.round, 'the valid block is kept')
  }
}

hostile('nothing signed is ever contradicted, and no lock that went out is lost', async () => {
  let precommitted = 0
  let crashes = 0
  await fc.assert(
    fc.property(fc.array(anyMove, { minLength: 20, maxLength: 90, size: 'max' }), (moves) => {
      const effects: Outgoing[] = []
      // The guard in the node throws when a signature would contradict or precede an earlier one.
      const node = simNode(startOf({ self }), (effect) => effects.push(effect))
      for (const { input, crashAfter } of moves) {
        if (crashAfter === null) node.give(input)
        else {
          node.give(input, crashAfter)
          node.crash()
        }
        assertLockKept(node, effects)
      }
      precommitted += [...publishedBy(effects)].filter(
        ([place, block]) => place.startsWith('pre') && block !== 'null'
      ).length
      crashes += node.lives
    }),
    { seed: 20260, numRuns: 400 }
  )
  assert.ok(
    precommitted > 200 && crashes > 1000,
    `the schedules do something: ${precommitted} votes, ${crashes} crashes`
  )
})

hostile('the state comes back exactly, wherever the log ends', async () => {
  await fc.assert(
    fc.property(fc.array(anyMove, { minLength: 10, maxLength: 60, size: 'max' }), (moves) => {
      const subject = machine({ self, replays: false })
      const states = [subject.state]
      for (const { input } of moves) {
        subject.give(input)
        states[subject.log.length] = subject.state
      }
      for (const [length, state] of states.entries()) {
        // Entries that were fed back within one input have no state of their own here.
        if (state !== undefined) assert.equal(replay(startOf({ self }), subject.log.slice(0, length)).state, state)
      }
    }),
    { seed: 20261, numRuns: 60 }
  )
})

hostile.run()
