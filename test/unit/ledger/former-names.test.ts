import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import type { Json, JsonObject } from '../../../src/base/json.js'
import { definitionVersion } from '../../../src/ledger/definition-version.js'
import { formerNames } from '../../../src/ledger/former-names.js'
import { readGenesis } from '../../../src/ledger/genesis.js'
import type { ObjectDefinition } from '../../../src/ledger/network-definition.js'
import { readNetworkFile } from '../../../src/ledger/network-file.js'
import {
  both,
  car,
  change,
  EVOLVING_NETWORK,
  propose,
  readOfCar,
  remove,
  rename,
  start,
  visit
} from '../../support/evolving-network.js'
import { governanceChain, type Said } from '../../support/governance-chain.js'
import { type Draft, edited, modelProposal, networkNow } from '../../support/model-proposals.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('former names of fields')

test('rules read older records under the name of today, by previous and by reference', () => {
  const chain = start()
  assert.equal(chain.say('p1', car({ vin: 'a', kilometres: 100 })), ['accepted'])
  change(chain, both(rename('car', 'kilometres', 'odometer'), readOfCar))
  assert.equal(chain.say('p1', visit({ car: 'a', kilometres: 99 }), visit({ car: 'a', kilometres: 100 })), [
    'RULE_BROKEN: before',
    'accepted'
  ])
  const [less, old, good] = chain.say(
    'p1',
    car({ vin: 'a', odometer: 99 }),
    car({ vin: 'a', kilometres: 101 }),
    car({ vin: 'a', odometer: 101 })
  )
  assert.is(less, 'RULE_BROKEN: 99 is less than 100')
  assert.is(old, 'SCHEMA: kilometres is called odometer now: a new car must write odometer')
  assert.is(good, 'accepted')
})

test('an old name is told before what is missing by its new one', () => {
  const chain = start()
  chain.say('p1', car({ vin: 'a' }))
  change(chain, rename('part', 'weight', 'mass'))
  change(
    chain,
    both(rename('visit', 'kilometres', 'odometer'), ({ objects }) => void objects.visit!.rules.pop())
  )
  const [execution] = chain.commit([['p1', [visit({ car: 'a', kilometres: 1 })]]]).verdicts
  assert.equal(execution?.[0], {
    code: 'SCHEMA',
    message: 'kilometres is called odometer now: a new visit must write odometer',
    path: '/kilometres'
  })
})

test('a field is renamed again and again, and each former name stays readable', () => {
  const chain = start()
  chain.say('p1', car({ vin: 'a', kilometres: 100 }))
  change(
    chain,
    both(rename('car', 'kilometres', 'km'), ({ objects }) => void Object.assign(objects.visit!, { rules: [] }))
  )
  chain.say('p1', car({ vin: 'b', km: 200 }))
  change(chain, rename('car', 'km', 'odometer'))
  assert.equal(networkNow(chain).objects.car?.aliases, { kilometres: 'odometer', km: 'odometer' })
  assert.equal(chain.say('p1', car({ vin: 'a', odometer: 99 }), car({ vin: 'b', odometer: 199 })), [
    'RULE_BROKEN: 99 is less than 100',
    'RULE_BROKEN: 199 is less than 200'
  ])
  // And back to the first name, with what was written meanwhile.
  chain.say('p1', car({ vin: 'c', odometer: 300 }))
  change(chain, (draft) => {
    rename('car', 'odometer', 'kilometres')(draft)
    draft.objects.car!.aliases = { km: 'kilometres', odometer: 'kilometres' }
  })
  assert.equal(
    chain.say('p1', ...['a', 'b', 'c'].map((vin) => car({ vin, kilometres: 1 }))),
    [100, 200, 300].map((was) => `RULE_BROKEN: 1 is less than ${was}`)
  )
})

