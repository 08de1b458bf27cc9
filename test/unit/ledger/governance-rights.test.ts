import * as assert from 'uvu/assert'
import { keyText } from '../../../src/base/keys.js'
import { changeProblem, type PartnerChange } from '../../../src/ledger/governance-change.js'
import type { Partner, PartnerSet } from '../../../src/ledger/partner-set.js'
import { VOTERS_MAX } from '../../../src/ledger/quorum.js'
import { THRESHOLDS, votesNeeded } from '../../../src/ledger/threshold.js'
import {
  ballotOf,
  EXPIRES,
  governanceChain,
  proposalOf,
  READY,
  type Said,
  withdrawalOf
} from '../../support/governance-chain.js'
import { keyOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('governance rights')

type Chain = ReturnType<typeof governanceChain>

const DAY_MS = 24 * 3_600_000

/** Four that govern, one that only votes on blocks, one that only reads; p1 has proposed to suspend p5: `p1/0/0`. */
function startChain(): Chain {
  const founders = { p1: 'inspector', p2: 'inspector', p3: 'inspector', p4: 'inspector', p5: 'clerk', p6: 'reader' }
  const chain = governanceChain(founders)
  assert.equal(chain.say('p1', proposalOf({ kind: 'suspend', partner: 'p5' })), ['accepted'])
  return chain
}

/** A change that p1, p2 and p3 pass; it is not in force yet. */
function decide(chain: Chain, change: PartnerChange): void {
  const id = chain.nextId('p1')
  chain.commit([['p1', [proposalOf(change)]]])
  chain.commit([
    ['p2', [ballotOf(id, true)]],
    ['p3', [ballotOf(id, true)]]
  ])
  assert.is(chain.proposal(id).state, 'passed')
}

/** What governance has written down. */
function governed(chain: Chain): string {
  const lines = [...chain.entries].filter(([key]) => /^[gkpP]:/.test(key)).map(([key, { text }]) => `${key} ${text}`)
  return lines.sort().join('\n')
}

/** Each of these is refused so, and none of them leaves a trace. */
function refusedAll(chain: Chain, author: string, expected: RegExp, ...records: readonly Said[]): void {
  const before = governed(chain)
  const verdicts = chain.say(author, ...records)
  for (const verdict of verdicts) assert.match(verdict, expected)
  // Sets move on from block to block whatever is said.
  const moving = (text: string): string => text.replace(/^p: .*$/m, '')
  assert.is(moving(governed(chain)), moving(before))
}

const OPEN = 'p1/0/0'
const EVERYTHING = [
  proposalOf({ kind: 'remove', partner: 'p3' }),
  proposalOf({ kind: 'role', partner: 'p5', role: 'inspector' }),
  ballotOf(OPEN, true),
  ballotOf(OPEN, false)
]
const own = (partner: string): Said[] => [
  proposalOf({ kind: 'suspend', partner }),
  proposalOf({ kind: 'remove', partner }),
  proposalOf({ kind: 'key', partner, key: keyOf('x') })
]

for (const author of ['p5', 'p6']) {
  test(`${author}, whose role does not govern, neither proposes for others nor votes, on itself neither`, () => {
    const chain = startChain()
    refusedAll(chain, author, /^NOT_PERMITTED: role (clerk|reader) does not govern/, ...EVERYTHING)
    const promotion = proposalOf({ kind: 'role', partner: author, role: 'inspector' })
    refusedAll(chain, author, /does not govern: p. may not propose this/, promotion)
  })
}

test('a pending partner says nothing, on itself neither', () => {
  const chain = startChain()
  const id = chain.nextId('p4')
  assert.equal(chain.say('p4', proposalOf({ kind: 'suspend', partner: 'p6' })), ['accepted'])
  decide(chain, { kind: 'suspend', partner: 'p4' })
  chain.commit()
  decide(chain, { kind: 'reinstate', partner: 'p4' })
  chain.commit()
  const all = [...EVERYTHING, ...own('p4'), withdrawalOf(id)]
  refusedAll(chain, 'p4', /^NOT_PERMITTED: partner p4 is pending/, ...all)
  // Neither in the block in which it says it is ready, nor in the next, in which that is not in force yet.
  assert.equal(chain.say('p4', READY), ['accepted'])
  refusedAll(chain, 'p4', /^NOT_PERMITTED: partner p4 is pending/, ...all)
  assert.equal(chain.say('p4', withdrawalOf(id), ballotOf(OPEN, true)), ['accepted', 'accepted'])
})

for (const kind of ['suspend', 'remove'] as const) {
  test(`${kind}: in the block in between it may still write, and says nothing on the network any more`, () => {
    const chain = startChain()
    const id = chain.nextId('p4')
    assert.equal(chain.say('p4', proposalOf({ kind: 'suspend', partner: 'p6' })), ['accepted'])
    decide(chain, { kind, partner: 'p4' })
    assert.is(chain.now('p4').state, 'active')
    const state = kind === 'suspend' ? 'suspended' : 'removed'
    const all = [...EVERYTHING, ...own('p4'), withdrawalOf(id), proposalOf({ kind: 'reinstate', partner: 'p4' })]
    refusedAll(chain, 'p4', new RegExp(`^NOT_PERMITTED: partner p4 is ${state}`), ...all)
    assert.throws(() => chain.say('p4', ballotOf(OPEN, true)), /executed in order/)
  })
}

test('who is to lose its role says nothing more on others, yet what is its own affair', () => {
  const chain = startChain()
  const id = chain.nextId('p4')
  assert.equal(chain.say('p4', proposalOf({ kind: 'suspend', partner: 'p6' })), ['accepted'])
  decide(chain, { kind: 'role', partner: 'p4', role: 'clerk' })
  assert.is(chain.now('p4').role, 'inspector')
  refusedAll(chain, 'p4', /p4 may not/, ...EVERYTHING)
  refusedAll(chain, 'p4', /role clerk does not govern: p4 may not/, ...EVERYTHING)
  const key = proposalOf({ kind: 'key', partner: 'p4', key: keyOf('x') })
  assert.equal(chain.say('p4', withdrawalOf(id), key), ['accepted', 'accepted'])
  assert.is(chain.decided('p4').key, keyOf('x'))
})

test('who is to get a role that governs does so two heights later, not before', () => {
  const chain = startChain()
  decide(chain, { kind: 'role', partner: 'p6', role: 'inspector' })
  refusedAll(chain, 'p6', /role reader does not govern/, ...EVERYTHING)
  assert.equal(chain.say('p6', ballotOf(OPEN, true)), ['accepted'])
})

test('a stolen key that is replaced cannot undo that in the block in between', () => {
  const chain = startChain()
  const id = chain.nextId('p4')
  assert.equal(chain.say('p4', proposalOf({ kind: 'suspend', partner: 'p6' })), ['accepted'])
  decide(chain, { kind: 'key', partner: 'p4', key: keyOf('p4 again') })
  assert.is(chain.now('p4').key, keyOf('p4'))
  const all = [...EVERYTHING, ...own('p4'), withdrawalOf(id)]
  refusedAll(chain, 'p4', /^NOT_PERMITTED: partner p4 has another key/, ...all)
  assert.equal([chain.now('p4').key, chain.now('p4').incarnation], [keyOf('p4 again'), 1])
  assert.equal(chain.say('p4', ballotOf(OPEN, true)), ['accepted'])
})

test('nobody speaks of a proposal that is not there, or closed', () => {
  const chain = startChain()
  for (const id of ['p1/0/1', 'p9/0/0', 'p1/1/0']) {
    refusedAll(chain, 'p2', /^REFERENCE_MISSING: there is no proposal/, ballotOf(id, true), withdrawalOf(id))
  }
  assert.equal(chain.say('p1', withdrawalOf(OPEN)), ['accepted'])
  assert.equal([chain.proposal(OPEN).state, chain.proposal(OPEN).closed, chain.open()], ['withdrawn', 5, []])
  refusedAll(chain, 'p2', /^NOT_PERMITTED: proposal p1\/0\/0 is withdrawn/, ballotOf(OPEN, true))
  refusedAll(chain, 'p1', /^NOT_PERMITTED: proposal p1\/0\/0 is withdrawn/, withdrawalOf(OPEN))
})

test('a record that is no proposal, or was refused, is none to vote on', () => {
  const chain = startChain()
  const records = [READY, proposalOf({ kind: 'suspend', partner: 'p9' })]
  const ids = records.map((_, index) => chain.nextId('p2', index))
  chain.say('p2', ...records)
  for (const id of ids) refusedAll(chain, 'p2', /^REFERENCE_MISSING/, ballotOf(id, true))
})

test('only who made it withdraws a proposal: not whom it is about, nor all the others', () => {
  const chain = startChain()
  for (const author of ['p2', 'p5', 'p6']) {
    refusedAll(chain, author, /^NOT_PERMITTED: p1 made proposal p1\/0\/0: only it may withdraw/, withdrawalOf(OPEN))
  }
})

test('a proposal expires later than its block, and within 366 days', () => {
  const chain = startChain()
  const change = { kind: 'suspend', partner: 'p6' } as const
  const at = (expires: number): Said => proposalOf(change, { expires })
  const next = chain.time + 1000
  refusedAll(chain, 'p2', /^NOT_PERMITTED: the proposal has expired/, at(next), at(0))
  refusedAll(chain, 'p2', /up to 366 days/, at(next + 1000 + 366 * DAY_MS + 1), at(Number.MAX_SAFE_INTEGER - 1))
  assert.equal(chain.say('p2', at(chain.time + 1001), at(chain.time + 1000 + 366 * DAY_MS)), ['accepted', 'accepted'])
})

test('one ballot of a partner on a proposal counts in a block, and up to 8 of its proposals', () => {
  const chain = governanceChain({ p1: 'inspector', p2: 'inspector', p3: 'inspector', p4: 'inspector' })
  const id = chain.nextId('p1')
  assert.match(
    chain.say('p1', proposalOf({ kind: 'remove', partner: 'p4' }), ballotOf(id, false))[1]!,
    /^NOT_PERMITTED: p1 has voted on proposal .* in this block/
  )
  const said = chain.say('p2', ...Array.from({ length: 5 }, () => ballotOf(id, false)))
  assert.is(said.filter((verdict) => verdict === 'accepted').length, 1)
  assert.equal(chain.say('p2', ballotOf(id, true)), ['accepted'], 'in the next block it may change its mind')
  // Each is withdrawn at once, so none is open.
  const first = Number(chain.nextId('p3').split('/')[2])
  const cycle = Array.from({ length: 10 }, (_, at) => {
    const own = chain.nextId('p3').replace(/[0-9]+$/, String(first + 2 * at))
    return [proposalOf({ kind: 'suspend', partner: 'p4' }), withdrawalOf(own)]
  })
  const cycled = chain.say('p3', ...cycle.flat())
  assert.is(cycled.filter((verdict) => verdict === 'accepted').length, 16)
  assert.match(cycled[16]!, /^NOT_PERMITTED: p3 made 8 proposals in this block/)
})

test('one partner has up to 8 open proposals, all together 64, own affairs apart', () => {
  const names = Array.from({ length: 10 }, (_, at) => `p${at + 1}`)
  const chain = governanceChain(Object.fromEntries(names.map((id) => [id, 'inspector'])))
  const one = proposalOf({ kind: 'remove', partner: 'p10' })
  const eight = Array.from({ length: 8 }, () => one)
  // Of another whose name only begins so.
  assert.equal(chain.say('p10', proposalOf({ kind: 'role', partner: 'p9', role: 'clerk' })), ['accepted'])
  const first = chain.say('p1', ...eight, one)
  assert.is(first.filter((verdict) => verdict === 'accepted').length, 8)
  assert.match(first[8]!, /^NOT_PERMITTED: p1 made 8 proposals in this block/)
  refusedAll(chain, 'p1', /^NOT_PERMITTED: p1 has 8 open proposals/, one)
  assert.equal(chain.say('p10', withdrawalOf('p10/0/0')), ['accepted'])
  for (const id of names.slice(1, 8)) chain.say(id, ...eight)
  assert.is(chain.open().length, 64)
  refusedAll(chain, 'p9', /^NOT_PERMITTED: 64 proposals are open/, one)
  assert.equal(chain.say('p1', withdrawalOf('p1/0/3')), ['accepted'])
  assert.equal(chain.say('p9', one), ['accepted'])
  refusedAll(chain, 'p1', /^NOT_PERMITTED: 64 proposals are open/, one)
  const key = (partner: string): Said => proposalOf({ kind: 'key', partner, key: keyOf(`${partner} again`) })
  assert.equal(chain.say('p9', key('p9')), ['accepted'])
  assert.equal(chain.say('p2', key('p2')), ['accepted'])
  // One that passes is the end of all: they rest on the same.
  const { verdicts } = chain.commit(names.slice(2, 8).map((id) => [id, [ballotOf('p1/0/0', true)]]))
  assert.ok(verdicts.flat().every((verdict) => verdict === null))
  assert.is(chain.decided('p10').state, 'removed')
  assert.equal(chain.open(), [])
})

/** A point of small order: whoever likes makes signatures for it. */
const NO_KEY = keyText(Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0)))

