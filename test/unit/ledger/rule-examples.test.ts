import * as assert from 'uvu/assert'
import type { Json, JsonObject } from '../../../src/base/json.js'
import { compileModel } from '../../../src/ledger/model.js'
import { type ReadNetwork, readNetworkFile } from '../../../src/ledger/network-file.js'
import { RULE_COST_MAX } from '../../../src/ledger/rule-cost.js'
import { suite } from '../../support/suite.js'

const test = suite('examples beside rules')

const OBJECTS: JsonObject = {
  order: {
    key: ['id'],
    fields: {
      type: 'object',
      required: ['id', 'price'],
      properties: { id: { type: 'string', maxLength: 9 }, price: { type: 'decimal', scale: 2 } }
    }
  },
  delivery: {
    key: ['id'],
    fields: {
      type: 'object',
      additionalProperties: false,
      required: ['id', 'price', 'parts'],
      properties: {
        id: { type: 'string', maxLength: 9 },
        price: { type: 'decimal', scale: 2 },
        on: { type: 'string', format: 'date-time' },
        parts: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 9 } }
      }
    },
    references: { order: { object: 'order', key: ['id'] }, parts: { object: 'order', key: ['parts'] } }
  }
}

/** The network with one rule of a delivery. */
function read(expr: string, examples: Json, message: Json = 'price {record.price}'): ReadNetwork {
  const objects = structuredClone(OBJECTS) as Record<string, JsonObject>
  objects.delivery!.rules = [{ id: 'rule', expr, message, examples }]
  const network = { format: 1, title: 'N', roles: { shop: { append: ['delivery'], govern: true } }, objects }
  return readNetworkFile(JSON.stringify(network), 'n.json')
}

function problemsOf(expr: string, examples: Json, message?: Json): string[] {
  const result = read(expr, examples, message)
  assert.not.ok(result.ok, 'there must be mistakes')
  const at = 'objects.delivery.rules[0].examples'
  return result.ok
    ? []
    : result.problems.map(({ path, problem, remedy }) => `${path.replace(at, '')}: ${problem} -> ${remedy}`)
}

const AS_AGREED = 'refs.order != null && record.price == refs.order.price'

for (const [name, expr, examples] of [
  [
    'another record that is referred to, and decimals as people write them',
    AS_AGREED,
    {
      accepts: [{ record: { price: 12.5 }, refs: { order: { price: '12.50' } } }],
      refuses: [
        { record: { price: 12 }, refs: { order: { price: 12.5 } }, message: 'price 12.00' },
        { record: { price: 12 } }
      ]
    }
  ],
  ['none of what may stand around', 'previous == null && refs.order == null', { accepts: [{ record: {} }] }],
  [
    'a list of references',
    'size(refs.parts) == 2',
    {
      accepts: [{ record: {}, refs: { parts: [{ price: 1 }, null] } }],
      refuses: [{ record: {} }]
    }
  ],
  [
    'the author',
    "author.role == 'shop' && author.id == 'example'",
    {
      accepts: [{ record: {} }],
      refuses: [
        { record: {}, author: { role: 'garage' } },
        { record: {}, author: { id: 'x' } }
      ]
    }
  ],
  [
    'the block',
    "block.height == 7 || block.time > '2026-01-01T00:00:00Z'",
    {
      accepts: [
        { record: {}, block: { height: 7 } },
        { record: {}, block: { time: '2026-01-01T01:00:00+00:30' } }
      ],
      refuses: [{ record: {} }]
    }
  ],
  ['no examples at all', 'record.price > 1', {}]
] as const satisfies readonly (readonly [string, string, Json])[]) {
  test(`that hold: ${name}`, () => {
    const result = read(expr, examples)
    assert.ok(result.ok, JSON.stringify(result))
    const { accepts = [], refuses = [] } = examples as { accepts?: readonly Json[]; refuses?: readonly Json[] }
    assert.equal(result.examples, [
      { object: 'delivery', rule: 'rule', accepts: accepts.length, refuses: refuses.length }
    ])
  })
}

