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
  ['building when the time was over', 'a', [work, timeout('propose', 0)], ['resend 1']],
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

/** Inputs for the round that the machine is in, after the last of which it may crash: at once, or amid its effects. */
interface Move {
  readonly inputs: (round: number) => Input[]
  readonly crash: { readonly afterEffects: number | null; readonly luckyEntries: number } | null
}

const self = 'c'
const anyOffset = fc.constantFrom(0, 0, 0, 0, 0, 0, -1, -1, 1)
const anyBlock = fc.constantFrom('x', 'x', 'y')
const anyKind = fc.constantFrom('prevote' as const, 'precommit' as const)
const anyVoters = fc.constantFrom('a', 'b', 'd', 'ab', 'bd', 'abd')
const anyVotes = fc
  .tuple(anyKind, anyVoters, anyOffset, fc.option(anyBlock))
  .map(([kind, voters, offset, block]) => (round: number) => {
    return [...voters].map((voter) => vote(kind, voter, Math.max(0, round + offset), block))
  })
const anyProposal = fc
  .tuple(anyOffset, anyBlock, fc.constantFrom(0, 0, 1, 2), fc.constantFrom('', 'ab', 'abd'))
  .map(([offset, block, back, carried]) => (round: number) => {
    const of = Math.max(0, round + offset)
    if (of % 4 === 2) return [built(of, block)]
    return [back === 0 ? proposal(of, block) : proposal(of, block, Math.max(-1, of - back), carried)]
  })
const anyCheck = fc
  .tuple(anyBlock, fc.constantFrom('valid', 'valid', 'valid', 'unavailable', 'unfit') as fc.Arbitrary<'valid'>)
  .map(([block, result]) => (round: number) => [checked(round, block, result)])
const anyTimeout = fc
  .constantFrom('propose' as const, 'prevote' as const, 'precommit' as const)
  .map((kind) => (round: number) => [timeout(kind, round)])
const anyCrash = fc.record({
  afterEffects: fc.option(fc.nat(4), { freq: 3 }),
  luckyEntries: fc.constantFrom(0, 0, 1, 5)
})
const anyMove: fc.Arbitrary<Move> = fc.record({
  inputs: fc.oneof(
    { arbitrary: anyVotes, weight: 8 },
    { arbitrary: anyProposal, weight: 6 },
    { arbitrary: anyCheck, weight: 6 },
    { arbitrary: anyTimeout, weight: 3 },
    { arbitrary: fc.constant(() => [work]), weight: 1 }
  ),
  crash: fc.oneof({ arbitrary: fc.constant(null), weight: 10 }, { arbitrary: anyCrash, weight: 1 })
})

function play(node: SimNode, { inputs, crash }: Move): void {
  const given = inputs(node.state.round)
  for (const [index, input] of given.entries()) {
    const last = index === given.length - 1
    node.give(input, last && crash?.afterEffects != null ? crash.afterEffects : undefined)
  }
  if (crash !== null) node.crash(crash.luckyEntries)
}

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
      for (const move of moves) {
        play(node, move)
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
      for (const { inputs } of moves) {
        for (const input of inputs(subject.state.round)) {
          subject.give(input)
          states[subject.log.length] = subject.state
        }
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
