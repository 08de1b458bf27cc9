import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import type { Json } from '../../../src/base/json.js'
import { isSettling } from '../../../src/ledger/execution.js'
import { VOTERS_MAX } from '../../../src/ledger/quorum.js'
import { ballotOf, GOVERNED_NETWORK, governanceChain, proposalOf, type Said } from '../../support/governance-chain.js'
import { type Draft, decidedNetwork, edited, modelProposal, networkNow } from '../../support/model-proposals.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('proposals of network files')

type Chain = ReturnType<typeof governanceChain>

const THREE = { p1: 'inspector', p2: 'inspector', p3: 'inspector' }
const BASE = genesisOf([], GOVERNED_NETWORK).genesis.network

const noted = (text: string, vehicle?: string): Said => {
  return { object: 'note', data: vehicle === undefined ? { text } : { text, vehicle } }
}
const inspected = (vehicle: string, odometer: number): Said => ({ object: 'inspection', data: { vehicle, odometer } })

const SHORT_NOTES = edited(BASE, ({ objects }) => {
  objects.note!.rules.push({ id: 'short', expr: 'size(record.text) < 5', message: 'too long' })
})

/** Proposes and agrees: p1 and all of these. */
function pass(chain: Chain, network: unknown, ...others: readonly string[]): string {
  const id = chain.nextId('p1')
  const batches = others.map((other) => [other, [ballotOf(id, true)]] as const)
  const [verdicts = []] = chain.commit([['p1', [modelProposal(network)]], ...batches]).verdicts
  assert.equal(verdicts, [null])
  assert.is(chain.proposal(id).state, 'passed')
  return id
}

test('a rule decided in block H judges from block H+2 on, whatever it was checked under before', () => {
  const chain = governanceChain(THREE)
  const before = [...chain.entries.keys()]
  const id = pass(chain, SHORT_NOTES, 'p2', 'p3')
  assert.equal(before, [])
  assert.is(chain.proposal(id).effective, 3)
  assert.is(networkNow(chain).objects.note?.rules.length, 0)
  assert.is(decidedNetwork(chain).objects.note?.rules.length, 1)
  assert.ok(isSettling(chain.rulebook()))
  assert.equal(chain.say('p1', noted('a long one')), ['accepted'])
  assert.is(networkNow(chain).objects.note?.rules.length, 1)
  assert.equal(chain.say('p1', noted('a long one'), noted('ok')), ['RULE_BROKEN: too long', 'accepted'])
  assert.not.ok(isSettling(chain.rulebook()))
})

test('headers name the model in force, and the state keeps every definition for good', () => {
  const chain = governanceChain(THREE)
  const first = chain.rulebook().model.hash
  assert.is(chain.entries.get('m:'), undefined)
  pass(chain, SHORT_NOTES, 'p2', 'p3')
  const second = chain.rulebook().models.next.model.hash
  assert.is.not(second, first)
  const text = canonicalText(SHORT_NOTES as unknown as Json)
  assert.is(chain.entries.get('M:3')?.text, text)
  assert.is(chain.entries.get('G:p1/0/0')?.text, text)
  assert.is(chain.entries.get('m:')?.text, `{"next":{"from":3,"hash":"${second}"},"now":{"from":0,"hash":"${first}"}}`)
  assert.is(chain.rulebook().model.hash, first)
  chain.commit()
  assert.is(chain.entries.get('m:')?.text, `{"next":null,"now":{"from":3,"hash":"${second}"}}`)
  assert.is(chain.rulebook().model.hash, second)
  // Nobody changed anything of the partners, so no set was decided.
  assert.equal(
    [...chain.entries.keys()].filter((key) => /^[pP]:/.test(key)),
    []
  )
  const after = chain.commit([['p1', [noted('x')]]])
  assert.not.ok(
    after.writes.some(({ key }) => key === 'm:'),
    'once settled nothing more is written'
  )
})

