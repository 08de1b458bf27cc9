import * as assert from 'uvu/assert'
import { signer } from '../../../src/base/crypto.js'
import type { JsonObject } from '../../../src/base/json.js'
import { PARTNERS_MAX } from '../../../src/base/limits.js'
import { batchBytes } from '../../../src/ledger/batch.js'
import { EVIDENCE_MAX } from '../../../src/ledger/evidence.js'
import type { Partner, PartnerSet } from '../../../src/ledger/partner-set.js'
import { VOTERS_MAX } from '../../../src/ledger/quorum.js'
import { checkRecord, encodeRecord } from '../../../src/ledger/record.js'
import {
  invitationBytes,
  joinBytes,
  judgeSystem,
  rejoinBytes,
  type SystemGround
} from '../../../src/ledger/system-judge.js'
import { invitationKey } from '../../../src/ledger/system-keys.js'
import { type Invitation, REASON_CHARS_MAX } from '../../../src/ledger/system-record.js'
import { proposalBytes, voteBytes } from '../../../src/ledger/vote.js'
import { FOUNDED_AT, keyOf, NETWORK, seedOf, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('system records')

const chain = smallChain(
  ['p1', 'p2', 'p3', 'p4'],
  NETWORK.replace('inspector: { ', 'clerk: { append: [note] }\n  inspector: { ')
)
const { scope } = chain
const EXPIRES = FOUNDED_AT + 1_000_000
const BLOCK = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)

function partner(id: string, change: Partial<Partner> = {}): Partner {
  return { id, incarnation: 0, key: keyOf(id), role: 'inspector', state: 'active', voter: true, ...change }
}

function setOf(...partners: readonly Partner[]): PartnerSet {
  return { epoch: 0, partners, quorum: 'two-thirds' }
}

const SET = chain.set

interface Situation {
  readonly author?: Partner
  readonly partners?: PartnerSet
  readonly latest?: PartnerSet
  readonly time?: number
  readonly state?: Readonly<Record<string, string>>
}

/** Judges the data as a record of the author; what comes out in one line, such as `NOT_PERMITTED: ...` or `accepted`. */
function judged(object: string, data: JsonObject, situation: Situation = {}) {
  const { author = partner('p1'), partners = SET, latest = partners, time = FOUNDED_AT + 1, state = {} } = situation
  const record = checkRecord(chain.model, encodeRecord({ object, data }), 128 * 1024)
  if (record.system === null)
    return { text: `${record.refusal?.code}: ${record.refusal?.message}`, writes: [], set: latest }
  const ground: SystemGround = {
    scope,
    network: chain.model.network,
    model: chain.model,
    partners,
    latest,
    latestModel: chain.model,
    version: 2,
    latestVersion: 2,
    state: { get: (key) => (state[key] === undefined ? undefined : { text: state[key] }) },
    time,
    height: 1,
    proposedBefore: 0,
    wordsBefore: 0,
    id: 'p1/0/0'
  }
  const verdict = judgeSystem(ground, author, record.system)
  if (!verdict.ok) return { text: `${verdict.refusal.code}: ${verdict.refusal.message}`, writes: [], set: latest }
  const { change, writes = [] } = verdict.effect
  return { text: 'accepted', writes, set: change === undefined ? latest : change(latest) }
}

interface Joining {
  readonly invitation?: Partial<Invitation>
  readonly inviter?: string
  readonly joiner?: string
  readonly redeemer?: string
  readonly addresses?: readonly string[]
  readonly change?: JsonObject
}

function admission(joining: Joining = {}): JsonObject {
  const { inviter = 'p1', joiner = 'p5', redeemer = 'token', addresses = ['/ip4/10.0.0.5/tcp/1'] } = joining
  const invitation: Invitation = {
    expires: EXPIRES,
    inviter: 'p1',
    key: keyOf('token'),
    name: 'Fifth\nPartner',
    partner: 'p5',
    role: 'inspector',
    ...joining.invitation
  }
  const key = keyOf(joiner)
  const bytes = joinBytes(scope, { invitation: invitation.key, key, addresses })
  return {
    addresses: [...addresses],
    invitation: { ...invitation },
    invitationSignature: signer(seedOf(inviter))(invitationBytes(scope, invitation)),
    key,
    keySignature: signer(seedOf(joiner))(bytes),
    redeemSignature: signer(seedOf(redeemer))(bytes),
    ...joining.change
  }
}

