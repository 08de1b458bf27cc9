import * as assert from 'uvu/assert'
import { ADMISSION_OPEN_MS, readInvitationUse, useText } from '../../../src/ledger/admission-ballot.js'
import type { AdmitChange, PartnerChange } from '../../../src/ledger/governance-change.js'
import { admitOf, revocationOf, tokenOf } from '../../support/admissions.js'
import { ballotOf, governanceChain, proposalOf, READY, withdrawalOf } from '../../support/governance-chain.js'
import { keyOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('admission by ballot')

type Chain = ReturnType<typeof governanceChain>

const ACCEPTED = ['accepted']

/** So many founders that govern and vote; p1 is the one that invites. */
function governing(count: number, more: Readonly<Record<string, string>> = {}): Chain {
  const names = Array.from({ length: count }, (_, at) => [`p${at + 1}`, 'inspector'])
  return governanceChain({ ...Object.fromEntries(names), ...more })
}

/** What the chain says of the invitation for an id. */
function use(chain: Chain, id: string): string | undefined {
  return chain.entries.get(`i:${tokenOf(id)}`)?.text
}

function isPartner(chain: Chain, id: string): boolean {
  return chain.rulebook().nextPartners.partners.some((partner) => partner.id === id)
}

/** A ballot on p7 at p1's invitation is open: `p1/0/0`. */
function opened(count = 4): Chain {
  const chain = governing(count)
  assert.equal(chain.say('p1', admitOf(chain.scope, 'p7')), ACCEPTED)
  return chain
}

const ID = 'p1/0/0'

test('with fewer than four voters, and for a role that does not vote, the word of the inviter is enough', () => {
  const few = governing(3, { p4: 'reader' })
  assert.equal(few.say('p1', admitOf(few.scope, 'p7')), ACCEPTED)
  assert.equal([few.decided('p7').state, few.decided('p7').voter, few.open()], ['pending', true, []])
  assert.is(use(few, 'p7'), 'used p7')
  // Who is pending will vote by itself: it counts already.
  assert.equal(few.say('p1', admitOf(few.scope, 'p8')), ACCEPTED)
  assert.equal([isPartner(few, 'p8'), use(few, 'p8')], [false, 'waiting p1/1/0'])

  const many = governing(7)
  assert.equal(many.say('p2', admitOf(many.scope, 'p9', { invitation: { role: 'reader' } })), ACCEPTED)
  assert.equal([many.decided('p9').state, many.decided('p9').voter, many.open()], ['pending', false, []])
})

test('where only the inviter governs, its word is the ballot', () => {
  const chain = governanceChain({ p1: 'inspector', p2: 'clerk', p3: 'clerk', p4: 'clerk', p5: 'clerk' })
  assert.equal(chain.say('p1', admitOf(chain.scope, 'p7')), ACCEPTED)
  assert.is(chain.decided('p7').state, 'pending')
})

test('with four voters it is voted on: a proposal of the inviter, whoever brings it, and nobody is let in', () => {
  const chain = governing(4)
  const at = chain.time + 1000
  assert.equal(chain.say('p3', admitOf(chain.scope, 'p7')), ACCEPTED)
  const { ballots, by, change, state, expires, opened } = chain.proposal('p3/0/0')
  assert.equal([by, state, opened, expires], ['p1', 'open', 1, at + ADMISSION_OPEN_MS])
  assert.equal(ballots, [{ height: 1, partner: 'p1', reason: '', yes: true }])
  assert.equal(change, {
    kind: 'admit',
    addresses: ['/dns4/p7.example/tcp/1'],
    invitation: tokenOf('p7'),
    key: keyOf('p7'),
    name: 'Name of p7',
    partner: 'p7',
    role: 'inspector'
  })
  assert.equal([isPartner(chain, 'p7'), use(chain, 'p7')], [false, 'waiting p3/0/0'])
  assert.not.ok([...chain.entries.keys()].some((key) => key === 'a:p7' || key === 'w:p7'))
  // The yes of who brought it is its own and is still missing.
  assert.equal(chain.say('p2', ballotOf('p3/0/0', true)), ACCEPTED)
  assert.is(chain.proposal('p3/0/0').state, 'open')
  assert.equal(chain.say('p4', ballotOf('p3/0/0', true)), ACCEPTED)
  const passed = chain.proposal('p3/0/0')
  assert.equal([passed.state, passed.closed, passed.effective], ['passed', 3, 5])
  assert.equal([chain.decided('p7').state, use(chain, 'p7')], ['pending', 'used p7'])
  assert.is(chain.entries.get('w:p7')?.text, 'Name of p7')
  assert.is(chain.entries.get('a:p7')?.text, '["/dns4/p7.example/tcp/1"]')
  chain.commit()
  assert.equal([chain.now('p7').state, chain.now('p7').incarnation, chain.now('p7').key], ['pending', 0, keyOf('p7')])
  assert.equal(chain.say('p7', READY), ACCEPTED)
  assert.is(chain.decided('p7').state, 'active')
})

test('while it waits nobody else can use the invitation, nor take it back', () => {
  const chain = opened()
  const other = admitOf(chain.scope, 'p7', { joiner: 'p8' })
  assert.match(chain.say('p2', other)[0]!, /^NOT_PERMITTED: the invitation was redeemed: proposal p1\/0\/0 decides/)
  assert.match(chain.say('p2', admitOf(chain.scope, 'p7'))[0]!, /^NOT_PERMITTED: the invitation was redeemed/)
  for (const author of ['p1', 'p2']) {
    assert.match(chain.say(author, revocationOf(tokenOf('p7')))[0]!, /^NOT_PERMITTED: the invitation was redeemed/)
  }
  assert.is(use(chain, 'p7'), `waiting ${ID}`)
})

/** How a ballot ends without an admission. */
const ENDINGS: readonly (readonly [state: string, end: (chain: Chain) => void])[] = [
  [
    'rejected',
    (chain) => {
      assert.equal(chain.say('p2', ballotOf(ID, false)), ACCEPTED)
      assert.equal(chain.say('p3', ballotOf(ID, false, 'we do not know them')), ACCEPTED)
    }
  ],
  ['withdrawn', (chain) => assert.equal(chain.say('p1', withdrawalOf(ID)), ACCEPTED)],
  ['expired', (chain) => void chain.commit([], chain.proposal(ID).expires)],
  [
    'stale',
    (chain) => {
      // Another invitation for the same id, by which another key comes first.
      const again = { token: 'another', joiner: 'p8', invitation: { inviter: 'p2' } }
      assert.equal(chain.say('p2', admitOf(chain.scope, 'p7', again)), ACCEPTED)
      for (const voter of ['p3', 'p4']) assert.equal(chain.say(voter, ballotOf('p2/0/0', true)), ACCEPTED)
      assert.is(chain.decided('p7').key, keyOf('p8'))
    }
  ]
]

for (const [state, end] of ENDINGS) {
  test(`${state}: nobody is admitted, and the invitation is used up`, () => {
    const chain = opened()
    end(chain)
    assert.equal([chain.proposal(ID).state, chain.open(), use(chain, 'p7')], [state, [], `${state} ${ID}`])
    if (state !== 'stale') assert.not.ok(isPartner(chain, 'p7'))
    const refusal = new RegExp(`NOT_PERMITTED: the invitation was used up: proposal ${ID} on the admission is ${state}`)
    assert.match(chain.say('p2', admitOf(chain.scope, 'p7'))[0]!, refusal)
    assert.match(chain.say('p2', admitOf(chain.scope, 'p7', { joiner: 'p8' }))[0]!, refusal)
    assert.match(chain.say('p2', revocationOf(tokenOf('p7')))[0]!, refusal)
    for (const voter of ['p2', 'p3', 'p4']) chain.say(voter, ballotOf(ID, true))
    assert.is(chain.proposal(ID).state, state)
  })
}

test('of two ballots on one key the first that passes makes the other stale', () => {
  const chain = governing(4)
  const records = ['p7', 'p8'].map((id) => admitOf(chain.scope, id, { joiner: 'same' }))
  assert.equal(chain.say('p1', ...records), ['accepted', 'accepted'])
  for (const voter of ['p2', 'p3']) assert.equal(chain.say(voter, ballotOf('p1/0/1', true)), ACCEPTED)
  assert.equal([use(chain, 'p7'), use(chain, 'p8')], ['stale p1/0/0', 'used p8'])
  assert.equal([isPartner(chain, 'p7'), isPartner(chain, 'p8')], [false, true])
})

test('only the inviter withdraws it: not who brought it, nor who is to be admitted', () => {
  const chain = governing(4)
  assert.equal(chain.say('p3', admitOf(chain.scope, 'p7')), ACCEPTED)
  assert.match(chain.say('p3', withdrawalOf('p3/0/0'))[0]!, /p1 made proposal p3\/0\/0: only it may withdraw it/)
  assert.equal(chain.say('p1', withdrawalOf('p3/0/0')), ACCEPTED)
  assert.is(use(chain, 'p7'), 'withdrawn p3/0/0')
})

/** Passes a change that is about p4, with the votes of the others. */
function decide(chain: Chain, change: PartnerChange, others: readonly string[] = ['p2', 'p3']): void {
  const id = chain.nextId('p1')
  chain.commit([['p1', [proposalOf(change)]]])
  chain.commit(others.map((voter) => [voter, [ballotOf(id, true)]]))
  assert.is(chain.proposal(id).state, 'passed')
}

test('a yes of one who was removed, suspended or lost its role meanwhile counts for nothing', () => {
  for (const change of [
    { kind: 'remove', partner: 'p4' },
    { kind: 'suspend', partner: 'p4' },
    { kind: 'role', partner: 'p4', role: 'clerk' }
  ] as const) {
    const chain = opened(5)
    assert.equal(chain.say('p4', ballotOf(ID, true)), ACCEPTED)
    decide(chain, change, ['p2', 'p3', 'p5'])
    // Three of four are needed now: p1 has said so, p4 counts no more.
    assert.equal(chain.say('p5', ballotOf(ID, true)), ACCEPTED)
    assert.equal([chain.proposal(ID).state, isPartner(chain, 'p7')], ['open', false], change.kind)
    assert.equal(chain.say('p2', ballotOf(ID, true)), ACCEPTED)
    assert.is(chain.proposal(ID).state, 'passed')
  }
})

test("the inviter's yes counts no more once it is removed", () => {
  const chain = governing(5)
  assert.equal(chain.say('p4', admitOf(chain.scope, 'p7', { invitation: { inviter: 'p4' } })), ACCEPTED)
  decide(chain, { kind: 'remove', partner: 'p4' }, ['p2', 'p3', 'p5'])
  for (const voter of ['p1', 'p2']) assert.equal(chain.say(voter, ballotOf('p4/0/0', true)), ACCEPTED)
  assert.is(chain.proposal('p4/0/0').state, 'open')
  assert.equal(chain.say('p3', ballotOf('p4/0/0', true)), ACCEPTED)
  assert.is(chain.proposal('p4/0/0').state, 'passed')
})

test('an invitation of one who is to go, or to have another key or role, is none in the block in between', () => {
  for (const [change, expected] of [
    [{ kind: 'remove', partner: 'p4' }, /partner p4 is removed/],
    [{ kind: 'suspend', partner: 'p4' }, /partner p4 is suspended/],
    [{ kind: 'key', partner: 'p4', key: keyOf('x') }, /partner p4 has another key/],
    [{ kind: 'role', partner: 'p4', role: 'clerk' }, /role clerk may not invite/]
  ] as const) {
    const chain = governing(4)
    decide(chain, change)
    for (const role of ['inspector', 'reader']) {
      const record = admitOf(chain.scope, 'p7', { invitation: { inviter: 'p4', role } })
      const { verdicts } = chain.commit([['p1', [record]]])
      assert.match(verdicts[0]?.[0]?.message ?? 'accepted', chain.height === 3 ? expected : /p4|may not/)
    }
    assert.not.ok(isPartner(chain, 'p7'))
  }
})

test('nobody proposes an admission: only who comes with an invitation is voted on', () => {
  const chain = governing(4)
  const change: AdmitChange = {
    kind: 'admit',
    addresses: [],
    invitation: tokenOf('p7'),
    key: keyOf('p7'),
    name: 'p7',
    partner: 'p7',
    role: 'inspector'
  }
  assert.match(
    chain.say('p1', proposalOf(change as unknown as PartnerChange))[0]!,
    /^SCHEMA: \/change\/kind must be one of model/
  )
})

test('of one inviter eight ballots are open at most, whoever brings them, its other proposals with them', () => {
  const chain = governing(4)
  for (let at = 0; at < 7; at++) assert.equal(chain.say(`p${1 + (at % 4)}`, admitOf(chain.scope, `q${at}`)), ACCEPTED)
  assert.equal(chain.say('p1', proposalOf({ kind: 'suspend', partner: 'p2' })), ACCEPTED)
  assert.match(chain.say('p3', admitOf(chain.scope, 'q8'))[0]!, /^NOT_PERMITTED: p1 has 8 open proposals/)
  assert.is(use(chain, 'q8'), undefined, 'the invitation is good later')
  assert.equal(chain.say('p3', proposalOf({ kind: 'suspend', partner: 'p2' })), ACCEPTED, 'p3 has made none')
  const reader = admitOf(chain.scope, 'r1', { invitation: { role: 'reader' } })
  assert.equal(chain.say('p3', reader), ACCEPTED, 'nobody is asked')
})

/** Who may not invite or revoke, whatever they say. */
const STRANGERS: readonly (readonly [id: string, expected: RegExp])[] = [
  ['p5', /role clerk may not/],
  ['p6', /role reader may not/]
]

for (const [id, expected] of STRANGERS) {
  test(`${id}, whose role does not govern, neither invites nor revokes`, () => {
    const chain = governing(4, { p5: 'clerk', p6: 'reader' })
    const own = admitOf(chain.scope, 'p7', { invitation: { inviter: id } })
    // In the name of one who may, too.
    const forged = admitOf(chain.scope, 'p7', { signedBy: id })
    const [first = '', second = '', third = ''] = chain.say(id, own, forged, revocationOf(tokenOf('p7')))
    assert.match(first, expected)
    assert.match(second, /^NOT_PERMITTED: p1 did not sign the invitation/)
    assert.match(third, expected)
    assert.equal([chain.open(), use(chain, 'p7')], [[], undefined])
    // As a mere messenger anybody may bring who was rightly invited.
    assert.equal(chain.say(id, admitOf(chain.scope, 'p7')), ACCEPTED)
    assert.is(chain.proposal(`${id}/1/0`).by, 'p1')
  })
}

test('what became of an invitation is read and told as it was written', () => {
  for (const [text, told] of [
    ['revoked', 'revoked'],
    ['used p5', 'used by p5'],
    ['waiting p1/2/3', 'redeemed: proposal p1/2/3 decides on the admission'],
    ['rejected p1/2/3', 'used up: proposal p1/2/3 on the admission is rejected']
  ] as const) {
    const read = readInvitationUse(text)
    assert.is(read === null ? null : useText(read), told)
  }
  assert.is(readInvitationUse(undefined), null)
})

test.run()
