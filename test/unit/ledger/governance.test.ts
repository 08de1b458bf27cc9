import * as assert from 'uvu/assert'
import { execute } from '../../../src/ledger/execution.js'
import type { PartnerChange } from '../../../src/ledger/governance-change.js'
import type { Partner } from '../../../src/ledger/partner-set.js'
import { ballotOf, EXPIRES, governanceChain, proposalOf, READY, withdrawalOf } from '../../support/governance-chain.js'
import { keyOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('governance')

type Chain = ReturnType<typeof governanceChain>

const ACCEPTED = ['accepted']

/** Four that govern, one that only votes on blocks, one that only reads. */
function six(): Chain {
  const founders = { p1: 'inspector', p2: 'inspector', p3: 'inspector', p4: 'inspector', p5: 'clerk', p6: 'reader' }
  return governanceChain(founders)
}

function governing(count: number): Chain {
  return governanceChain(Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at + 1}`, 'inspector'])))
}

/** A proposal in a block of its own. */
function proposed(chain: Chain, by: string, change: PartnerChange): string {
  const id = chain.nextId(by)
  assert.equal(chain.say(by, proposalOf(change)), ACCEPTED)
  return id
}

/** Ballots, each in a block of its own, such as `p2+ p3-`. */
function voted(chain: Chain, id: string, ballots: string): void {
  for (const ballot of ballots.split(' ')) {
    assert.equal(chain.say(ballot.slice(0, -1), ballotOf(id, ballot.endsWith('+'))), ACCEPTED)
  }
}

function passed(chain: Chain, by: string, change: PartnerChange, ballots: string): string {
  const id = proposed(chain, by, change)
  voted(chain, id, ballots)
  assert.is(chain.proposal(id).state, 'passed')
  return id
}

function suspended(chain: Chain, partner = 'p4'): void {
  passed(chain, 'p1', { kind: 'suspend', partner }, 'p2+ p3+')
  chain.commit()
}

interface Kind {
  readonly change: PartnerChange
  /** The last one is decisive. */
  readonly ballots: readonly string[]
  readonly after: Partial<Partner>
  readonly before?: (chain: Chain) => void
}

const KINDS: readonly Kind[] = [
  {
    change: { kind: 'suspend', partner: 'p5' },
    ballots: ['p2+', 'p3+'],
    after: { state: 'suspended', incarnation: 1 }
  },
  { change: { kind: 'remove', partner: 'p5' }, ballots: ['p2+', 'p3+'], after: { state: 'removed', incarnation: 1 } },
  {
    change: { kind: 'reinstate', partner: 'p5' },
    ballots: ['p2+', 'p3+'],
    after: { state: 'pending', incarnation: 1 },
    before: (chain) => suspended(chain, 'p5')
  },
  { change: { kind: 'role', partner: 'p5', role: 'reader' }, ballots: ['p2+', 'p3+'], after: { voter: false } },
  { change: { kind: 'role', partner: 'p6', role: 'inspector' }, ballots: ['p2+', 'p3+'], after: { voter: true } },
  {
    change: { kind: 'key', partner: 'p5', key: keyOf('p5 again') },
    ballots: ['p2+', 'p3+'],
    after: { key: keyOf('p5 again'), incarnation: 1 }
  }
]

for (const { change, ballots, after, before } of KINDS) {
  const role = change.kind === 'role' ? ` ${change.role}` : ''
  test(`${change.kind}${role}: passes with its last ballot and is in force two heights later`, () => {
    const chain = six()
    before?.(chain)
    const id = proposed(chain, 'p1', change)
    const opened = chain.height
    const was = chain.decided(change.partner)
    for (const ballot of ballots.slice(0, -1)) {
      voted(chain, id, ballot)
      assert.is(chain.proposal(id).state, 'open')
      assert.equal(chain.decided(change.partner), was)
    }
    voted(chain, id, ballots.at(-1)!)
    const { height } = chain
    const proposal = chain.proposal(id)
    assert.equal([proposal.state, proposal.closed, proposal.effective], ['passed', height, height + 2])
    assert.equal([proposal.opened, proposal.by, proposal.expires, proposal.reason], [opened, 'p1', EXPIRES, 'why'])
    assert.equal(chain.open(), [])
    const expected = { ...was, ...(change.kind === 'role' ? { role: change.role } : {}), ...after }
    assert.equal(chain.now(change.partner), was, 'the block in between still has what was')
    assert.equal(chain.decided(change.partner), expected)
    assert.ok(chain.entries.has(`P:${height + 2}`))
    chain.commit()
    assert.equal(chain.now(change.partner), expected)
  })
}

test('what is written down: the proposal, the list of open ones, the former key', () => {
  const chain = governing(4)
  const id = proposed(chain, 'p2', { kind: 'key', partner: 'p3', key: keyOf('p3 again') })
  const vote = '{"height":1,"partner":"p2","reason":"","yes":true}'
  const rest = `"by":"p2","change":{"key":"${keyOf('p3 again')}","kind":"key","partner":"p3"}`
  assert.is(chain.entries.get('g:')?.text, '["p2/0/0"]')
  assert.is(
    chain.entries.get('g:p2/0/0')?.text,
    `{"ballots":[${vote}],"base":"${keyOf('p3')} false",${rest},"closed":0,"effective":0,"expires":${EXPIRES},` +
      '"id":"p2/0/0","opened":1,"reason":"why","state":"open"}'
  )
  assert.equal(chain.say('p4', ballotOf(id, true, 'seen the "paper"\n')), ACCEPTED)
  voted(chain, id, 'p1+')
  assert.is(chain.entries.get('g:')?.text, '[]')
  assert.equal(
    chain.proposal(id).ballots.map(({ partner, height, reason }) => [partner, height, reason]),
    [
      ['p1', 3, ''],
      ['p2', 1, ''],
      ['p4', 2, 'seen the "paper"\n']
    ]
  )
  assert.is(chain.entries.get('k:p3')?.text, `[[0,"${keyOf('p3')}"]]`)
})

test('the result hash covers what a block settles, in its order', () => {
  const chain = governing(3)
  const { writes } = chain.commit([['p1', [proposalOf({ kind: 'key', partner: 'p1', key: keyOf('x') })]]])
  assert.equal(
    writes.map(({ key }) => key),
    ['s:p1', 'k:p1', 'g:p1/0/0', 'g:', 'p:', 'P:3'],
    'the last of each key'
  )
})

test('a ballot that is changed counts as it is last, and once', () => {
  const chain = governing(5)
  const id = proposed(chain, 'p1', { kind: 'suspend', partner: 'p5' })
  voted(chain, id, 'p2+ p2- p2+ p2-')
  assert.is(chain.proposal(id).state, 'open')
  assert.is(chain.proposal(id).ballots.length, 2)
  // Three of five are needed: p1, who takes its own back, is not among them.
  voted(chain, id, 'p1- p3+ p4+')
  assert.is(chain.proposal(id).state, 'open')
  voted(chain, id, 'p2+')
  assert.is(chain.proposal(id).state, 'passed')
})

test('it is rejected as soon as it cannot pass any more, and no ballot comes after', () => {
  const chain = governing(4)
  const id = proposed(chain, 'p1', { kind: 'remove', partner: 'p4' })
  voted(chain, id, 'p4-')
  assert.is(chain.proposal(id).state, 'open')
  voted(chain, id, 'p3-')
  assert.equal([chain.proposal(id).state, chain.proposal(id).closed, chain.proposal(id).effective], ['rejected', 3, 0])
  assert.equal(chain.say('p2', ballotOf(id, true)), [`NOT_PERMITTED: proposal ${id} is rejected`])
  assert.is(chain.decided('p4').state, 'active')
})

test('it expires at its very time, also in a block without records, and whatever it has got', () => {
  const chain = governing(4)
  const id = proposed(chain, 'p1', { kind: 'suspend', partner: 'p4' })
  chain.commit([], EXPIRES - 1)
  assert.is(chain.proposal(id).state, 'open')
  const late = [ballotOf(id, true), withdrawalOf(id)]
  const { verdicts } = chain.commit(
    [
      ['p2', late],
      ['p1', late]
    ],
    EXPIRES
  )
  for (const verdict of verdicts.flat()) assert.match(verdict?.message ?? '', /has expired/)
  assert.equal([chain.proposal(id).state, chain.proposal(id).closed], ['expired', chain.height])
  assert.equal(chain.open(), [])
})

test('a ballot in the last block before it expires still counts', () => {
  const chain = governing(4)
  const id = proposed(chain, 'p1', { kind: 'suspend', partner: 'p4' })
  voted(chain, id, 'p2+')
  chain.commit([['p3', [ballotOf(id, true)]]], EXPIRES - 1)
  assert.is(chain.proposal(id).state, 'passed')
})

test('of two proposals on the same thing the second is stale, whichever passes first', () => {
  for (const first of [0, 1]) {
    const chain = governing(4)
    const ids = [
      proposed(chain, 'p1', { kind: 'role', partner: 'p4', role: 'clerk' }),
      proposed(chain, 'p2', { kind: 'role', partner: 'p4', role: 'reader' })
    ]
    voted(chain, ids[1 - first]!, 'p3+')
    voted(chain, ids[first]!, first === 0 ? 'p2+ p3+' : 'p1+')
    if (first === 1) assert.is(chain.proposal(ids[1]!).state, 'open')
    if (first === 1) voted(chain, ids[1]!, 'p3+')
    assert.is(chain.proposal(ids[first]!).state, 'passed')
    assert.equal([chain.proposal(ids[1 - first]!).state, chain.proposal(ids[1 - first]!).effective], ['stale', 0])
    assert.is(chain.decided('p4').role, ['clerk', 'reader'][first])
  }
})

test('two that pass in one block: the one made first acts, the other is stale', () => {
  const chain = governing(4)
  const suspend = proposed(chain, 'p1', { kind: 'suspend', partner: 'p4' })
  const remove = proposed(chain, 'p2', { kind: 'remove', partner: 'p4' })
  voted(chain, suspend, 'p3+')
  voted(chain, remove, 'p3+')
  chain.commit([
    ['p1', [ballotOf(remove, true)]],
    ['p2', [ballotOf(suspend, true)]]
  ])
  assert.equal([chain.proposal(suspend).state, chain.proposal(remove).state], ['passed', 'stale'])
  assert.equal([chain.decided('p4').state, chain.decided('p4').incarnation], ['suspended', 1])
})

test('two on different partners that pass in one block both act', () => {
  const chain = governing(5)
  const [a, b] = [
    proposed(chain, 'p1', { kind: 'role', partner: 'p4', role: 'clerk' }),
    proposed(chain, 'p1', { kind: 'key', partner: 'p5', key: keyOf('x') })
  ]
  voted(chain, a, 'p2+ p5+')
  voted(chain, b, 'p2+ p5+')
  chain.commit([['p3', [ballotOf(a, true), ballotOf(b, true)]]])
  assert.equal([chain.proposal(a).state, chain.proposal(b).state], ['passed', 'passed'])
  assert.equal([chain.decided('p4').role, chain.decided('p5').key], ['clerk', keyOf('x')])
  assert.ok(chain.entries.has(`P:${chain.height + 2}`))
})

test('two that take one key: the second is stale', () => {
  const chain = governing(4)
  const ids = ['p3', 'p4'].map((partner) => proposed(chain, 'p1', { kind: 'key', partner, key: keyOf('x') }))
  for (const id of ids) voted(chain, id, 'p2+')
  chain.commit([['p3', ids.map((id) => ballotOf(id, true))]])
  assert.equal(
    ids.map((id) => chain.proposal(id).state),
    ['passed', 'stale']
  )
  assert.equal([chain.decided('p3').key, chain.decided('p4').key], [keyOf('x'), keyOf('p4')])
})

test('a partner that becomes active makes a proposal to remove it stale: it is another case then', () => {
  const chain = governing(4)
  suspended(chain)
  passed(chain, 'p1', { kind: 'reinstate', partner: 'p4' }, 'p2+ p3+')
  chain.commit()
  const id = proposed(chain, 'p1', { kind: 'remove', partner: 'p4' })
  assert.equal(chain.say('p4', READY), ACCEPTED)
  assert.is(chain.proposal(id).state, 'stale')
})

test('with a partner that is removed goes all that was open about it, in the same block', () => {
  const chain = six()
  const about = [
    { kind: 'suspend', partner: 'p5' },
    { kind: 'role', partner: 'p5', role: 'reader' },
    { kind: 'key', partner: 'p5', key: keyOf('x') }
  ] as const
  const ids = about.map((change) => proposed(chain, 'p1', change))
  const other = proposed(chain, 'p1', { kind: 'suspend', partner: 'p6' })
  passed(chain, 'p2', { kind: 'remove', partner: 'p5' }, 'p3+ p4+')
  for (const id of ids) assert.equal([chain.proposal(id).state, chain.proposal(id).closed], ['stale', chain.height])
  assert.equal(chain.open(), [other])
})

test('ballots of a partner that was removed meanwhile do not count', () => {
  const chain = governing(5)
  const role = proposed(chain, 'p5', { kind: 'role', partner: 'p1', role: 'clerk' })
  voted(chain, role, 'p4+')
  const remove = proposed(chain, 'p1', { kind: 'remove', partner: 'p5' })
  voted(chain, remove, 'p2+ p3+ p4+')
  assert.is(chain.proposal(remove).state, 'passed')
  // Three of the four that are left are needed: p4 and two more, not p5, p4 and one more.
  voted(chain, role, 'p2+')
  assert.is(chain.proposal(role).state, 'open')
  voted(chain, role, 'p3+')
  assert.is(chain.proposal(role).state, 'passed')
})

test('ballots of a partner that was stripped of its role meanwhile do not count, nor against', () => {
  const chain = governing(5)
  const suspend = proposed(chain, 'p1', { kind: 'suspend', partner: 'p4' })
  voted(chain, suspend, 'p5-')
  passed(chain, 'p1', { kind: 'role', partner: 'p5', role: 'clerk' }, 'p2+ p3+ p4+')
  assert.is(chain.proposal(suspend).state, 'open')
  // Two of four against would be the end of it.
  voted(chain, suspend, 'p4-')
  assert.is(chain.proposal(suspend).state, 'open')
  voted(chain, suspend, 'p2+ p3+')
  assert.is(chain.proposal(suspend).state, 'passed')
})

test('a change of who governs decides other proposals in the same block', () => {
  const chain = governing(4)
  const waiting = proposed(chain, 'p1', { kind: 'key', partner: 'p2', key: keyOf('x') })
  voted(chain, waiting, 'p3-')
  // Three of three are needed once p4 has gone: p3 is against.
  passed(chain, 'p1', { kind: 'suspend', partner: 'p4' }, 'p2+ p3+')
  assert.equal([chain.proposal(waiting).state, chain.proposal(waiting).closed], ['rejected', chain.height])
})

test('of five, those who left leave enough: what waited passes in that block, older as it is', () => {
  const chain = governing(5)
  const waiting = proposed(chain, 'p1', { kind: 'suspend', partner: 'p2' })
  voted(chain, waiting, 'p3+')
  const gone = proposed(chain, 'p4', { kind: 'remove', partner: 'p4' })
  assert.equal([chain.proposal(gone).state, chain.proposal(waiting).state], ['passed', 'open'])
  const last = proposed(chain, 'p5', { kind: 'suspend', partner: 'p5' })
  assert.equal([chain.proposal(last).state, chain.proposal(waiting).state], ['passed', 'passed'])
  assert.is(chain.decided('p2').state, 'suspended')
})

for (const [change, after] of [
  [{ kind: 'suspend', partner: 'p6' }, { state: 'suspended' }],
  [{ kind: 'remove', partner: 'p6' }, { state: 'removed' }],
  [{ kind: 'key', partner: 'p6', key: keyOf('x') }, { key: keyOf('x') }]
] as const) {
  test(`${change.kind} of oneself needs nobody else, whatever one's role`, () => {
    const chain = six()
    const id = chain.nextId('p6')
    assert.equal(chain.say('p6', proposalOf(change)), ACCEPTED)
    const { state, closed, effective, ballots } = chain.proposal(id)
    assert.equal([state, closed, effective, ballots], ['passed', 1, 3, []])
    assert.equal(chain.decided('p6'), { ...chain.now('p6'), ...after, incarnation: 1 })
  })
}

