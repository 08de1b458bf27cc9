import * as fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { RuleMessage } from '../../../src/ledger/network-definition.js'
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
    'a message in languages',
    ({ objects }) => objects.inspection!.rules.push({ ...rule('t'), message: { nl: 'nee', en: 'no' } }),
    [
      [`${RULES}.t.expr`, null, 'record.odometer > 1'],
      [`${RULES}.t.message.en`, null, 'no'],
      [`${RULES}.t.message.nl`, null, 'nee']
    ]
  ],
  [
    'a message in languages where there was a text',
    ({ objects }) => {
      objects.inspection!.rules[0]!.message = { fi: 'ei', en: 'no' }
    },
    [
      [
        `${RULES}.odometer-never-decreases.message`,
        'odometer {record.odometer} is lower than {previous.odometer}',
        '{"en":"no","fi":"ei"}'
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

test('of a message in languages those that are another, more or gone', () => {
  const told = (message: RuleMessage) =>
    edited(BASE, ({ objects }) => {
      objects.inspection!.rules[0]!.message = message
    })
  const before = told({ en: 'no', nl: 'nee', fi: 'ei' })
  const { list } = networkDifference(before, told({ nl: 'neen', fi: 'ei', pl: 'nie' }))
  const at = `${RULES}.odometer-never-decreases.message`
  assert.equal(
    list.map(({ path, before, after, kind, why }) => [path, before, after, kind, why]),
    [
      [`${at}.en`, 'no', null, 'compatible', 'a text for people'],
      [`${at}.nl`, 'nee', 'neen', 'compatible', 'a text for people'],
      [`${at}.pl`, null, 'nie', 'compatible', 'a text for people']
    ]
  )
  assert.equal(networkDifference(before, told({ fi: 'ei', nl: 'nee', en: 'no' })).list, [])
})

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