const USED = invitationKey(keyOf('token'))
const PENDING = { author: partner('p1', { state: 'pending' as const }) }
const CLERK = setOf(partner('p1', { role: 'clerk' }), partner('p2'))
const many = (count: number, voter: boolean): PartnerSet =>
  setOf(partner('p1'), ...Array.from({ length: count - 1 }, (_, at) => partner(`q${at}`, { key: `key ${at}`, voter })))

test('an admission that holds makes a pending partner at the end of the change, and is written down', () => {
  const partners = setOf(partner('p1'), partner('p2'), partner('p3'))
  const { text, writes, set } = judged('_admit', admission(), { partners })
  assert.is(text, 'accepted')
  assert.equal(set.partners.at(-1), partner('p5', { state: 'pending' }))
  assert.equal(writes, [
    { key: USED, text: 'used p5' },
    { key: 'w:p5', text: 'Fifth Partner' },
    { key: 'a:p5', text: '["/ip4/10.0.0.5/tcp/1"]' }
  ])
})

const ADMISSIONS: readonly (readonly [what: string, expected: RegExp, joining: Joining, situation?: Situation])[] = [
  ['by a partner that is pending', /^NOT_PERMITTED: partner p1 is pending/, {}, PENDING],
  ['of an inviter nobody knows', /p9 is no active partner/, { inviter: 'p9', invitation: { inviter: 'p9' } }],
  [
    'of an inviter that is suspended',
    /no active partner/,
    {},
    { partners: setOf(partner('p1', { state: 'suspended' })) }
  ],
  ['of an inviter that does not govern', /role clerk may not invite/, {}, { partners: CLERK }],
  ['signed by somebody else than the inviter', /p1 did not sign the invitation/, { inviter: 'p2' }],
  ['at the very time it expires', /has expired/, {}, { time: EXPIRES }],
  ['used before', /was used by p6/, {}, { state: { [USED]: 'used p6' } }],
  ['revoked', /was revoked/, {}, { state: { [USED]: 'revoked' } }],
  ['for a role that does not exist', /there is no role driver/, { invitation: { role: 'driver' } }],
  ['for a role that every object inherits', /there is no role constructor/, { invitation: { role: 'constructor' } }],
  ['for a role named as the prototype', /there is no role __proto__/, { invitation: { role: '__proto__' } }],
  ['of an id that is taken', /^DUPLICATE: p2 is a partner/, { invitation: { partner: 'p2' } }],
  [
    'of an id that is decided already',
    /^DUPLICATE: p5 is a partner/,
    {},
    { latest: setOf(partner('p5', { key: keyOf('x') })) }
  ],
  ['of a key that is taken', /^DUPLICATE: p3 has this key/, { joiner: 'p3' }],
  ['beyond the number of partners', /there are 256 partners/, {}, { partners: many(PARTNERS_MAX, false) }],
  ['beyond the number of voters', /there are 128 voters/, {}, { partners: many(VOTERS_MAX, true) }],
  ['with a key that did not sign', /the key did not sign/, { change: { keySignature: '0'.repeat(128) } }],
  ['with other addresses than signed', /the key did not sign/, { change: { addresses: [] } }],
  ['redeemed without the token', /by somebody who does not hold it/, { redeemer: 'p5' }]
]

for (const [what, expected, joining, situation] of ADMISSIONS) {
  test(`an admission is refused: ${what}`, () => {
    assert.match(judged('_admit', admission(joining), situation).text, expected)
  })
}

test('an admission is good until just before it expires, and a role without vote has room beyond the voters', () => {
  assert.is(judged('_admit', admission(), { time: EXPIRES - 1 }).text, 'accepted')
  const reader = admission({ invitation: { role: 'reader' } })
  const { vote } = chain.model.network.roles.reader!
  const expected = vote ? /there are 128 voters/ : /^accepted/
  assert.match(judged('_admit', reader, { partners: many(VOTERS_MAX, true) }).text, expected)
})

test('ready: a pending partner becomes active, nobody else does', () => {
  const data = { height: 3, block: BLOCK }
  const pending = setOf(partner('p1', { state: 'pending' }), partner('p2'))
  const { text, set } = judged('_ready', data, { ...PENDING, partners: pending })
  assert.is(text, 'accepted')
  assert.is(set.partners[0]?.state, 'active')
  assert.is(set.partners[1], pending.partners[1])
  assert.match(judged('_ready', data).text, /p1 is active, not pending/)
  // Decided in the same block already.
  assert.match(judged('_ready', data, { ...PENDING, partners: pending, latest: set }).text, /p1 is active/)
  assert.match(judged('_ready', data, { ...PENDING, partners: pending, latest: setOf() }).text, /p1 is no partner/)
})