const PROBLEMS: readonly (readonly [problem: RegExp, change: PartnerChange])[] = [
  [/p9 is no partner/, { kind: 'suspend', partner: 'p9' }],
  [/p9 is no partner/, { kind: 'key', partner: 'p9', key: keyOf('x') }],
  [/p5 is active, not suspended/, { kind: 'reinstate', partner: 'p5' }],
  [/there is no role driver/, { kind: 'role', partner: 'p5', role: 'driver' }],
  [/there is no role constructor/, { kind: 'role', partner: 'p5', role: 'constructor' }],
  [/there is no role __proto__/, { kind: 'role', partner: 'p5', role: '__proto__' }],
  [/p5 has the role clerk already/, { kind: 'role', partner: 'p5', role: 'clerk' }],
  [/p5 has this key/, { kind: 'key', partner: 'p5', key: keyOf('p5') }],
  [/p2 has this key/, { kind: 'key', partner: 'p5', key: keyOf('p2') }],
  [/not a valid one/, { kind: 'key', partner: 'p5', key: NO_KEY }]
]

for (const [problem, change] of PROBLEMS) {
  test(`what cannot be done is not even proposed: ${problem.source}`, () => {
    refusedAll(startChain(), 'p1', new RegExp(`^NOT_PERMITTED: .*${problem.source}`), proposalOf(change))
  })
}

