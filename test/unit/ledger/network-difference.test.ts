import * as fc from 'fast-check'
import * as assert from 'uvu/assert'
import { networkDifference } from '../../../src/ledger/network-difference.js'
import { GOVERNED_NETWORK } from '../../support/governance-chain.js'
import { type Draft, edited } from '../../support/model-proposals.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('differences of network files')

const BASE = genesisOf([], GOVERNED_NETWORK).genesis.network

type Line = readonly [path: string, before: string | null, after: string | null]

function linesOf(edit: (draft: Draft) => void): Line[] {
  const { list, leftOut } = networkDifference(BASE, edited(BASE, edit))
  assert.is(leftOut, 0)
  return list.map(({ path, before, after }): Line => [path, before, after])
}

const RULES = 'objects.inspection.rules'
const rule = (id: string) => ({ id, expr: 'record.odometer > 1', message: 'no' })

const CASES: readonly (readonly [name: string, edit: (draft: Draft) => void, lines: readonly Line[]])[] = [
  ['nothing', () => {}, []],
  [
    'a title',
    (draft) => {
      draft.title = 'x'
    },
    [['title', 'Inspections', 'x']]
  ],
  [
    'a rule',
    ({ objects }) => {
      objects.inspection!.rules[0]!.expr = 'true'
    },
    [[`${RULES}.odometer-never-decreases.expr`, 'previous == null || record.odometer >= previous.odometer', 'true']]
  ],
  [
    'a rule more',
    ({ objects }) => objects.inspection!.rules.push(rule('b')),
    [
      [`${RULES}.b.expr`, null, 'record.odometer > 1'],
      [`${RULES}.b.message`, null, 'no']
    ]
  ],
  [
    'a rule less',
    ({ objects }) => {
      objects.inspection!.rules = []
    },
    [
      [`${RULES}.odometer-never-decreases.expr`, 'previous == null || record.odometer >= previous.odometer', null],
      [
        `${RULES}.odometer-never-decreases.message`,
        'odometer {record.odometer} is lower than {previous.odometer}',
        null
      ]
    ]
  ],
  [
    'a right',
    ({ roles }) => {
      roles.clerk!.append = []
    },
    [['roles.clerk.append', '["note"]', '[]']]
  ],
  [
    'a vote',
    ({ roles }) => {
      roles.clerk!.vote = false
    },
    [['roles.clerk.vote', 'true', 'false']]
  ],
  [
    'thresholds where there were none',
    (draft) => {
      draft.thresholds = { model: 'all', key: 'one' }
    },
    [
      ['thresholds.key', null, 'one'],
      ['thresholds.model', null, 'all']
    ]
  ],
  [
    'a bound of a field',
    ({ objects }) => {
      objects.inspection!.fields.properties.odometer!.minimum = 1
    },
    [['objects.inspection.fields.properties.odometer.minimum', '0', '1']]
  ],
  [
    'a field',
    ({ objects }) => {
      objects.note!.fields.properties['odd name'] = { type: 'string' }
    },
    [['objects.note.fields.properties["odd name"]', null, '{"type":"string"}']]
  ],
  [
    'an object, part by part',
    ({ objects }) => {
      objects.part = {
        title: 'Part',
        key: [],
        fields: structuredClone(objects.note!.fields),
        references: {},
        rules: [rule('c')]
      }
      objects.part.rules[0]!.expr = 'record.text != ""'
    },
    [
      ['objects.part.fields.additionalProperties', null, 'false'],
      ['objects.part.fields.properties.text', null, '{"maxLength":200,"type":"string"}'],
      ['objects.part.fields.properties.vehicle', null, '{"maxLength":20,"type":"string"}'],
      ['objects.part.fields.required', null, '["text"]'],
      ['objects.part.fields.type', null, 'object'],
      ['objects.part.key', null, '[]'],
      ['objects.part.rules.c.expr', null, 'record.text != ""'],
      ['objects.part.rules.c.message', null, 'no'],
      ['objects.part.title', null, 'Part']
    ]
  ]
]

for (const [name, edit, lines] of CASES)
  test(`names what is different: ${name}`, () => assert.equal(linesOf(edit), lines))

test('another order of rules is one', () => {
  const two = edited(BASE, ({ objects }) => objects.inspection!.rules.push(rule('b')))
  const turned = edited(two, ({ objects }) => objects.inspection!.rules.reverse())
  const [order, ...more] = networkDifference(two, turned).list
  assert.equal(
    [order?.path, order?.before, order?.after],
    [RULES, 'odometer-never-decreases, b', 'b, odometer-never-decreases']
  )
  assert.equal([more.length, order?.kind], [0, 'compatible'])
})

test('is bounded, and counts what it leaves out', () => {
  const many = edited(BASE, ({ objects }) => {
    for (let at = 0; at < 300; at++)
      objects.note!.fields.properties[`f${at}`] = { type: 'string', description: 'x'.repeat(200) }
  })
  const { list, leftOut } = networkDifference(BASE, many)
  assert.equal([list.length, leftOut], [200, 100])
  const long = edited(BASE, ({ objects }) => {
    objects.note!.fields.properties.text!.description = 'y'.repeat(9_000)
  })
  assert.is(networkDifference(BASE, long).list[0]?.after?.length, 2_001, 'with a sign that it goes on')
})

const byPath = ([a]: readonly (string | null)[], [b]: readonly (string | null)[]): number =>
  (a ?? '') < (b ?? '') ? -1 : 1

test('there is a difference where the definitions differ, and both ways the same', async () => {
  const anyEdit = fc.array(fc.constantFrom(...CASES.map(([, edit]) => edit)), { maxLength: 4 })
  const applied = (edits: readonly ((draft: Draft) => void)[]) =>
    edited(BASE, (draft) => {
      for (const edit of edits) {
        // What one leaves out the next cannot change.
        try {
          edit(draft)
        } catch {}
      }
      for (const object of Object.values(draft.objects)) {
        object.rules = object.rules.filter(({ id }, at) => object.rules.findIndex((other) => other.id === id) === at)
      }
    })
  await fc.assert(
    fc.property(anyEdit, anyEdit, (one, other) => {
      const [a, b] = [applied(one), applied(other)]
      const [there, back] = [networkDifference(a, b).list, networkDifference(b, a).list]
      assert.is(there.length === 0, JSON.stringify(a) === JSON.stringify(b))
      const forth = there.map(({ path, before, after }) => [path, before, after])
      const turned = back.map(({ path, before, after }) => [path, after, before])
      assert.equal(turned.sort(byPath), forth.sort(byPath))
    }),
    { numRuns: 60 }
  )
})

test.run()
