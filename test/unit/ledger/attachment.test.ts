import * as assert from 'uvu/assert'
import type { Json, JsonObject } from '../../../src/base/json.js'
import { attachmentsIn } from '../../../src/ledger/attachment.js'
import { definitionVersion } from '../../../src/ledger/definition-version.js'
import { compileModel } from '../../../src/ledger/model.js'
import { storedDataProblem } from '../../../src/ledger/stored-data.js'
import { ballotOf, GOVERNED_NETWORK, governanceChain } from '../../support/governance-chain.js'
import { edited, modelProposal } from '../../support/model-proposals.js'
import {
  compileThing,
  problemsOf,
  readThing,
  ruleInput,
  type ThingSource,
  verdictOf
} from '../../support/network-source.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('attachments in schemas')

const HASH = 'ab'.repeat(32)
const REPORT: JsonObject = { bytes: 12345, hash: HASH, name: 'report.pdf', type: 'application/pdf' }
const FIELD: JsonObject = { type: 'attachment', maxBytes: 20000, mediaTypes: ['application/pdf', 'image/jpeg'] }

/** `PATH: MESSAGE` of the refusal; empty when the value is good. */
function said(value: Json | undefined, schema: JsonObject = FIELD): string {
  const refusal = compileThing({ properties: { report: schema }, required: [] }).checkSchema(
    value === undefined ? {} : { report: value }
  )
  if (refusal !== null) assert.is(refusal.code, 'SCHEMA')
  return refusal === null ? '' : `${refusal.path}: ${refusal.message}`
}

const anyName = (name: Json): string => said({ ...REPORT, name })

const values: [name: string, value: Json | undefined, said: string, schema?: JsonObject][] = [
  ['an attachment', REPORT, ''],
  ['none', undefined, ''],
  ['an empty file', { ...REPORT, bytes: 0 }, ''],
  ['the largest file', { ...REPORT, bytes: 20000 }, ''],
  ['one byte more', { ...REPORT, bytes: 20001 }, '/report/bytes: report.bytes must be at most 20000, not 20001'],
  [
    'a size below nothing',
    { ...REPORT, bytes: -1 },
    '/report/bytes: report.bytes must be the size of the file, not -1'
  ],
  ['half a byte', { ...REPORT, bytes: 0.5 }, '/report/bytes: report.bytes must be the size of the file, not 0.5'],
  ['a size as text', { ...REPORT, bytes: '5' }, '/report/bytes: report.bytes must be the size of the file, not "5"'],
  [
    'a short hash',
    { ...REPORT, hash: 'ab' },
    '/report/hash: report.hash must be the SHA-256 of the file, 64 hex digits, not "ab"'
  ],
  [
    'a type that is not listed',
    { ...REPORT, type: 'image/png' },
    '/report/type: report.type must be one of application/pdf, image/jpeg, not "image/png"'
  ],
  ['any type', { ...REPORT, type: 'image/png' }, '', { type: 'attachment' }],
  [
    'no type of files',
    { ...REPORT, type: 'PDF' },
    '/report/type: report.type must be a media type such as application/pdf, not "PDF"',
    { type: 'attachment' }
  ],
  ['without a name', { bytes: 1, hash: HASH, type: 'image/jpeg' }, '/report/name: report.name is missing'],
  [
    'with a member more',
    { ...REPORT, path: 'x' },
    '/report: report has a member "path"; an attachment has bytes, hash, name, type'
  ],
  ['a text', HASH, `/report: report must be an attachment, not the text "${HASH}"`],
  ['null', null, '/report: report must be an attachment, not null'],
  ['null where it is allowed', null, '', { type: ['attachment', 'null'] }],
  ['10 MB where nothing is said', { ...REPORT, bytes: 10_000_000 }, '', { type: 'attachment' }],
  [
    'more than 10 MB where nothing is said',
    { ...REPORT, bytes: 10_000_001 },
    '/report/bytes: report.bytes must be at most 10000000, not 10000001',
    { type: 'attachment' }
  ]
]

for (const [name, value, message, schema] of values) test(name, () => assert.is(said(value, schema), message))