test('nothing happens to a partner that was removed, and its key stays taken', () => {
  const chain = startChain()
  decide(chain, { kind: 'remove', partner: 'p5' })
  const about = [
    { kind: 'suspend', partner: 'p5' },
    { kind: 'reinstate', partner: 'p5' },
    { kind: 'remove', partner: 'p5' },
    { kind: 'role', partner: 'p5', role: 'reader' },
    { kind: 'key', partner: 'p5', key: keyOf('x') }
  ] as const
  refusedAll(chain, 'p1', /p5 is no partner/, ...about.map((change) => proposalOf(change)))
  refusedAll(chain, 'p1', /p5 has this key/, proposalOf({ kind: 'key', partner: 'p6', key: keyOf('p5') }))
})

test('a partner that is suspended is not suspended again, yet may be removed, or get another role or key', () => {
  const chain = startChain()
  decide(chain, { kind: 'suspend', partner: 'p4' })
  refusedAll(chain, 'p1', /p4 is suspended already/, proposalOf({ kind: 'suspend', partner: 'p4' }))
  chain.say('p1', withdrawalOf(OPEN))
  for (const change of [
    { kind: 'key', partner: 'p4', key: keyOf('x') },
    { kind: 'role', partner: 'p4', role: 'clerk' },
    { kind: 'remove', partner: 'p4' }
  ] as const) {
    decide(chain, change)
  }
  const { key, role, state, incarnation } = chain.decided('p4')
  assert.equal([key, role, state, incarnation], [keyOf('x'), 'clerk', 'removed', 3])
})

