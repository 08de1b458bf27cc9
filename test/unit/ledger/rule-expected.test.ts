import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import type { RuleInput } from '../../../src/ledger/rules.js'
import { compileThing, ruleInput, type ThingSource } from '../../support/network-source.js'
import { suite } from '../../support/suite.js'

const test = suite('what would have kept a rule')

const THING: ThingSource = {
  properties: {
    id: { type: 'string', maxLength: 10 },
    km: { type: 'integer' },
    price: { type: 'decimal', scale: 2 },
    day: { type: 'string', format: 'date' },
    status: { enum: ['OPEN', 'CLOSED'] },
    parts: { type: 'array', maxItems: 5, items: { type: 'integer' } },
    sold: { type: 'boolean' },
    note: { type: 'string', maxLength: 300 }
  },
  required: ['id', 'km', 'price', 'day', 'status', 'parts', 'sold'],
  key: ['id'],
  references: { order: { object: 'order', key: ['id'] } },
  objects: {
    order: {
      key: ['id'],
      fields: {
        type: 'object',
        required: ['id', 'price'],
        properties: { id: { type: 'string', maxLength: 10 }, price: { type: 'decimal', scale: 2 } }
      }
    }
  }
}

const PREVIOUS: JsonObject = {
  id: 'a',
  km: 46_427,
  price: '12.50',
  day: '2024-02-29',
  status: 'OPEN',
  parts: [1],
  sold: false,
  note: 'x'.repeat(300)
}
const RECORD: JsonObject = { ...PREVIOUS, km: 46_426, note: 'y' }
const INPUT = { record: RECORD, previous: PREVIOUS, refs: { order: { id: 'a', price: '9.00' } } }

function expectedOf(expr: string, input: Partial<RuleInput> = {}): string | undefined {
  const refusal = compileThing({ ...THING, expr }).checkRules(ruleInput({ ...INPUT, ...input }))
  assert.is(refusal?.code, 'RULE_BROKEN', `${expr}: ${refusal?.message}`)
  return refusal?.expected
}

for (const [expr, expected, input] of [
  ['previous == null || record.km >= previous.km', 'record.km >= 46427'],
  ['previous == null || record.km > previous.km + 100', 'record.km > 46527'],
  ['previous != null && record.km >= previous.km', 'record.km >= 46427'],
  ['previous != null && record.km >= previous.km', 'previous != null', { previous: null }],
  ['refs.order != null && record.price == refs.order.price', 'record.price == 9.00'],
  ['refs.order != null', 'refs.order != null', { refs: { order: null } }],
  ['record.km < 10 && record.sold && record.price > 0.0', 'record.km < 10 and record.sold'],
  ['record.km < 10 || record.sold', 'record.km < 10 or record.sold'],
  ['record.sold || record.km < 10 && record.price > 20.0', 'record.sold or (record.km < 10 and record.price > 20.0)'],
  ['previous == null || record.day > previous.day', 'record.day > 2024-02-29'],
  ['previous == null || record.status != previous.status', 'record.status != "OPEN"'],
  ['previous == null || !has(previous.note) || record.note == previous.note', /^record\.note == "x{100}…"$/],
  ['author.role == "inspector"', 'author.role == "inspector"'],
  ['block.height > 5', 'block.height > 5'],
  ['record.parts.all(part, part > 3)', 'record.parts.all(part, part > 3)'],
  ['!(record.status in ["OPEN"])', '!(record.status in ["OPEN"])'],
  ['previous == null ? true : record.km >= previous.km', 'record.km >= 46427'],
  ['record.sold ? record.km > 5 : record.km > 90000', 'record.km > 90000'],
  ['size(record.parts) > 1', 'size(record.parts) > 1'],
  ['previous == null || size(record.parts) > size(previous.parts)', 'size(record.parts) > 1'],
  ['has(record.note) && record.note != "y"', 'record.note != "y"']
] as const satisfies readonly (readonly [string, string | RegExp, Partial<RuleInput>?])[]) {
  test(`${expr} -> ${expected}`, () => {
    const told = expectedOf(expr, input)
    if (typeof expected === 'string') assert.is(told, expected)
    else assert.match(told ?? '', expected)
  })
}

test('it is cut where it is long, and a rule that cannot be evaluated tells nothing', () => {
  const long = Array.from({ length: 60 }, (_, at) => `record.km < ${at}`).join(' && ')
  assert.is(expectedOf(long)?.length, 401)
  const thing = compileThing({ ...THING, expr: 'record.km / 0 > 1' })
  const refusal = thing.checkRules(ruleInput(INPUT))
  assert.equal([refusal?.code, refusal?.expected], ['RULE_ERROR', undefined])
})

test.run()