for (const [name, examples, problems] of [
  [
    'refused',
    { accepts: [{ record: { price: 1 } }] },
    ['.accepts[0]: the rule refuses this example: price 1.00 -> right would be: record.price > 1.5']
  ],
  [
    'accepted',
    { refuses: [{ record: { price: 2 } }] },
    ['.refuses[0]: the rule accepts this example -> correct the example, or the rule']
  ],
  [
    'another message',
    { refuses: [{ record: { price: 1 }, message: 'price 1' }] },
    ['.refuses[0].message: the message is "price 1.00" -> correct the example, or the message']
  ],
  [
    'without what the rule reads',
    { accepts: [{ record: {} }], refuses: [{ record: {} }] },
    [
      /^\.accepts\[0\]: the rule refuses this example: the rule rule cannot be evaluated: .* -> add the fields/,
      /^\.refuses\[0\]: the rule rule cannot be evaluated: .*, and does not say no -> add the fields/
    ]
  ],
  [
    'a field of another type',
    { accepts: [{ record: { price: 2, id: 5 } }] },
    [/^\.accepts\[0\]\.record: id must be a string, not a number -> let it be as the fields say$/]
  ],
  [
    'a field that there is not',
    { accepts: [{ record: { price: 2, cost: 5 } }] },
    [/^\.accepts\[0\]\.record: .*cost.* -> let it be/]
  ],
  [
    'a decimal with more digits',
    { accepts: [{ record: { price: 2.123 } }] },
    [/^\.accepts\[0\]\.record: .* -> let it be/]
  ],
  [
    'a reference that there is not',
    { accepts: [{ record: { price: 2 }, refs: { car: {} } }] },
    [/^\.accepts\[0\]\.refs\.car: "car" is not a member of refs -> /]
  ],
  [
    'one record for a list',
    { accepts: [{ record: { price: 2 }, refs: { parts: {} } }] },
    [/^\.accepts\[0\]\.refs\.parts: parts is a list of records -> /]
  ],
  [
    'no record',
    { accepts: [{ previous: {} }, 7] },
    [/^\.accepts\[0\]: an example needs record -> /, /^\.accepts\[1\]: an example is a record/]
  ],
  [
    'a message where it is accepted',
    { accepts: [{ record: { price: 2 }, message: 'x' }] },
    [/^\.accepts\[0\]\.message: "message" is not a member of an example -> /]
  ],
  [
    'a time that is none',
    { accepts: [{ record: { price: 2 }, block: { height: 0, time: 'noon' } }] },
    [/\.block\.height: 0 is no height/, /\.block\.time: "noon" is no time/]
  ],
  ['no list', { accepts: { record: {} } }, [/^\.accepts: examples are a list -> /]],
  ['no examples', [], [/^: examples are records that the rule accepts and refuses -> /]],
  [
    'too many',
    { accepts: Array.from({ length: 51 }, () => ({ record: { price: 2 } })) },
    [/^\.accepts: there are more than 50 examples -> /]
  ]
] as const satisfies readonly (readonly [string, Json, readonly (string | RegExp)[]])[]) {
  test(`that do not: ${name}`, () => {
    const found = problemsOf('record.price > 1.5', examples as Json)
    assert.is(found.length, problems.length, found.join('\n'))
    problems.forEach((problem: string | RegExp, index) => {
      if (typeof problem === 'string') assert.is(found[index], problem)
      else assert.match(found[index]!, problem)
    })
  })
}

/** The mistakes of an example that is refused with a price of 1.00 and should be with a message. */
function problemsOfMessage(rule: Json, message: Json): string[] {
  return problemsOf('record.price > 1.5', { refuses: [{ record: { price: 1 }, message }] }, rule)
}

test('a message in several languages is held against each that the example has, a text against the first', () => {
  const rule = { pl: 'cena {record.price}', nl: 'prijs {record.price}' }
  const refuses = ['prijs 1.00', { pl: 'cena 1.00' }, { pl: 'cena 1.00', nl: 'prijs 1.00' }, {}].map((message) => {
    return { record: { price: 1 }, message }
  })
  assert.ok(read('record.price > 1.5', { refuses }, rule).ok)
  assert.ok(read('record.price > 1.5', { refuses: refuses.slice(1, 2) }, { pl: 'cena {record.price}' }).ok)
  const remedy = 'correct the example, or the message'
  assert.equal(problemsOfMessage(rule, 'cena 1.00'), [`.refuses[0].message: the message is "prijs 1.00" -> ${remedy}`])
  assert.equal(problemsOfMessage(rule, { nl: 'prijs 1.00', pl: 'cena 1' }), [
    `.refuses[0].message.pl: the message is "cena 1.00" -> ${remedy}`
  ])
  assert.equal(problemsOfMessage(rule, { fi: 'hinta 1.00' }), [
    '.refuses[0].message.fi: the message of the rule is not in "fi" -> languages of the message are nl, pl'
  ])
  assert.equal(problemsOfMessage('price', { en: 'price' }), [
    '.refuses[0].message: the message of the rule is one text, in no language -> write a text here too'
  ])
})

test('are no part of the definition, and a definition has none', () => {
  const [withSome, without] = [{ accepts: [{ record: { price: 2 } }] }, {}].map((examples) => {
    const result = read('record.price > 1.5', examples)
    assert.ok(result.ok)
    return result.network
  })
  assert.equal(withSome, without)
  const draft = structuredClone(withSome) as unknown as { objects: Record<string, { rules: JsonObject[] }> }
  draft.objects.delivery!.rules[0]!.examples = {}
  assert.throws(
    () => compileModel(draft as never, { ruleCostMax: RULE_COST_MAX }),
    (error: Error) => /"examples" is not a member of a rule/.test(error.message)
  )
})

test('are looked at once everything else is good', () => {
  const result = read('record.cost > 1.5', { accepts: [{ record: { price: 1 } }] })
  assert.ok(!result.ok && result.problems.length === 1 && /cost/.test(result.problems[0]!.problem))
})

test.run()