test('address: anybody, also one who is pending; present: who is active', () => {
  const addresses = judged('_address', { addresses: ['/a', 'b\n'] }, PENDING)
  assert.is(addresses.text, 'accepted')
  assert.equal(addresses.writes, [{ key: 'a:p1', text: '["/a","b\\n"]' }])
  assert.is(judged('_present', { height: 1 }).text, 'accepted')
  assert.match(judged('_present', { height: 1 }, PENDING).text, /p1 is pending/)
})

test('revoke: by who governs, once', () => {
  const data = { key: keyOf('token') }
  const { text, writes } = judged('_revoke', data)
  assert.is(text, 'accepted')
  assert.equal(writes, [{ key: USED, text: 'revoked' }])
  assert.match(judged('_revoke', data, PENDING).text, /p1 is pending/)
  assert.match(judged('_revoke', data, { author: partner('p1', { role: 'clerk' }) }).text, /role clerk may not revoke/)
  assert.match(judged('_revoke', data, { state: { [USED]: 'used p5' } }).text, /was used by p5/)
  assert.match(judged('_revoke', data, { state: { [USED]: 'revoked' } }).text, /was revoked/)
})

function rejoin(incarnation: number, change: JsonObject = {}, by = 'p3'): JsonObject {
  const body = { partner: 'p3', incarnation, nonce: BLOCK }
  return { ...body, signature: signer(seedOf(by))(rejoinBytes(scope, body)), ...change }
}

test('rejoin: the next incarnation of a partner, signed by it', () => {
  const { text, writes, set } = judged('_rejoin', rejoin(1))
  assert.is(text, 'accepted')
  assert.equal(writes, [{ key: 'n:p3', text: BLOCK }])
  assert.equal(
    set.partners.map(({ incarnation }) => incarnation),
    [0, 0, 1, 0]
  )
  assert.match(judged('_rejoin', rejoin(1), PENDING).text, /p1 is pending/)
  assert.match(judged('_rejoin', rejoin(1), { latest: setOf(partner('p1')) }).text, /p3 is no partner/)
  const removed = setOf(partner('p3', { state: 'removed' }))
  assert.match(judged('_rejoin', rejoin(1), { latest: removed }).text, /p3 is no partner/)
  // The same request once more, and one too far.
  assert.match(judged('_rejoin', rejoin(1), { latest: set }).text, /p3 is at incarnation 1/)
  assert.match(judged('_rejoin', rejoin(2)).text, /p3 is at incarnation 0/)
  assert.match(judged('_rejoin', rejoin(1, {}, 'p2')).text, /p3 did not sign/)
  assert.match(judged('_rejoin', rejoin(1, { nonce: OTHER })).text, /p3 did not sign/)
})

type Change = Readonly<Record<string, string | number | null>>

function vote(block: string | null, change: Change = {}, by = 'p2'): JsonObject {
  const body = { block, height: 7, incarnation: 0, kind: 'prevote' as const, round: 0, voter: 'p2', ...change }
  return { ...body, signature: signer(seedOf(by))(voteBytes(scope, body as Parameters<typeof voteBytes>[1])) }
}

function proposal(block: string, change: Change = {}): JsonObject {
  const body = { block, height: 7, incarnation: 0, proposer: 'p2', round: 0, validRound: -1, ...change }
  return { ...body, signature: signer(seedOf('p2'))(proposalBytes(scope, body as Parameters<typeof proposalBytes>[1])) }
}

const AHEAD = { incarnation: 3 }

function batch(root: string, change: Change = {}, by = 'p2'): JsonObject {
  const body = { author: 'p2', bytes: 10, count: 1, incarnation: 0, root, sequence: 7, ...change }
  return { ...body, signature: signer(seedOf(by))(batchBytes(scope, body)) }
}

const batches = (first: JsonObject, second: JsonObject): JsonObject => ({ kind: 'batch', first, second })
const votes = (first: JsonObject, second: JsonObject): JsonObject => ({ kind: 'vote', first, second })
const proposals = (first: JsonObject, second: JsonObject): JsonObject => ({ kind: 'proposal', first, second })

test('evidence: two signed messages of one place that differ are counted once', () => {
  const { text, writes } = judged('_evidence', votes(vote(BLOCK), vote(null)))
  assert.is(text, 'accepted')
  assert.equal(writes, [
    { key: 'e:p2/0/7/0/prevote', text: `["${BLOCK}",null]` },
    { key: 'e:p2', text: '1' },
    { key: 'e:p2/0', text: '1' }
  ])
  const known = { state: { 'e:p2/0/7/0/prevote': '[]', 'e:p2': '1' } }
  assert.match(judged('_evidence', votes(vote(null), vote(OTHER)), known).text, /^DUPLICATE: this is known/)
  const further = judged('_evidence', proposals(proposal(BLOCK), proposal(BLOCK, { validRound: 0, round: 0 })), known)
  assert.is(further.text, 'accepted')
  assert.equal(further.writes[1], { key: 'e:p2', text: '2' })
})