test('back to the file before, two changes one after the other', () => {
  const chain = governanceChain(THREE)
  pass(chain, SHORT_NOTES, 'p2', 'p3')
  const again = chain.nextId('p1')
  const back = chain.commit([
    ['p1', [modelProposal(BASE)]],
    ['p2', [ballotOf(again, true)]],
    ['p3', [ballotOf(again, true)]]
  ])
  assert.equal(back.verdicts, [[null], [null], [null]])
  assert.is(networkNow(chain).objects.note?.rules.length, 1)
  assert.is(decidedNetwork(chain).objects.note?.rules.length, 0)
  chain.commit()
  assert.is(networkNow(chain).objects.note?.rules.length, 0)
  assert.is(chain.rulebook().models.now.from, 4)
  assert.not.ok(isSettling(chain.rulebook()))
})

test('of two open files the one that passes first makes the other stale', () => {
  const chain = governanceChain(THREE)
  const other = edited(BASE, (draft) => {
    draft.title = 'Another'
  })
  const [first, second] = [chain.nextId('p1'), chain.nextId('p2')]
  chain.commit([
    ['p1', [modelProposal(SHORT_NOTES)]],
    ['p2', [modelProposal(other)]]
  ])
  chain.commit([
    ['p2', [ballotOf(first, true)]],
    ['p3', [ballotOf(first, true), ballotOf(second, true)]]
  ])
  assert.is(chain.proposal(first).state, 'passed')
  assert.is(chain.proposal(second).state, 'stale')
})

test('a role that the new file has no more makes its proposals stale', () => {
  const chain = governanceChain(THREE)
  const id = chain.nextId('p2')
  chain.say('p2', proposalOf({ kind: 'role', partner: 'p3', role: 'clerk' }))
  const without = edited(BASE, ({ roles }) => {
    delete roles.clerk
  })
  pass(chain, without, 'p2', 'p3')
  assert.is(chain.proposal(id).state, 'stale')
  assert.match(
    chain.say('p1', proposalOf({ kind: 'role', partner: 'p3', role: 'clerk' }))[0]!,
    /there is no role clerk/
  )
})

test('quorum and voters follow the file', () => {
  const chain = governanceChain({ ...THREE, p4: 'reader' })
  const file = edited(BASE, (draft) => {
    draft.quorum = 'majority'
    draft.roles.reader!.vote = true
  })
  pass(chain, file, 'p2', 'p3')
  assert.is(chain.now('p4').voter, false)
  assert.is(chain.decided('p4').voter, true)
  assert.is(chain.rulebook().partners.quorum, 'two-thirds')
  assert.is(chain.rulebook().nextPartners.quorum, 'majority')
  assert.ok(chain.entries.has('P:3'))
  chain.commit()
  assert.is(chain.now('p4').voter, true)
  assert.is(chain.rulebook().partners.quorum, 'majority')
})

test('who governs under the decided file alone, or under the one in force alone, has no say in between', () => {
  const chain = governanceChain({ ...THREE, p4: 'clerk' })
  const file = edited(BASE, ({ roles }) => {
    roles.clerk!.govern = true
    roles.clerk!.append = []
  })
  const open = chain.nextId('p2')
  chain.say('p2', proposalOf({ kind: 'suspend', partner: 'p1' }))
  pass(chain, file, 'p2', 'p3')
  assert.match(chain.say('p4', ballotOf(open, true))[0]!, /NOT_PERMITTED: role clerk does not govern/)
  assert.equal(chain.say('p4', ballotOf(open, true)), ['accepted'])
})

interface Refused {
  readonly name: string
  readonly edit: (draft: Draft) => void
  readonly problem: RegExp
}