test('a field of the key is renamed: values stay, and so does what points to them', () => {
  const chain = start()
  chain.say('p1', car({ vin: 'a', kilometres: 100 }))
  change(chain, rename('car', 'vin', 'vehicle'))
  assert.equal(chain.say('p1', car({ vehicle: 'a', kilometres: 99 }), visit({ car: 'a', kilometres: 99 })), [
    'RULE_BROKEN: 99 is less than 100',
    'RULE_BROKEN: before'
  ])
  assert.equal(chain.say('p1', car({ vehicle: 'a', kilometres: 101 })), ['accepted'])
  assert.equal(
    [...chain.entries.keys()].filter((key) => key.startsWith('r:')),
    ['r:car["a"]']
  )
})

test('a removed field is no more for rules, and cannot be written', () => {
  const chain = start()
  chain.say('p1', car({ vin: 'a', colour: 'red' }))
  change(chain, remove('car', 'colour'))
  assert.is(
    propose(chain, ({ objects }) => void objects.car!.rules.push({ id: 'x', expr: 'true', message: 'm' })),
    'accepted'
  )
  assert.equal(chain.say('p1', car({ vin: 'a', colour: 'blue' }), car({ vin: 'a' })), [
    'SCHEMA: colour was removed: a new car cannot have it',
    'accepted'
  ])
})

test('an open object refuses former names too, and rules do not see what was removed from it', () => {
  const chain = start()
  const part = (data: JsonObject): Said => ({ object: 'part', data })
  chain.say('p1', part({ id: 'a', weight: 5, mass: 7 }), part({ id: 'b', weight: 5 }), part({ id: 'c', weight: 5 }))
  change(
    chain,
    both(rename('part', 'weight', 'mass'), ({ objects }) => {
      objects.part!.rules.push({ id: 'same', expr: 'record.mass == previous.mass', message: '{previous.mass}' })
    })
  )
  // Of two names in one record the younger one counts.
  assert.equal(chain.say('p1', part({ id: 'a', mass: 0 }), part({ id: 'b', mass: 0 })), [
    'RULE_BROKEN: 7',
    'RULE_BROKEN: 5'
  ])
  assert.equal(chain.say('p1', part({ id: 'b', mass: 5, weight: 5 }), part({ id: 'b', mass: 5 })), [
    'SCHEMA: weight is called mass now: a new part must write mass',
    'accepted'
  ])
  change(chain, ({ objects }) => {
    const { part: definition } = objects
    delete definition!.fields.properties.mass
    delete definition!.aliases
    definition!.removed = ['mass', 'weight']
    definition!.rules = [{ id: 'none', expr: 'previous == null || !("mass" in previous)', message: 'it has' }]
  })
  assert.equal(chain.say('p1', part({ id: 'c' }), part({ id: 'c', mass: 5 })), [
    'accepted',
    'SCHEMA: mass was removed: a new part cannot have it'
  ])
})

/** The car as its file has it, with these members, or a changed file. */
const MISTAKES: readonly (readonly [edit: (network: Draft) => void, problem: RegExp, remedy?: RegExp])[] = [
  [aliasesOf({ kilometres: 'colour' }), /^kilometres is a field of today$/],
  [aliasesOf({ km: 'kilometer' }), /^there is no field "kilometer"$/, /did you mean kilometres\?/],
  [
    aliasesOf({ km: 'kilom', kilom: 'kilometres' }),
    /no field "kilom"/,
    /kilom is called kilometres now: write km: kilometres/
  ],
  [aliasesOf({ city: 'place.town' }), /no field "place.town"/, /fields within fields have no aliases/],
  [aliasesOf({ '': 'colour' }), /cannot be the name of a field/],
  [aliasesOf(['km']), /say what older records call a field/],
  [aliasesOf({ km: 1 }), /say what older records call a field/],
  [removedOf(['colour']), /^colour is a field of today$/],
  [removedOf(['x', 'x']), /^x is listed twice$/],
  [removedOf('x'), /not a list of names/],
  [removedOf([1]), /not a list of names/],
  [
    (draft) => {
      aliasesOf({ km: 'kilometres' })(draft)
      removedOf(['km'])(draft)
    },
    /^km is an alias too$/
  ],
  [
    (draft) => {
      removedOf(['mass'])(draft, 'part')
      draft.objects.part!.fields.required.push('mass')
    },
    /mass is required/
  ],
  [(draft) => void Object.assign(draft, { removed: ['visit'] }), /visit is an object of today/],
  [(draft) => void Object.assign(draft, { removed: ['No name'] }), /cannot be a name here/]
]