test('evidence: two batches of one sequence, each of which could be first', () => {
  const { text, writes } = judged('_evidence', batches(batch(BLOCK), batch(OTHER, { count: 2 })))
  assert.is(text, 'accepted')
  assert.is(writes[0]?.key, 'e:p2/0/7/batch')
  const [first, second] = JSON.parse(writes[0]?.text ?? '[]') as string[]
  assert.ok(first !== second && first?.length === 64)
  const known = { state: { 'e:p2/0/7/batch': '[]' } }
  assert.match(judged('_evidence', batches(batch(OTHER), batch(BLOCK)), known).text, /^DUPLICATE/)
})

test('evidence: of one incarnation of a partner so many are taken and no more', () => {
  const lie = votes(vote(BLOCK), vote(OTHER))
  const one = judged('_evidence', lie, { state: { 'e:p2': '15', 'e:p2/0': String(EVIDENCE_MAX - 1) } })
  assert.is(one.text, 'accepted')
  assert.is(one.writes[2]?.text, String(EVIDENCE_MAX))
  const full = { state: { 'e:p2': '16', 'e:p2/0': String(EVIDENCE_MAX) } }
  assert.match(judged('_evidence', lie, full).text, /^LIMIT_EXCEEDED/)
  const again = setOf(partner('p1'), partner('p2', { incarnation: 1 }))
  const next = votes(vote(BLOCK, { incarnation: 1 }), vote(OTHER, { incarnation: 1 }))
  assert.is(judged('_evidence', next, { ...full, partners: again, latest: again }).text, 'accepted')
  assert.match(judged('_evidence', lie, { ...full, partners: again, latest: again }).text, /^LIMIT_EXCEEDED/)
})

const NO_EVIDENCE: readonly (readonly [what: string, expected: RegExp, data: JsonObject, situation?: Situation])[] = [
  ['by a partner that is pending', /p1 is pending/, votes(vote(BLOCK), vote(OTHER)), PENDING],
  ['against nobody', /p2 is no partner/, votes(vote(BLOCK), vote(OTHER)), { partners: setOf(partner('p1')) }],
  ['of two heights', /one place/, votes(vote(BLOCK), vote(OTHER, { height: 8 }))],
  ['of two rounds', /one place/, votes(vote(BLOCK), vote(OTHER, { round: 1 }))],
  ['of two kinds', /one place/, votes(vote(BLOCK), vote(OTHER, { kind: 'precommit' }))],
  ['of two incarnations', /one place/, votes(vote(BLOCK), vote(OTHER, { incarnation: 1 }))],
  ['of two voters', /one place/, votes(vote(BLOCK), vote(OTHER, { voter: 'p3' }, 'p3'))],
  ['that is the same twice', /they are the same/, votes(vote(BLOCK), vote(BLOCK))],
  [
    'that is the same with another signature',
    /are the same/,
    votes(vote(BLOCK), { ...vote(BLOCK), signature: '0'.repeat(128) })
  ],
  ['that somebody else signed first', /p2 did not sign the first/, votes(vote(BLOCK, {}, 'p3'), vote(OTHER))],
  ['that somebody else signed second', /p2 did not sign the second/, votes(vote(BLOCK), vote(OTHER, {}, 'p3'))],
  ['of proposals of two rounds', /one place/, proposals(proposal(BLOCK), proposal(OTHER, { round: 1 }))],
  ['of one proposal twice', /they are the same/, proposals(proposal(BLOCK), proposal(BLOCK))],
  ['of an unknown kind', /^SCHEMA/, { kind: 'other', first: vote(BLOCK), second: vote(OTHER) }],
  ['of batches that are votes', /^SCHEMA/, { kind: 'batch', first: vote(BLOCK), second: vote(OTHER) }],
  ['of an incarnation that never was', /not come to incarnation 3/, votes(vote(BLOCK, AHEAD), vote(OTHER, AHEAD))],
  ['of batches of two sequences', /one place/, batches(batch(BLOCK), batch(OTHER, { sequence: 8 }))],
  ['of batches of two incarnations', /one place/, batches(batch(BLOCK), batch(OTHER, { incarnation: 1 }))],
  ['of batches of two authors', /one place/, batches(batch(BLOCK), batch(OTHER, { author: 'p3' }, 'p3'))],
  ['of one batch twice', /they are the same/, batches(batch(BLOCK), batch(BLOCK))],
  [
    'of one batch with another signature',
    /they are the same/,
    batches(batch(BLOCK), { ...batch(BLOCK), signature: '0'.repeat(128) })
  ],
  ['of a batch that somebody else signed', /p2 did not sign the second/, batches(batch(BLOCK), batch(OTHER, {}, 'p3'))],
  ['of a batch whose count was altered', /did not sign/, batches(batch(BLOCK), { ...batch(BLOCK), count: 2 })],
  ['of mixed kinds', /^SCHEMA/, votes(vote(BLOCK), proposal(BLOCK))]
]