test('names are those of files', () => {
  for (const good of ['a', 'Prüfbericht 2026.pdf', '報告.pdf', '.hidden', 'x'.repeat(200), '😀'.repeat(200)]) {
    assert.is(anyName(good), '', good)
  }
  const odd = ['a/b', 'a\\b', '..', '.', 'a\u0000', 'a\nb', 'a\u007f', 'a\u0085', 'gpj.\u202efdp', 'a\u2066b']
  for (const bad of odd) assert.match(anyName(bad), /^\/report\/name: report.name must be the name of a file, /, bad)
  for (const bad of ['', 'x'.repeat(201), '😀'.repeat(201)]) {
    assert.is(anyName(bad), '/report/name: report.name must have 1 to 200 characters', `${bad.length}`)
  }
  assert.is(anyName(5), '/report/name: report.name must be the name of the file, not 5')
})

test('a list of attachments tells which one is wrong', () => {
  const thing = compileThing({ properties: { photos: { type: 'array', maxItems: 2, items: FIELD } } })
  const { mediaTypes: _, ...open } = FIELD
  assert.is(thing.checkSchema({ photos: [REPORT, REPORT] }), null)
  assert.is(thing.checkSchema({ photos: [REPORT, { ...REPORT, bytes: 20001 }] })?.path, '/photos/1/bytes')
  assert.is(thing.checkSchema({ photos: [REPORT, REPORT, REPORT] })?.path, '/photos')
  assert.is(compileThing({ properties: { photos: open } }).checkSchema({ photos: REPORT }), null)
})

test('the attachments of a record are found wherever the schema has them, and nowhere else', () => {
  const other = { ...REPORT, hash: 'cd'.repeat(32) }
  const { schema } = compileThing({
    properties: {
      report: FIELD,
      photos: { type: 'array', items: { type: 'object', properties: { file: { $ref: '#/$defs/file' } } } },
      note: { type: 'object' },
      no: { type: ['attachment', 'null'] }
    },
    additional: FIELD,
    more: { $defs: { file: FIELD } }
  })
  const data = { report: REPORT, photos: [{ file: other }, {}], note: REPORT, no: null, more: other }
  assert.equal(attachmentsIn(schema, data), [REPORT, other, other])
})

const mistakes: [schema: JsonObject, path: string, problem: RegExp][] = [
  [{ maxBytes: 0 }, 'maxBytes', /from 1 to 100000000, not 0/],
  [{ maxBytes: 100_000_001 }, 'maxBytes', /from 1 to 100000000/],
  [{ maxBytes: '5' }, 'maxBytes', /not "5"/],
  [{ mediaTypes: [] }, 'mediaTypes', /1 to 32/],
  [{ mediaTypes: 'image/png' }, 'mediaTypes', /1 to 32/],
  [{ mediaTypes: ['Image/PNG'] }, '[0]', /not a media type/],
  [{ mediaTypes: ['image/png; a=b'] }, '[0]', /not a media type/],
  [{ mediaTypes: ['image/png', 'image/png'] }, '[1]', /twice/],
  [{ maxLength: 5 }, 'maxLength', /does not belong to type attachment/]
]

test('mistakes in the network file are told with their place', () => {
  for (const [more, place, text] of mistakes) {
    const [problem, ...others] = problemsOf({ properties: { report: { type: 'attachment', ...more } } })
    assert.equal(others, [])
    assert.match(`${problem?.problem}`, text, JSON.stringify(more))
    assert.ok(problem?.path.endsWith(place), problem?.path)
  }
  const unique = { type: 'array', uniqueItems: true, items: FIELD }
  assert.match(`${problemsOf({ properties: { photos: unique } })[0]?.problem}`, /compared for uniqueItems/)
})

test('an attachment is no part of a key and points to nothing', () => {
  const keyed = problemsOf({ properties: { report: FIELD }, key: ['report'] })
  assert.is(keyed[0]?.problem, 'report is an attachment and cannot be part of a key')
  const references = { other: { object: 'other', key: ['report'] } }
  const other = { key: ['id'], fields: { required: ['id'], properties: { id: { type: 'string', maxLength: 9 } } } }
  const pointing = problemsOf({ properties: { report: FIELD }, references, objects: { other } })
  assert.is(pointing[0]?.problem, 'report is an attachment, but other.id is a string')
})

test('rules see what the record says of the file', () => {
  const source = (expr: string): ThingSource => ({ properties: { report: FIELD }, expr })
  const input = ruleInput({ record: { report: REPORT } })
  assert.is(verdictOf(source('record.report.bytes == 12345'), input), 'pass')
  assert.is(verdictOf(source('record.report.name.endsWith(".pdf")'), input), 'pass')
  assert.is(verdictOf(source('record.report.type == "image/jpeg"'), input), 'no')
  assert.is(verdictOf(source('record.report.hash.startsWith("cd")'), input), 'no')
  assert.match(`${problemsOf(source('record.report.size > 5'))[0]?.problem}`, /size/)
  assert.match(`${problemsOf(source('record.report.type == "image/png"'))[0]?.problem}`, /never/)
})