const REFUSED: readonly Refused[] = [
  { name: 'nothing new', edit: () => {}, problem: /decided on already/ },
  {
    name: 'a role that somebody has',
    edit: ({ roles }) => {
      roles.boss = { append: [], govern: true, vote: true }
      delete roles.inspector
    },
    problem: /there is no role inspector any more, which p1 has/
  },
  {
    name: 'a role that somebody suspended has',
    edit: ({ roles }) => {
      delete roles.clerk
    },
    problem: /there is no role clerk any more, which p4 has/
  },
  {
    name: 'nobody governs',
    edit: ({ roles }) => {
      roles.inspector!.govern = false
      roles.boss = { append: [], govern: true, vote: true }
    },
    problem: /no active partner would be left whose role governs/
  },
  {
    name: 'nobody votes',
    edit: ({ roles }) => {
      roles.inspector = { append: ['note'], govern: false, vote: false }
      roles.boss = { append: [], govern: true, vote: true }
    },
    problem: /no active (voter|partner) would be left/
  },
  {
    name: 'an object is gone',
    edit: ({ objects, roles }) => {
      delete objects.note
      for (const role of Object.values(roles)) role.append = role.append.filter((object) => object !== 'note')
    },
    problem: /the object note is gone/
  },
  {
    name: 'another key',
    edit: ({ objects }) => {
      objects.inspection!.key = ['vehicle', 'odometer']
      objects.note!.references = {}
    },
    problem: /the key of inspection is \[vehicle, odometer\] and was \[vehicle\]/
  },
  {
    name: 'no key any more',
    edit: ({ objects }) => {
      objects.inspection!.key = []
      objects.inspection!.rules = []
      objects.note!.references = {}
    },
    problem: /the key of inspection is \[\]/
  },
  {
    name: 'a field of another type',
    edit: ({ objects }) => {
      objects.inspection!.fields.properties.odometer = { type: 'string' }
      objects.inspection!.rules = []
    },
    problem: /the field inspection.odometer was an integer and would be a string/
  },
  {
    name: 'a field is gone',
    edit: ({ objects }) => {
      delete objects.note!.fields.properties.vehicle
      objects.note!.references = {}
    },
    problem: /the field note.vehicle is gone/
  }
]

for (const { name, edit, problem } of REFUSED) {
  test(`refuses a file by what the chain says: ${name}`, () => {
    const chain = governanceChain({ ...THREE, p4: 'clerk' })
    const id = chain.nextId('p1')
    chain.commit([
      ['p1', [proposalOf({ kind: 'suspend', partner: 'p4' })]],
      ['p2', [ballotOf(id, true)]],
      ['p3', [ballotOf(id, true)]]
    ])
    chain.commit()
    const [verdict] = chain.say('p1', modelProposal(edited(BASE, edit)))
    assert.match(verdict!, /^NOT_PERMITTED: /)
    assert.match(verdict!, problem)
  })
}

test('the role of one who was removed may go', () => {
  const chain = governanceChain({ ...THREE, p4: 'clerk' })
  const id = chain.nextId('p1')
  chain.commit([
    ['p1', [proposalOf({ kind: 'remove', partner: 'p4' })]],
    ['p2', [ballotOf(id, true)]],
    ['p3', [ballotOf(id, true)]]
  ])
  const without = edited(BASE, ({ roles }) => {
    delete roles.clerk
  })
  pass(chain, without, 'p2', 'p3')
  assert.ok(chain.decided('p4').voter, 'of one who is removed nothing changes')
})

test('what counts is what is left when it passes', () => {
  const chain = governanceChain({ ...THREE, p4: 'inspector' })
  const file = edited(BASE, ({ roles }) => {
    delete roles.clerk
  })
  const [model, role] = [chain.nextId('p1'), chain.nextId('p2')]
  chain.commit([
    ['p1', [modelProposal(file)]],
    ['p2', [proposalOf({ kind: 'role', partner: 'p4', role: 'clerk' })]]
  ])
  chain.commit([
    ['p2', [ballotOf(model, true)]],
    ['p3', [ballotOf(role, true)]],
    ['p4', [ballotOf(role, true)]]
  ])
  assert.is(chain.proposal(role).state, 'passed')
  chain.commit([
    ['p2', [ballotOf(model, true)]],
    ['p3', [ballotOf(model, true)]]
  ])
  assert.is(chain.proposal(model).state, 'stale', 'p4 has the role by now')
})

test('no more voters than a certificate holds', () => {
  const many = Object.fromEntries(Array.from({ length: VOTERS_MAX }, (_, at) => [`q${1000 + at}`, 'reader']))
  const chain = governanceChain({ p1: 'inspector', ...many })
  const all = edited(BASE, ({ roles }) => {
    roles.reader!.vote = true
  })
  assert.match(chain.say('p1', modelProposal(all))[0]!, /more than 128 voters/)
})

