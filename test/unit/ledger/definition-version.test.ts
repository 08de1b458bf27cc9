import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { Json } from '../../../src/base/json.js'
import { definitionVersion } from '../../../src/ledger/definition-version.js'
import { readGenesis } from '../../../src/ledger/genesis.js'
import { governanceChain, proposalOf } from '../../support/governance-chain.js'
import { genesisOf, NETWORK } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('the version that a definition needs')

/** What there is from version 3 on, as an edit of the network file. */
const SINCE_3: readonly (readonly [name: string, file: string])[] = [
  ['unique', NETWORK.replace('key: []', 'key: []\n    unique: [[text]]')],
  ['writers', NETWORK.replace('key: []', 'key: []\n    writers: { text: [inspector] }')],
  ['default', NETWORK.replace('text: { type: string,', 'text: { type: string, default: x,')],
  [
    'from',
    NETWORK.replace(
      'vehicle: { type: string, maxLength: 20 }\n    ref',
      'vehicle: { type: string, maxLength: 20, from: inspection }\n    ref'
    )
  ],
  ['limits', NETWORK.replace('key: []', 'key: []\n    limits: [{ id: a, period: day, count: 3 }]')]
]

const networkOf = (file: string) => genesisOf(['p1'], file).genesis.network

test('a definition without what is younger needs version 1', () => {
  assert.is(definitionVersion(networkOf(NETWORK) as unknown as Json), 1)
})

for (const [name, file] of SINCE_3) {
  test(`${name}: no genesis of format 2 and no proposal in a network of version 2 has it`, () => {
    assert.not.equal(file, NETWORK)
    const network = networkOf(file)
    assert.is(definitionVersion(network as unknown as Json), 3)
    for (const [format, isRead] of [
      [1, false],
      [2, false],
      [3, true]
    ] as const) {
      assert.is(readGenesis(genesisOf(['p1'], file, 'inspector', format).text).ok, isRead, `format ${format}`)
    }
    for (const [format, code] of [
      [2, 'SCHEMA'],
      [3, undefined]
    ] as const) {
      const chain = governanceChain({ p1: 'inspector' }, { file: NETWORK, format })
      const [verdicts] = chain.commit([['p1', [proposalOf({ kind: 'model', network })]]]).verdicts
      assert.is(verdicts?.[0]?.code, code, JSON.stringify(verdicts))
    }
  })
}

const fieldsOf = (fields: Json): Json => ({ objects: { note: { key: [], fields } } })

const FIELDS: readonly (readonly [name: string, needed: number, fields: Json])[] = [
  ['deep within', 3, { properties: { a: { items: { properties: { b: { type: 'string', default: '' } } } } } }],
  ['of other fields', 3, { additionalProperties: { type: 'string', from: 'note' } }],
  ['in a definition that is used', 3, { properties: { a: { $ref: '#/$defs/d' } }, $defs: { d: { default: 1 } } }],
  [
    'in a definition of a definition',
    3,
    { $ref: '#/$defs/a', $defs: { a: { items: { $ref: '#/$defs/b' } }, b: { from: '' } } }
  ],
  ['in a definition that nothing points to', 1, { $defs: { d: { type: 'string', default: '', from: 'x' } } }],
  ['in a circle', 1, { $ref: '#/$defs/a', $defs: { a: { items: { $ref: '#/$defs/a' } } } }],
  ['as names of fields', 1, { properties: { default: { type: 'string' }, from: { type: 'string' } } }],
  ['as values', 1, { properties: { a: { enum: ['default'], examples: [{ default: 1 }] } } }],
  ['as a list', 1, [{ default: 1 }]]
]

for (const [name, needed, fields] of FIELDS) {
  test(`finds keywords where a schema is read: ${name}`, () => {
    assert.is(definitionVersion(fieldsOf(fields)), needed)
  })
}

test('what earlier versions take needs no later one: definitions that nothing points to', () => {
  const file = NETWORK.replace(
    '    references:',
    '      $defs: { unused: { type: string, default: x } }\n    references:'
  )
  assert.ok(readGenesis(genesisOf(['p1'], file, 'inspector', 1).text).ok)
})

test('is not too deep for it', () => {
  let deep: Json = { default: 1 }
  for (let i = 0; i < 100_000; i++) deep = { items: deep }
  assert.is(definitionVersion(fieldsOf(deep)), 3)
})

test('reads whatever JSON it is given', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (first, second) => {
      for (const json of [first, { objects: first }, { objects: { a: first, b: { fields: second } } }]) {
        assert.ok([1, 3].includes(definitionVersion(json as Json)))
      }
    }),
    { numRuns: 300, seed: 3 }
  )
  const names = JSON.parse('{"objects":{"constructor":{"__proto__":1,"constructor":2,"toString":3}}}') as Json
  assert.is(definitionVersion(names), 1)
})

test.run()
