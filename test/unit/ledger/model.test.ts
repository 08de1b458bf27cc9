import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import { sha256Hex } from '../../../src/base/crypto.js'
import { LedgerError } from '../../../src/base/errors.js'
import type { Json } from '../../../src/base/json.js'
import { ENGINE } from '../../../src/ledger/engine.js'
import { compileModel } from '../../../src/ledger/model.js'
import type { NetworkDefinition } from '../../../src/ledger/network-definition.js'
import { compileThing, readThing, ruleInput, type ThingSource } from '../../support/network-source.js'
import { suite } from '../../support/suite.js'

const test = suite('model')

const LIMITS = { ruleCostMax: 10_000 }

function definition(source: ThingSource = {}): NetworkDefinition {
  const read = readThing({ properties: { id: { type: 'integer' } }, key: ['id'], ...source })
  assert.ok(read.ok)
  return (read as { network: NetworkDefinition }).network
}

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof LedgerError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'nothing thrown'
}

test('the hash covers the definition in canonical form', () => {
  const network = definition()
  const expected = sha256Hex(`ledger/model/1\n${canonicalText(network as unknown as Json)}`)
  assert.is(compileModel(network, LIMITS).hash, expected)
  const shuffled = Object.fromEntries(Object.entries(network).reverse()) as unknown as NetworkDefinition
  assert.is(compileModel(shuffled, LIMITS).hash, expected)
  assert.is.not(compileModel({ ...network, title: 'Other' }, LIMITS).hash, expected)
})

test('a definition from elsewhere is checked like a file', () => {
  const network = definition()
  const bad = structuredClone(network) as unknown as { roles: { writer: { append: string[] } } }
  bad.roles.writer.append = ['thingg']
  assert.match(
    codeOf(() => compileModel(bad as never, LIMITS)),
    /^NETWORK_FILE: .*roles\.writer\.append\[0\]: there is no object "thingg" \(did you mean thing\?\)$/
  )
  for (const odd of [null, 5, [], 'x', {}, { format: 1 }]) {
    assert.match(
      codeOf(() => compileModel(odd as never, LIMITS)),
      /^NETWORK_FILE: /
    )
  }
})

test('a definition that leaves out defaults is refused, or one network would have two hashes', () => {
  const { quorum: _, ...rest } = definition()
  assert.match(
    codeOf(() => compileModel(rest as never, LIMITS)),
    /^NETWORK_FILE: .*defaults/
  )
})

test('rules that cost more than the genesis allows are refused', () => {
  const network = definition({ expr: 'record.id > 5 || record.id < 3' })
  assert.match(
    codeOf(() => compileModel(network, { ruleCostMax: 5 })),
    /^NETWORK_FILE: .*units/
  )
  compileModel(network, LIMITS)
})

test('the engine is named by versions', () => {
  assert.equal(ENGINE, {
    canonical: 'rfc8785/1',
    rules: 'cel-subset/1 cel-js/8.0.0',
    schema: 'json-schema-2020-12-subset/1',
    unicode: '17.0.0'
  })
})

test('rights come from roles', () => {
  const thing = compileThing({})
  assert.ok(thing.mayAppend('writer'))
  for (const role of ['reader', '', 'constructor', '__proto__']) assert.not.ok(thing.mayAppend(role))
})

test('the key is the canonical array of the key fields', () => {
  const properties = {
    s: { type: 'string' },
    i: { type: 'integer' },
    b: { type: 'boolean' },
    d: { type: 'decimal', scale: 1 }
  }
  const data = { s: 'a"\\\u007f\u2028\n😀', i: -5, b: true, d: '1.5' }
  for (const key of [['s'], ['i'], ['b', 'd', 's', 'i'], []]) {
    const thing = compileThing({ properties, key })
    assert.is(thing.keyOf(data), canonicalText(key.map((name) => data[name as keyof typeof data])))
    assert.equal(thing.keyFields, key)
  }
  assert.is(compileThing({ properties, key: ['i'] }).keyOf({ ...data, i: -0 }), '[0]')
})