const MISTAKES: readonly (readonly [name: string, definition: unknown, message: RegExp])[] = [
  ['no members', {}, /a network file needs/],
  ['defaults left out', { ...BASE, quorum: undefined }, /leaves out defaults/],
  ['a rule of nonsense', withRule('record.odometer >'), /objects.inspection.rules\[0\].expr/],
  ['an unknown field', withRule('record.mileage > 1'), /has no field mileage/],
  ['thresholds without any', { ...BASE, thresholds: {} }, /leaves out defaults/],
  ['a threshold of nonsense', { ...BASE, thresholds: { model: 'most' } }, /thresholds.model: "most" is no threshold/]
]

function withRule(expr: string): unknown {
  const draft = structuredClone(BASE)
  draft.objects.inspection!.rules = [{ id: 'one', expr, message: 'no' }]
  return draft
}

for (const [name, definition, message] of MISTAKES) {
  test(`refuses a definition with mistakes by the first of them: ${name}`, () => {
    const chain = governanceChain(THREE)
    const clean = JSON.parse(JSON.stringify(definition))
    const [verdict] = chain.say('p1', modelProposal(clean))
    assert.match(verdict!, /^SCHEMA: /)
    assert.match(verdict!, message)
    assert.equal(chain.open(), [])
  })
}

test('a definition is only looked at when who proposes it may', () => {
  const chain = governanceChain({ ...THREE, p4: 'clerk' })
  assert.match(chain.say('p4', modelProposal({}))[0]!, /^NOT_PERMITTED: role clerk does not govern/)
})

test('what is no object at all is of the wrong shape', () => {
  const chain = governanceChain(THREE)
  for (const network of [null, [], 'x', 1]) assert.match(chain.say('p1', modelProposal(network))[0]!, /^SCHEMA: /)
  const more = { change: { kind: 'model', network: BASE as unknown as Json, partner: 'p1' } }
  assert.match(chain.say('p1', modelProposal(BASE, more))[0]!, /partner is unknown/)
})

test('records under an older file never break the rules of a newer one: what is missing is a RULE_ERROR', () => {
  const chain = governanceChain(THREE)
  chain.say('p1', inspected('a', 5))
  const file = edited(BASE, ({ objects }) => {
    const { inspection, note } = objects
    inspection!.fields.properties.station = { type: 'string', maxLength: 10 }
    inspection!.fields.required = ['vehicle', 'odometer', 'station']
    inspection!.rules.push({
      id: 'same-station',
      expr: 'previous == null || previous.station == record.station',
      message: '{previous.station}'
    })
    note!.rules.push({ id: 'known', expr: 'refs.about == null || refs.about.station != record.text', message: 'no' })
  })
  pass(chain, file, 'p2', 'p3')
  chain.commit()
  const station = { ...inspected('a', 6), data: { vehicle: 'a', odometer: 6, station: 'x' } }
  const verdicts = chain.say('p1', inspected('a', 6), station, noted('x', 'a'), noted('x'))
  assert.match(verdicts[0]!, /^SCHEMA: /)
  assert.match(verdicts[1]!, /^RULE_ERROR: .*previous.station is missing/)
  assert.match(verdicts[2]!, /^RULE_ERROR: .*refs.about.station is missing/)
  assert.is(verdicts[3], 'accepted')
  const fresh = { ...station, data: { vehicle: 'b', odometer: 1, station: 'x' } }
  assert.equal(chain.say('p1', fresh), ['accepted'])
})

test('an object that the new file adds is unknown until it is in force', () => {
  const chain = governanceChain(THREE)
  const file = edited(BASE, ({ objects, roles }) => {
    objects.part = structuredClone(objects.note!)
    objects.part.references = {}
    roles.inspector!.append = ['inspection', 'note', 'part']
  })
  pass(chain, file, 'p2', 'p3')
  const part: Said = { object: 'part', data: { text: 'x' } }
  assert.match(chain.say('p1', part)[0]!, /^UNKNOWN_OBJECT/)
  assert.equal(chain.say('p1', part), ['accepted'])
})

test.run()