test('what one does to oneself, several times in one block: the first acts', () => {
  const chain = six()
  const ids = [0, 1, 2].map((index) => chain.nextId('p6', index))
  const changes = [
    proposalOf({ kind: 'key', partner: 'p6', key: keyOf('x') }),
    proposalOf({ kind: 'key', partner: 'p6', key: keyOf('y') }),
    proposalOf({ kind: 'remove', partner: 'p6' })
  ]
  assert.equal(chain.say('p6', ...changes), ['accepted', 'accepted', 'accepted'])
  assert.equal(
    ids.map((id) => chain.proposal(id).state),
    ['passed', 'stale', 'passed']
  )
  assert.equal([chain.decided('p6').key, chain.decided('p6').incarnation], [keyOf('x'), 2])
  assert.is(chain.entries.get('k:p6')?.text, `[[0,"${keyOf('p6')}"]]`)
})

test('one that takes its own affair back in the same block stays as it is', () => {
  const chain = six()
  const id = chain.nextId('p6')
  assert.equal(chain.say('p6', proposalOf({ kind: 'remove', partner: 'p6' }), withdrawalOf(id)), [
    'accepted',
    'accepted'
  ])
  assert.equal([chain.proposal(id).state, chain.proposal(id).closed, chain.open()], ['withdrawn', 1, []])
  assert.is(chain.decided('p6').state, 'active')
})

