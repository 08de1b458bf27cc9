import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { canonicalForm, canonicalText, parseCanonical, readCanonical } from '../../../src/base/canonical.js'
import { LedgerError } from '../../../src/base/errors.js'
import type { Json } from '../../../src/base/json.js'
import { scanJson } from '../../../src/base/json-scan.js'
import { readJson } from '../../../src/base/strict-json.js'
import { suite } from '../../support/suite.js'

interface Vectors {
  numbers: { double: string; canonical: string | null }[]
  inputs: { name: string; input: string; canonical?: string; refused?: { path: string; position: number } }[]
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../../vectors/canonical-json.json', import.meta.url), 'utf8'))

/** Path of the fault that canonicalText throws for; fails when it does not throw. */
function faultPath(value: unknown): unknown {
  try {
    canonicalText(value as Json)
  } catch (error) {
    assert.instance(error, LedgerError)
    assert.is((error as LedgerError).code, 'MALFORMED')
    return (error as LedgerError).details.path
  }
  return assert.unreachable(`must throw: ${String(value)}`)
}

/** Canonical text written the plain way: the oracle for values without faults. */
function plainText(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(plainText).join()}]`
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${plainText(value[name]!)}`).join()}}`
}

/** Values with names that meet, array indexes among them, and texts with escapes. */
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a"b', '\\', '\\u', '\n', '\u001f', '/'))
const keepable = text.map((one) => one.replaceAll('\u0000', 'N'))
const name = fc.oneof(
  keepable,
  fc.constantFrom('a', 'b', 'aa', '', '1', '9', '10', '-1', '01', 'constructor', 'toJSON')
)
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
)
const { value: anyValue } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(keepable, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }).filter((members) => !Object.hasOwn(members, '__proto__'))
  )
}))

const test = suite('canonical')

/** Members in the order in which they stand, so that two values that look alike are alike. */
function membersOf(value: Json): unknown {
  if (value === null || typeof value !== 'object') return Object.is(value, -0) ? '-0' : value
  return Array.isArray(value) ? value.map(membersOf) : Object.entries(value).map(([key, of]) => [key, membersOf(of)])
}

test('the canonical form of what was read is what others read from its text', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const read = readJson(JSON.stringify(value))
      if (!read.ok) return
      const form = canonicalForm(read.value)
      assert.is(form.text, canonicalText(read.value))
      assert.equal(membersOf(form.value), membersOf(parseCanonical(form.text)))
    }),
    { numRuns: 500 }
  )
  const zero = readJson('{"b":[-0,-0.0],"a":-0}')
  assert.ok(zero.ok)
  assert.equal(membersOf(canonicalForm(zero.value).value), [
    ['a', 0],
    ['b', [0, 0]]
  ])
})

test('numbers are written as RFC 8785 says, or refused', () => {
  for (const { double, canonical } of vectors.numbers) {
    const value = Buffer.from(double, 'hex').readDoubleBE()
    if (canonical === null) {
      assert.is(faultPath([value]), '/0', double)
    } else {
      assert.is(canonicalText(value), canonical, double)
      assert.equal(readCanonical(canonical), { ok: true, value: value + 0 }, double)
    }
  }
})

test('of the vectors, exactly the canonical texts are read', () => {
  for (const { name: what, input, canonical, refused } of vectors.inputs) {
    const outcome = readCanonical(input)
    assert.is(outcome.ok, input === canonical, what)
    if (outcome.ok) {
      assert.equal(outcome.value, JSON.parse(input), what)
      assert.is(canonicalText(outcome.value), input, what)
    } else {
      assert.is(outcome.refusal.code, 'MALFORMED', what)
      if (refused) assert.equal([outcome.refusal.path, outcome.refusal.details?.position], Object.values(refused), what)
    }
    if (canonical !== undefined) {
      assert.is(canonicalText(JSON.parse(input)), canonical, what)
      assert.ok(readCanonical(canonical).ok, what)
    }
  }
})

test('the place where a text leaves its canonical form', () => {
  const place = (input: string) => {
    const outcome = readCanonical(input)
    return outcome.ok ? null : outcome.refusal.details?.position
  }
  assert.is(place('{"a":1, "b":2}'), 7)
  assert.is(place('{"b":1,"a":2}'), 2)
  assert.is(place('[1.0]'), 2)
  assert.is(place('1 '), 1)
})

test('any value: as the plain way writes it, read again, and no matter how its members stand', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const written = canonicalText(value)
      assert.is(written, plainText(value))
      const read = readCanonical(written)
      assert.ok(read.ok)
      // As texts: uvu's equal takes a member named constructor for the constructor.
      if (read.ok) assert.is(JSON.stringify(read.value), JSON.stringify(parsed(written)))
      assert.is(canonicalText(parsed(JSON.stringify(value))), written)
      assert.is(plainText(parseCanonical(written)), written)
    }),
    { numRuns: 500 }
  )
})

test('any change of a canonical text: read only if it is canonical again', () => {
  const piece = fc.constantFrom(
    ' ',
    '0',
    '1',
    'e',
    '-',
    '.',
    ',',
    '"',
    '\\',
    '/',
    'u',
    '{}',
    '[',
    ']',
    '\ud800',
    '\u0000'
  )
  fc.assert(
    fc.property(anyValue, fc.nat(), fc.nat(2), piece, (value, at, cut, insert) => {
      const before = canonicalText(value)
      const from = at % (before.length + 1)
      const changed = before.slice(0, from) + insert + before.slice(from + cut)
      let canonical: string | null
      try {
        canonical = canonicalText(parsed(changed))
      } catch {
        canonical = null
      }
      assert.is(readCanonical(changed).ok, canonical === changed, changed)
    }),
    { numRuns: 1500 }
  )
})

test('what is not JSON, or cannot be kept, is refused with its path', () => {
  const cycle: Json[] = []
  cycle.push(cycle)
  const sparse: unknown[] = []
  sparse[2] = 1
  const cases: [string, unknown, string][] = [
    ['undefined', { a: [1, undefined] }, '/a/1'],
    ['undefined alone', undefined, ''],
    ['function', { f: () => 1 }, '/f'],
    ['symbol', [Symbol('x')], '/0'],
    ['bigint', { 'a/b': { '~': 1n } }, '/a~1b/~0'],
    ['NaN', [Number.NaN], '/0'],
    ['infinity', { a: Number.POSITIVE_INFINITY }, '/a'],
    ['unsafe', { a: { b: 2 ** 53 } }, '/a/b'],
    ['unsafe below', -(2 ** 53), ''],
    ['unsafe fraction', [1e300], '/0'],
    ['lone surrogate', { b: 1, a: ['x\ud800'] }, '/a/0'],
    ['lone surrogate in a name', { '\udc00': 1 }, '/\udc00'],
    ['NUL', { a: 'x\u0000' }, '/a'],
    ['NUL in a name', { 'x\u0000': 1 }, '/x\u0000'],
    ['__proto__', JSON.parse('{"a":{"__proto__":1}}'), '/a/__proto__'],
    ['__proto__ out of order', JSON.parse('{"b":1,"a":2,"__proto__":1}'), '/__proto__'],
    ['hole', sparse, '/0'],
    ['date', { at: new Date(0) }, '/at'],
    ['boxed', [new Number(1)], '/0'],
    ['map', new Map(), ''],
    ['bytes', { a: new Uint8Array(1) }, '/a'],
    ['own toJSON', { toJSON: () => 1 }, '/toJSON'],
    ['depth', JSON.parse('['.repeat(33) + ']'.repeat(33)), '/0'.repeat(32)],
    ['cycle', cycle, '/0'.repeat(32)],
    ['fault behind unordered names', { b: 1, a: 2, c: { e: 1, d: Number.NaN } }, '/c/d']
  ]
  for (const [what, value, path] of cases) assert.is(faultPath(value), path, what)
})

test('what only looks like a fault is kept', () => {
  const value = { a: '\\ud800', b: '__proto__', c: '\\u0000', d: '\ud83d\ude00\u0001' }
  assert.is(canonicalText(value), JSON.stringify(value))
  assert.equal(readCanonical(JSON.stringify(value)), { ok: true, value })
  assert.is(canonicalText(Object.assign(Object.create(null), { b: 1, a: -0 })), '{"a":0,"b":1}')
})

test('the limit counts bytes of UTF-8', () => {
  for (const [value, bytes] of [
    ['aaaa', 6],
    ['éé', 6],
    ['€€', 8],
    ['😀', 6]
  ] as const) {
    const written = canonicalText(value)
    assert.ok(readCanonical(written, bytes).ok, value)
    const outcome = readCanonical(written, bytes - 1)
    assert.is(outcome.ok ? null : outcome.refusal.code, 'TOO_LARGE', value)
  }
})

test('deep, long and broken texts are refused without throwing', () => {
  const n = 512 * 1024
  const texts = [
    '['.repeat(n),
    '['.repeat(n / 2) + ']'.repeat(n / 2),
    '{"a":'.repeat(n / 5),
    `${'{"a":'.repeat(n / 5)}1${'}'.repeat(n / 5)}`,
    '"'.repeat(n),
    '\\'.repeat(n),
    `"${'\\'.repeat(n + 1)}"`,
    '1'.repeat(n),
    `0.${'0'.repeat(n)}1`,
    `[${'0,'.repeat(n / 2)}`,
    ' '.repeat(n),
    '-'.repeat(n),
    '\ud800'.repeat(n)
  ]
  for (const one of texts) {
    const outcome = readCanonical(one)
    assert.is(outcome.ok ? null : outcome.refusal.code, 'MALFORMED', one.slice(0, 10))
    assert.ok(outcome.ok || outcome.refusal.message.length < 200)
  }
})

/** By the scanner: JSON.parse of Node 24 misreads escaped names of members. */
function parsed(text: string): Json {
  const scanned = scanJson(text)
  if (!scanned.ok) throw new Error(scanned.refusal.message)
  return scanned.value
}

test.run()