for (const [what, expected, data, situation] of NO_EVIDENCE) {
  test(`evidence is refused: ${what}`, () => assert.match(judged('_evidence', data, situation).text, expected))
}

const SUSPEND = { kind: 'suspend', partner: 'p2' }

const SHAPES: readonly (readonly [object: string, data: JsonObject])[] = [
  ['_admit', { ...admission(), more: 1 }],
  ['_admit', { ...admission(), key: 'no key' }],
  ['_admit', { ...admission(), invitation: { ...(admission().invitation as JsonObject), expires: -1 } }],
  ['_admit', { ...admission(), addresses: Array.from({ length: 9 }, () => '/a') }],
  ['_ready', { height: 1 }],
  ['_ready', { height: 1.5, block: BLOCK }],
  ['_address', { addresses: ['x'.repeat(257)] }],
  ['_address', { addresses: 'x' }],
  ['_present', { height: '1' }],
  ['_revoke', { key: 'x' }],
  ['_proposal', { change: SUSPEND, expires: EXPIRES }],
  ['_proposal', { change: SUSPEND, expires: EXPIRES, reason: '', more: 1 }],
  ['_proposal', { change: SUSPEND, expires: -1, reason: '' }],
  ['_proposal', { change: SUSPEND, expires: EXPIRES, reason: 'x'.repeat(REASON_CHARS_MAX + 1) }],
  ['_proposal', { change: { kind: 'dance', partner: 'p2' }, expires: EXPIRES, reason: '' }],
  ['_proposal', { change: { kind: '__proto__', partner: 'p2' }, expires: EXPIRES, reason: '' }],
  ['_proposal', { change: { ...SUSPEND, role: 'reader' }, expires: EXPIRES, reason: '' }],
  ['_proposal', { change: { ...SUSPEND, partner: 'P2' }, expires: EXPIRES, reason: '' }],
  ['_proposal', { change: { kind: 'role', partner: 'p2' }, expires: EXPIRES, reason: '' }],
  ['_proposal', { change: { kind: 'role', partner: 'p2', role: 'x'.repeat(65) }, expires: EXPIRES, reason: '' }],
  ['_proposal', { change: { kind: 'key', partner: 'p2', key: 'no key' }, expires: EXPIRES, reason: '' }],
  ['_proposal', { change: [SUSPEND], expires: EXPIRES, reason: '' }],
  ['_ballot', { proposal: 'p1/0/0', reason: '', yes: 'true' }],
  ['_ballot', { proposal: 'p1/0/0', yes: true }],
  ['_ballot', { proposal: 'p1/0/00', reason: '', yes: true }],
  ['_ballot', { proposal: 'p1/0/0', reason: 'x'.repeat(REASON_CHARS_MAX + 1), yes: true }],
  ['_withdraw', { proposal: 'p1' }],
  ['_withdraw', { proposal: 'p1/0/0', reason: '' }],
  ['_rejoin', rejoin(0)],
  ['_rejoin', rejoin(1, { nonce: 'ab' })]
]

for (const [at, [object, data]] of SHAPES.entries()) {
  test(`${object} of a wrong shape is refused: ${at}`, () => assert.match(judged(object, data).text, /^SCHEMA/))
}

for (const object of ['_', '_other', '__proto__', '__defineGetter__', '__lookupGetter__', '_admit\n']) {
  test(`an object that is none of the network's is unknown: ${JSON.stringify(object)}`, () => {
    assert.match(judged(object, {}).text, /^UNKNOWN_OBJECT/)
    const [verdicts] = smallChain().commit([['p1', [encodeRecord({ object, data: {} })]]]).executed.execution.verdicts
    assert.is(verdicts?.[0]?.code, 'UNKNOWN_OBJECT')
  })
}

test.run()