function aliasesOf(aliases: Json) {
  return (draft: Draft): void => void Object.assign(draft.objects.car!, { aliases })
}

function removedOf(removed: Json) {
  return (draft: Draft, object = 'car'): void => void Object.assign(draft.objects[object]!, { removed })
}

for (const [at, [edit, problem, remedy = /./]] of MISTAKES.entries()) {
  test(`a file with mistakes, ${at}: ${problem.source}`, () => {
    const draft = JSON.parse(JSON.stringify(networkNow(start())))
    edit(draft)
    const read = readNetworkFile(JSON.stringify(draft), 'network')
    assert.is(read.ok, false)
    const problems = read.ok ? [] : read.problems
    assert.ok(
      problems.some((one) => problem.test(one.problem) && remedy.test(one.remedy)),
      JSON.stringify(problems)
    )
  })
}

test('lists that are empty are as if they were not there, and removed names are sorted', () => {
  const plain = networkNow(start())
  const same = edited(plain, (draft) => {
    Object.assign(draft.objects.car!, { aliases: {}, removed: [] })
    draft.removed = []
  })
  assert.equal(same, plain)
  const sorted = edited(plain, ({ objects }) => void Object.assign(objects.car!, { removed: ['b', 'a'] }))
  assert.equal(sorted.objects.car?.removed, ['a', 'b'])
})

test('networks of earlier versions have none of it', () => {
  const plain = networkNow(start()) as unknown as JsonObject
  assert.is(definitionVersion(plain), 1)
  assert.is(definitionVersion({ ...plain, removed: ['x'] }), 3)
  const { objects } = plain as { objects: JsonObject }
  for (const member of [{ aliases: { a: 'colour' } }, { removed: ['x'] }]) {
    const file = { ...plain, objects: { ...objects, car: { ...(objects.car as JsonObject), ...member } } }
    assert.is(definitionVersion(file), 3)
    const chain = governanceChain({ p1: 'garage' }, { file: EVOLVING_NETWORK, format: 2 })
    assert.match(chain.say('p1', modelProposal(file))[0]!, /^SCHEMA: .*from version 3 on/)
  }
  for (const odd of [null, 1, 'x', [], { objects: 1 }, { objects: { car: null } }, { objects: ['x'] }])
    assert.is(definitionVersion(odd as Json), 1)
  const { genesis } = genesisOf(['p1'], EVOLVING_NETWORK, 'garage', 2)
  const odd = { ...genesis, network: { ...genesis.network, removed: ['x'] } }
  assert.is(readGenesis(canonicalText(odd as unknown as Json)).ok, false)
  assert.ok(readGenesis(canonicalText({ ...odd, format: 3 } as unknown as Json)).ok)
  const two = governanceChain({ p1: 'garage' }, { file: EVOLVING_NETWORK, format: 2 })
  assert.is(
    propose(two, ({ objects: { car } }) => void delete car!.fields.properties.colour),
    'NOT_PERMITTED: the field car.colour is gone; leave it optional instead'
  )
})

test('data under the names of today is in their order, and nothing is changed', () => {
  const { present } = formerNames({
    aliases: { b: 'x', a: 'x', z: 'y' },
    removed: ['gone']
  } as unknown as ObjectDefinition)
  const data = Object.freeze({ a: 1, b: 2, gone: 3, q: 4, z: 5 })
  assert.equal(Object.entries(present(data)), [
    ['q', 4],
    ['x', 1],
    ['y', 5]
  ])
  const plain = { q: 4, x: 1 }
  assert.is(present(plain), plain)
})

test.run()