test('the last partner that governs stays, whoever wants it to go', () => {
  const chain = governanceChain({ p1: 'inspector', p2: 'clerk', p3: 'clerk' })
  const left = /^NOT_PERMITTED: no active partner would be left whose role governs/
  const role = proposalOf({ kind: 'role', partner: 'p1', role: 'clerk' })
  refusedAll(chain, 'p1', left, ...own('p1').slice(0, 2), role)
  assert.equal(chain.say('p1', proposalOf({ kind: 'key', partner: 'p1', key: keyOf('x') })), ['accepted'])
})

test('of the last two that go in one block, one stays', () => {
  const chain = governanceChain({ p1: 'inspector', p2: 'inspector', p3: 'clerk' })
  const ids = ['p1/0/0', 'p2/0/0']
  const { verdicts } = chain.commit(['p1', 'p2'].map((partner) => [partner, [proposalOf({ kind: 'remove', partner })]]))
  assert.equal(verdicts, [[null], [null]])
  assert.equal(
    ids.map((id) => chain.proposal(id).state),
    ['passed', 'stale']
  )
  assert.equal([chain.decided('p1').state, chain.decided('p2').state], ['removed', 'active'])
})

const { network } = governanceChain({ p1: 'inspector' })

function setOf(...partners: readonly Partial<Partner>[]): PartnerSet {
  const whole = partners.map((partner, at): Partner => {
    return { id: `p${at}`, incarnation: 0, key: `k${at}`, role: 'clerk', state: 'active', voter: true, ...partner }
  })
  return { epoch: 0, partners: whole, quorum: 'two-thirds' }
}