test('one that comes back says ready, then governs again; what it signed before is void', () => {
  const chain = governing(4)
  suspended(chain)
  assert.throws(() => chain.say('p4', READY))
  passed(chain, 'p1', { kind: 'reinstate', partner: 'p4' }, 'p2+ p3+')
  chain.commit()
  assert.equal([chain.now('p4').state, chain.now('p4').incarnation], ['pending', 1])
  const id = proposed(chain, 'p1', { kind: 'role', partner: 'p3', role: 'clerk' })
  assert.equal(chain.say('p4', ballotOf(id, true), READY), ['NOT_PERMITTED: partner p4 is pending', 'accepted'])
  assert.is(chain.entries.get('s:p4')?.text, '1 1')
  chain.commit()
  assert.equal(chain.now('p4'), { ...chain.now('p4'), state: 'active', incarnation: 1, voter: true })
  voted(chain, id, 'p4+ p2+')
  assert.is(chain.proposal(id).state, 'passed')
})

test('what a node reads from its disk and what it remembers give the same', () => {
  const chain = governing(4)
  const id = proposed(chain, 'p1', { kind: 'suspend', partner: 'p4' })
  voted(chain, id, 'p2+')
  const state = { get: (key: string) => chain.entries.get(key) }
  const block = { height: chain.height + 1, time: chain.time + 1, originRound: 0 }
  const once = execute(chain.rulebook(), state, 'ab'.repeat(32), block, [])
  // The first execution left decoded forms beside the texts.
  assert.equal(execute(chain.rulebook(), state, 'ab'.repeat(32), block, []), once)
})

test.run()