test('a stored attachment stays one', () => {
  const model = (schema: JsonObject) => {
    const read = readThing({ properties: { report: schema } })
    assert.ok(read.ok)
    return compileModel(read.network, { ruleCostMax: 1_000_000 })
  }
  const larger = { ...FIELD, maxBytes: 1 }
  assert.is(storedDataProblem(model(FIELD), model(larger), 3), null)
  for (const other of [{ type: 'object' }, { type: 'string' }]) {
    assert.match(`${storedDataProblem(model(FIELD), model(other), 3)}`, /thing.report was an attachment and would be/)
    assert.match(`${storedDataProblem(model(other), model(FIELD), 3)}`, /and would be an attachment/)
  }
})

test('version 3 has attachments, wherever a reader of schemas looks for them', () => {
  const of = (fields: Json): number => definitionVersion({ objects: { first: {}, thing: { fields } } })
  const field = { type: 'attachment' }
  const deep = (levels: number): Json => (levels === 0 ? field : { type: 'array', items: deep(levels - 1) })
  const needing: Json[] = [
    { properties: { report: field } },
    { properties: { report: { type: ['attachment', 'null'] } } },
    { properties: { photos: { type: 'array', items: field } } },
    { properties: { part: { type: 'object', properties: { report: field } } } },
    { additionalProperties: field },
    { properties: { report: { $ref: '#/$defs/a' } }, $defs: { a: { $ref: '#/$defs/b' }, b: field } },
    { properties: { x: deep(500) } },
    field
  ]
  for (const fields of needing) assert.is(of(fields), 3, JSON.stringify(fields).slice(0, 90))
  const circle = { a: { properties: { b: { $ref: '#/$defs/b' } } }, b: { items: { $ref: '#/$defs/a' } } }
  const others: Json[] = [
    { properties: { attachment: { type: 'string' } } },
    { properties: { kind: { enum: ['attachment'] } } },
    // No earlier build looks into a definition that nothing uses, so they accept it.
    { properties: { x: { type: 'string' } }, $defs: { a: field } },
    { properties: { x: { type: 'object', examples: [{ type: 'attachment' }] } } },
    { properties: { x: { $ref: '#/$defs/a' } }, $defs: circle },
    { properties: { x: { $ref: '#/$defs/constructor' } }, $defs: {} },
    { properties: { x: { $ref: 5 }, y: { $ref: '#/$defs/' } }, $defs: 'none' },
    { properties: [field], items: [field], $defs: [field], type: {} },
    { type: new Array(300_000).fill('string') },
    [field],
    null,
    'attachment'
  ]
  for (const fields of others) assert.is(of(fields), 1, JSON.stringify(fields).slice(0, 90))
  const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`o${index}`, {}]))
  assert.is(definitionVersion({ objects: many }), 1)
  assert.is(definitionVersion({ objects: { many } }), 1)
  for (const odd of [null, 5, [], { objects: null }, { objects: [[]] }, { objects: { a: null, b: [] } }]) {
    assert.is(definitionVersion(odd as Json), 1)
  }
})

test('a network of version 2 refuses them, one of version 3 takes them', () => {
  const founders = { p1: 'inspector', p2: 'inspector', p3: 'inspector' }
  const next = edited(genesisOf([], GOVERNED_NETWORK).genesis.network, ({ objects }) => {
    const fields = objects.note!.fields as { properties: JsonObject }
    fields.properties.report = FIELD
  })
  const two = governanceChain(founders, { format: 2 })
  assert.equal(two.say('p1', modelProposal(next)), [
    'SCHEMA: the network file says what there is from version 3 on, and the network is at version 2'
  ])
  const three = governanceChain(founders)
  const id = three.nextId('p1')
  assert.equal(three.say('p1', modelProposal(next)), ['accepted'])
  three.say('p2', ballotOf(id, true))
  three.say('p3', ballotOf(id, true))
  three.say('p1')
  const data = { text: 'x', report: REPORT }
  assert.equal(three.say('p1', { object: 'note', data }), ['accepted'])
  assert.match(`${three.say('p1', { object: 'note', data: { ...data, report: {} } })[0]}`, /^SCHEMA: report.bytes/)
})

test.run()
