import * as assert from 'uvu/assert'
import {
  both,
  type Chain,
  car,
  change,
  type Edit,
  propose,
  readOfCar,
  remove,
  rename,
  start
} from '../../support/evolving-network.js'
import { modelProposal, networkNow } from '../../support/model-proposals.js'
import { suite } from '../../support/suite.js'

const test = suite('records that stand, under another file')

/** What a network that has renamed `kilometres` to `odometer` and removed `colour` and `part` refuses. */
const REFUSED: readonly (readonly [name: string, edit: Edit, problem: string])[] = [
  [
    'a field less',
    ({ objects }) => void delete objects.car!.fields.properties.odometer,
    'there is no field "odometer"'
  ],
  [
    'a field less, and its alias',
    ({ objects }) => {
      delete objects.car!.fields.properties.odometer
      delete objects.car!.aliases
      objects.car!.rules = []
      objects.visit!.rules = []
    },
    'the field car.odometer is gone; leave it optional instead, say under aliases what it is called now, or list it under removed'
  ],
  [
    'an alias less',
    ({ objects }) => void delete objects.car!.aliases,
    'car.kilometres is what older records call odometer: leave it an alias of that field, or list it under removed'
  ],
  [
    'a former name for a field of its own',
    ({ objects }) => {
      delete objects.car!.aliases
      objects.car!.fields.properties.kilometres = { type: 'integer' }
    },
    'car.kilometres is what older records call odometer'
  ],
  [
    'a former name for another field',
    ({ objects }) => void Object.assign(objects.car!, { aliases: { kilometres: 'other' } }),
    'car.kilometres is what older records call odometer'
  ],
  [
    'a removed name as a field, of another type',
    ({ objects }) => {
      delete objects.car!.removed
      objects.car!.fields.properties.colour = { type: 'integer' }
    },
    'car.colour was removed: leave it in the list, older records have it'
  ],
  [
    'a removed name as an alias',
    ({ objects }) => {
      delete objects.car!.removed
      objects.car!.aliases = { ...objects.car!.aliases, colour: 'other' }
    },
    'car.colour was removed: leave it in the list, older records have it'
  ],
  [
    'two fields that become one',
    ({ objects }) => {
      delete objects.car!.fields.properties.other
      objects.car!.aliases = { ...objects.car!.aliases, other: 'odometer' }
    },
    'car.odometer and car.other would both be odometer: records have both'
  ],
  [
    'another type by another name',
    ({ objects }) => {
      delete objects.car!.fields.properties.other
      objects.car!.fields.properties.more = { type: 'string' }
      objects.car!.aliases = { ...objects.car!.aliases, other: 'more' }
    },
    'the field car.more was an integer and would be a string: older records have the former'
  ],
  [
    'an alias of what was no field',
    ({ objects }) => void Object.assign(objects.car!, { aliases: { ...objects.car!.aliases, mileage: 'other' } }),
    'car.mileage was no field of car: an alias says what one was called'
  ],
  [
    'a key field that is removed',
    both(remove('car', 'vin'), ({ objects }) => {
      objects.car!.key = ['plate']
      objects.car!.fields.properties.plate = { type: 'string' }
      objects.car!.fields.required = ['plate']
    }),
    'the key of car is [plate] and was [vin]'
  ],
  [
    'a field within a field less',
    ({ objects }) =>
      void Object.assign(objects.car!.fields.properties, { place: { type: 'object', additionalProperties: false } }),
    'the field car.place.town is gone; leave it optional instead'
  ],
  [
    'an object less',
    ({ objects, roles }) => {
      delete objects.visit
      roles.garage!.append = ['car']
    },
    'the object visit is gone, and its records would be lost from sight: keep it (its title may be another one), or list it under removed'
  ],
  ['a removed object back in no list', (draft) => void delete draft.removed, 'part was removed: leave it in the list']
]

function grown(): Chain {
  const chain = start()
  change(
    chain,
    both(rename('car', 'kilometres', 'odometer'), readOfCar, ({ objects }) => {
      objects.car!.fields.properties.other = { type: 'integer' }
    })
  )
  change(
    chain,
    both(remove('car', 'colour'), (draft) => {
      delete draft.objects.part
      draft.roles.garage!.append = ['car', 'visit']
      draft.removed = ['part']
    })
  )
  return chain
}

for (const [name, edit, problem] of REFUSED) {
  test(`refuses ${name}`, () => {
    const chain = grown()
    const draft = JSON.parse(JSON.stringify(networkNow(chain)))
    edit(draft)
    const [verdict] = chain.say('p1', modelProposal(draft))
    assert.ok(verdict?.includes(problem), verdict)
  })
}

test('a removed object takes no record, and its name no other object', () => {
  const chain = grown()
  assert.equal(chain.say('p1', { object: 'part', data: { id: 'a' } }), [
    'UNKNOWN_OBJECT: the object part was removed: its records can be read, and no new ones appended'
  ])
  const draft = JSON.parse(JSON.stringify(networkNow(chain)))
  draft.objects.part = draft.objects.visit
  assert.match(chain.say('p1', modelProposal(draft))[0]!, /^SCHEMA: .*part is an object of today/)
})

test('what stands in unique or limits keeps its name, or leaves them', () => {
  const chain = start()
  change(chain, ({ objects }) => {
    objects.car!.unique = [['colour']]
    objects.visit!.limits = [{ id: 'few', per: ['car'], period: 'day', count: 3 }]
  })
  const paint = both(rename('car', 'colour', 'paint'), ({ objects }) => {
    objects.car!.unique = [['paint']]
  })
  const vehicle = both(rename('visit', 'car', 'vehicle'), ({ objects }) => {
    objects.visit!.references.of!.key = ['vehicle']
    objects.visit!.limits![0]!.per = ['vehicle']
  })
  for (const [edit, field] of [
    [paint, 'car.colour'],
    [vehicle, 'visit.car']
  ] as const)
    assert.ok(propose(chain, edit).startsWith(`NOT_PERMITTED: ${field} stands in unique or limits`), field)
  change(
    chain,
    both(paint, ({ objects }) => void delete objects.car!.unique)
  )
})

test('what is unique is read under the names of today', () => {
  const chain = start()
  const unique: Edit = ({ objects }) => {
    objects.car!.unique = [['colour']]
  }
  change(chain, unique)
  assert.equal(chain.say('p1', car({ vin: 'a', colour: 'red' })), ['accepted'])
  change(
    chain,
    both(rename('car', 'colour', 'paint'), ({ objects }) => void delete objects.car!.unique)
  )
  assert.equal(chain.say('p1', car({ vin: 'a', paint: 'red', kilometres: 1 })), ['accepted'])
  change(chain, (draft) => {
    rename('car', 'paint', 'colour')(draft)
    draft.objects.car!.aliases = { paint: 'colour' }
    unique(draft)
  })
  assert.match(chain.say('p1', car({ vin: 'b', colour: 'red' }))[0]!, /^DUPLICATE: colour "red" belongs to another car/)
})

test.run()