test('a text in a key has at most 256 characters, also where the file gives no bound', () => {
  const thing = compileThing({ properties: { s: { type: 'string' } }, key: ['s'] })
  assert.is(thing.checkSchema({ s: '😀'.repeat(256) }), null)
  assert.is(thing.checkSchema({ s: 'x'.repeat(257) })?.message, 's has 257 characters; at most 256 are allowed')
})

test('a key is bounded in its JSON form too', () => {
  const thing = compileThing({ properties: { s: { type: 'string' } }, key: ['s'] })
  assert.is(thing.checkSchema({ s: '\u0001'.repeat(170) }), null)
  const refusal = thing.checkSchema({ s: '\u0001'.repeat(171) })
  assert.equal([refusal?.code, refusal?.path], ['SCHEMA', '/s'])
})

test('references tell the keys they point to', () => {
  const id = { type: 'string', maxLength: 9 }
  const target = {
    key: ['a', 'b'],
    fields: { type: 'object', required: ['a', 'b'], properties: { a: id, b: { type: 'integer' } } }
  }
  const thing = compileThing({
    properties: {
      x: id,
      y: { type: 'integer' },
      xs: { type: 'array', maxItems: 9, items: id },
      n: { type: ['integer', 'null'] }
    },
    required: ['y', 'n'],
    references: {
      one: { object: 'target', key: ['x', 'y'], required: true },
      many: { object: 'target', key: ['xs', 'y'] },
      perhaps: { object: 'target', key: ['x', 'n'] }
    },
    objects: { target }
  })
  const keys = (data: Parameters<typeof thing.keyOf>[0]) => thing.references.map((reference) => reference.keysOf(data))
  assert.equal(keys({ x: 'a"', y: 1, xs: ['b', 'c'], n: 2 }), ['["a\\"",1]', ['["b",1]', '["c",1]'], '["a\\"",2]'])
  assert.equal(keys({ y: 1, xs: [], n: null }), [null, [], null])
  assert.equal(keys({ x: 'a', y: 1, n: null }), ['["a",1]', null, null])
  assert.equal(
    thing.references.map(({ name, object, required }) => [name, object, required]),
    [
      ['one', 'target', true],
      ['many', 'target', false],
      ['perhaps', 'target', false]
    ]
  )
})

test('says whether rules look at the past or at the block', () => {
  const uses = (expr: string, message = 'no'): boolean[] => {
    const thing = compileThing({ properties: { i: { type: 'integer' } }, key: ['i'], expr, message })
    return [thing.hasRules, thing.usesPrevious, thing.usesBlock]
  }
  assert.equal(uses('record.i > 5'), [true, false, false])
  assert.equal(uses('previous == null || record.i > 5'), [true, true, false])
  assert.equal(uses('record.i > 5', '{previous.i}'), [true, true, false])
  assert.equal(uses('block.height > record.i'), [true, false, true])
  assert.equal(uses('record.i > 5', '{block.time}'), [true, false, false])
  const none = compileThing({})
  assert.equal([none.hasRules, none.usesPrevious, none.usesBlock], [false, false, false])
  assert.is(none.checkRules(ruleInput({})), null)
})

test('rules run in their order, and the first that fails speaks', () => {
  const network = structuredClone(definition({ expr: 'record.id > 5', message: 'first' }))
  network.objects.thing!.rules.push({ id: 'second', expr: 'record.id > 10', message: 'second' })
  const thing = compileModel(network, LIMITS).objects.get('thing')!
  assert.is(thing.checkRules(ruleInput({ record: { id: 1 } }))?.message, 'first')
  assert.is(thing.checkRules(ruleInput({ record: { id: 7 } }))?.message, 'second')
  assert.is(thing.checkRules(ruleInput({ record: { id: 11 } })), null)
})

test.run()