test('somebody is left who votes on blocks', () => {
  const governs = { role: 'inspector', voter: false }
  const gone = { kind: 'remove', partner: 'p1' } as const
  assert.is(changeProblem(network, setOf(governs, {}), gone), 'no active voter would be left')
  assert.is(changeProblem(network, setOf(governs, {}, { state: 'pending' }), gone), 'no active voter would be left')
  assert.is(changeProblem(network, setOf(governs, {}, {}), gone), null)
})

test('there are never more voters than votes can be counted', () => {
  const many = (count: number): Partial<Partner>[] => Array.from({ length: count }, () => ({ role: 'inspector' }))
  const reader = { role: 'reader', voter: false }
  const last = { kind: 'role', partner: `p${VOTERS_MAX}`, role: 'clerk' } as const
  assert.is(changeProblem(network, setOf(...many(VOTERS_MAX), reader), last), 'there would be more than 128 voters')
  assert.is(changeProblem(network, setOf(...many(VOTERS_MAX - 1), { state: 'removed' }, reader), last), null)
})

test('what each threshold needs, of 1 to 9', () => {
  const needed = THRESHOLDS.map((threshold) => {
    return [threshold, ...Array.from({ length: 9 }, (_, at) => votesNeeded(threshold, at + 1))]
  })
  assert.equal(needed, [
    ['one', 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ['majority', 1, 2, 2, 3, 3, 4, 4, 5, 5],
    ['two-thirds', 1, 2, 3, 3, 4, 5, 5, 6, 7],
    ['all', 1, 2, 3, 4, 5, 6, 7, 8, 9]
  ])
})

test('what the rights rest on is block time, not what a proposal says of it', () => {
  const chain = startChain()
  chain.commit([], EXPIRES)
  assert.is(chain.proposal(OPEN).state, 'expired')
  refusedAll(chain, 'p2', /^NOT_PERMITTED: proposal p1\/0\/0 is expired/, ballotOf(OPEN, true))
})

test.run()
