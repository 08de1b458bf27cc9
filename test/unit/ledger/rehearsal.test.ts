import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { compileModel, type Model } from '../../../src/ledger/model.js'
import { encodeRecord } from '../../../src/ledger/record.js'
import { startRecordRun } from '../../../src/ledger/record-run.js'
import { rehearseBatch, touchesRecords } from '../../../src/ledger/rehearsal.js'
import type { StateEntry } from '../../../src/ledger/state.js'
import type { Verdict } from '../../../src/ledger/verdict.js'
import {
  type BatchForTest,
  GOVERNED_NETWORK,
  governanceChain,
  proposalOf,
  type Said
} from '../../support/governance-chain.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('rehearsal of a model')

const RECORD_BYTES_MAX = 128 * 1024

const KEY = 'key: [vehicle]\n'

/** Network files of which each judges the same records otherwise. */
const FILES: readonly string[] = [
  GOVERNED_NETWORK,
  GOVERNED_NETWORK.replace('record.odometer >= previous.odometer', 'record.odometer > previous.odometer + 2'),
  GOVERNED_NETWORK.replace('previous == null || record.odometer >= previous.odometer', 'record.odometer < 7'),
  GOVERNED_NETWORK.replace('required: true', 'required: false'),
  GOVERNED_NETWORK.replace('minimum: 0', 'minimum: 4'),
  GOVERNED_NETWORK.replace('clerk: { append: [note] }', 'clerk: { append: [inspection] }'),
  GOVERNED_NETWORK.replace(/ {4}rules:\n(?: {6}.*\n)+/, ''),
  GOVERNED_NETWORK.replace(KEY, `${KEY}    unique: [[odometer]]\n`),
  GOVERNED_NETWORK.replace(
    KEY,
    `${KEY}    limits: [{ id: few, per: [vehicle], period: year, sum: odometer, max: 9 }]\n`
  ),
  GOVERNED_NETWORK.replace('text: { type: string, maxLength: 200 }', 'text: { type: string, from: inspection }'),
  GOVERNED_NETWORK.replace('key: []', 'key: []\n    writers: { vehicle: [inspector] }'),
  GOVERNED_NETWORK.replace('append: [note]', 'append: [note, inspection]').replace(
    KEY,
    `${KEY}    writers: { odometer: [inspector] }\n`
  ),
  GOVERNED_NETWORK.replace('key: []', 'key: []\n    limits: [{ id: two, per: [text], period: day, count: 2 }]'),
  GOVERNED_NETWORK.replace('key: []', 'key: []\n    unique: [[text, vehicle], [text]]'),
  keeping('amend: { by: own }').replace(KEY, `${KEY}    unique: [[odometer]]\n`),
  keeping('amend: { by: own }').replace(
    KEY,
    `${KEY}    limits: [{ id: few, per: [vehicle], period: year, sum: odometer, max: 30 }]\n    writers: { odometer: [inspector] }\n`
  ),
  GOVERNED_NETWORK.replace('previous == null ||', "author.role != 'clerk' && block.height < 4 ||"),
  keeping('amend: { by: own }'),
  keeping('amend: { by: [inspector], approval: own }'),
  keeping('amend: { by: own, approval: ballot }').replace('previous == null ||', 'next == null || next.odometer > 3 ||')
]

function keeping(amend: string): string {
  return GOVERNED_NETWORK.replace('key: [vehicle]', `key: [vehicle]\n    ${amend}`)
}

/** Odometers are called km, which is in their rules too; notes are about no vehicle any more. */
const RENAMED = GOVERNED_NETWORK.replace('required: [vehicle, odometer]', 'required: [vehicle, km]')
  .replace('odometer: { type: integer, minimum: 0 }', 'km: { type: integer, minimum: 0 }')
  .replace('record.odometer >= previous.odometer', 'record.km > previous.km')
  .replace('{record.odometer} is lower than {previous.odometer}', '{record.km} after {previous.km}')
  .replace('    key: [vehicle]\n', '    key: [vehicle]\n    aliases: { odometer: km }\n')
const WITHOUT = RENAMED.replace('    key: []\n', '    key: []\n    removed: [vehicle]\n')
  .replace(/ {8}vehicle: [^\n]*\n {4}references:\n.*\n/, '')
  .replace('{ type: string, maxLength: 200 }', '{ type: string, minLength: 1 }')

const RENAMED_KEPT = RENAMED.replace('    aliases:', '    amend: { by: own }\n    aliases:')

/** What authors would have written who know the names of a file, by that file; others leave records as they are. */
const AS_AUTHORS_WOULD = new Map<string, (said: Said) => Said>([
  [RENAMED, withKilometres],
  [RENAMED_KEPT, withKilometres],
  [WITHOUT, (said) => withoutVehicle(withKilometres(said))]
])

function withKilometres(said: Said): Said {
  const { odometer, ...data } = said.data
  if (said.object !== 'inspection' || odometer === undefined) return said
  return { ...said, data: { ...data, km: data.km ?? odometer } }
}

function withoutVehicle(said: Said): Said {
  const { vehicle: _, ...data } = said.data
  return said.object === 'note' ? { ...said, data } : said
}

const limits = { ruleCostMax: genesisOf([], GOVERNED_NETWORK).genesis.limits.ruleCostMax }
const modelOf = (file: string): Model => compileModel(genesisOf([], file).genesis.network, limits)

interface Block {
  readonly verdicts: readonly (readonly Verdict[])[]
  readonly time: number
  readonly batches: readonly BatchForTest[]
}

/** Verdicts and state of rehearsing the batches of a chain. */
function rehearsed(model: Model, chain: ReturnType<typeof governanceChain>, blocks: readonly Block[]) {
  const entries = new Map<string, StateEntry>()
  const next = new Map<string, number>()
  const verdicts = blocks.map(({ batches, time }, at) => {
    const run = startRecordRun({ get: (key) => entries.get(key) })
    const { partners } = chain.rulebook()
    const ground = { model, partners, block: { height: at + 1, time }, recordBytesMax: RECORD_BYTES_MAX }
    const judged = batches.map(([author, records], batch) => {
      const sequence = next.get(author) ?? 0
      next.set(author, sequence + 1)
      const texts = records.map(encodeRecord)
      return rehearseBatch(run, ground, { batch, author, sequence, records: texts }).map(({ verdict }) => verdict)
    })
    for (const { key, entry } of run.writes()) entries.set(key, { text: entry.text })
    return judged
  })
  return { verdicts, entries }
}

/** Verdicts without those of words on amendments. */
function recordsOnly(batches: readonly BatchForTest[], verdicts: Block['verdicts']): Block['verdicts'] {
  return verdicts.map((of, at) => of.filter((_, index) => !batches[at]?.[1][index]?.object.startsWith('_')))
}

const inspection = fc
  .record({ vehicle: fc.constantFrom('a', 'b'), odometer: fc.integer({ min: -1, max: 9 }) })
  .map((data) => ({ object: 'inspection', data: data as JsonObject }))
const record = fc.oneof(
  inspection,
  fc
    .record({ text: fc.constantFrom('x', '', 'a'), vehicle: fc.constantFrom('a', 'b', 'c') })
    .map((data) => ({ object: 'note', data: data as JsonObject })),
  fc.constant({ object: 'nothing', data: {} })
)
/** Of records that may have come before. */
const id = fc
  .tuple(fc.constantFrom('p1', 'p2'), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }))
  .map((parts) => parts.join('/'))
const approval = fc
  .tuple(id, fc.boolean())
  .map(([amendment, yes]): Said => ({ object: '_approve', data: { amendment, reason: '', yes } }))
const said = fc.oneof(
  { weight: 5, arbitrary: record },
  {
    weight: 1,
    arbitrary: fc
      .tuple(record, fc.integer({ min: 0, max: 5 }))
      .map(([one, unique]): Said & { unique: number } => ({ ...one, unique }))
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.oneof(inspection, record), id)
      .map(([one, of]): Said => ({ ...one, amends: { reason: 'r', record: of } }))
  },
  { weight: 1, arbitrary: approval }
)
const block = fc
  .tuple(fc.array(said, { minLength: 1, maxLength: 5 }), fc.array(said, { minLength: 1, maxLength: 5 }))
  .map(([first, second]): BatchForTest[] => [
    ['p1', first],
    ['p2', second]
  ])

/** What may be amended. */
const FIRST: BatchForTest[] = [
  ['p1', [4, 5, 7].map((odometer) => ({ object: 'inspection', data: { vehicle: 'a', odometer } }))],
  ['p2', [{ object: 'note', data: { text: 'x', vehicle: 'a' } }]]
]

/** What became of chains that were rehearsed: how many were judged otherwise, and in how many something was amended. */
interface Tried {
  otherwise: number
  amended: number
}

/** Holds a rehearsal against a network that is founded with the other file and given what its authors would have written. */
function tryRehearsal(
  tried: Tried,
  [before, after]: readonly [string, string],
  batches: readonly BatchForTest[][]
): void {
  const founders = { p1: 'inspector', p2: 'clerk' }
  const [real, fresh] = [before, after].map((file) => governanceChain(founders, { file })) as [
    ReturnType<typeof governanceChain>,
    ReturnType<typeof governanceChain>
  ]
  const blocks = batches.map((of): Block => {
    const { verdicts } = real.commit(of)
    return { verdicts, time: real.time, batches: of }
  })
  const inNames = AS_AUTHORS_WOULD.get(after) ?? ((said: Said) => said)
  const named = batches.map((of) => of.map(([author, records]): BatchForTest => [author, records.map(inNames)]))
  const expected = named.map((of) => recordsOnly(of, fresh.commit(of).verdicts))
  const { verdicts, entries } = rehearsed(modelOf(after), real, blocks)
  assert.equal(verdicts, expected)
  const ofRecords = ([key]: [string, StateEntry]): boolean => /^[ruotqQUC]:/.test(key)
  const texts = (map: Map<string, StateEntry>) => [...map].filter(ofRecords).map(([key, { text }]) => [key, text])
  assert.equal(texts(entries).sort(), texts(fresh.entries).sort())
  const stood = blocks.map((one) => recordsOnly(one.batches, one.verdicts))
  if (JSON.stringify(verdicts) !== JSON.stringify(stood)) tried.otherwise++
  if ([...entries.keys()].some((key) => key.startsWith('t:') && entries.get(key)?.text.startsWith('='))) tried.amended++
}

test('says of each record, and leaves in the state, what a network founded with that file would', () => {
  const tried: Tried = { otherwise: 0, amended: 0 }
  fc.assert(
    fc.property(
      fc.constantFrom(...FILES),
      // Of those with amendments more: few are right.
      fc.oneof(fc.constantFrom(...FILES), fc.constantFrom(...FILES.slice(-3))),
      fc.array(block, { minLength: 1, maxLength: 6 }),
      (before, after, drawn) => tryRehearsal(tried, [before, after], [FIRST, ...drawn])
    ),
    { numRuns: 70, seed: 6 }
  )
  assert.ok(tried.otherwise > 20, `${tried.otherwise} chains were judged otherwise`)
  assert.ok(tried.amended > 3, `in ${tried.amended} chains something was amended`)
})

test('under a file with other names, what it would have said had authors used them', () => {
  const tried: Tried = { otherwise: 0, amended: 0 }
  const renamed: BatchForTest[] = [['p1', [{ object: 'inspection', data: { km: 8, vehicle: 'a' } }]]]
  fc.assert(
    fc.property(
      fc.constantFrom(...FILES, RENAMED, RENAMED_KEPT),
      fc.constantFrom(RENAMED, RENAMED_KEPT, RENAMED_KEPT, WITHOUT),
      fc.array(block, { minLength: 1, maxLength: 6 }),
      (before, after, drawn) => tryRehearsal(tried, [before, after], [FIRST, renamed, ...drawn])
    ),
    { numRuns: 50, seed: 7 }
  )
  assert.ok(tried.otherwise > 25, `${tried.otherwise} chains were judged otherwise`)
  assert.ok(tried.amended > 2, `in ${tried.amended} chains something was amended`)
})

test('records of before a renaming are not refused for the name alone', () => {
  const chain = governanceChain({ p1: 'inspector' })
  const said = [4, 5, 5].map((odometer): Said => ({ object: 'inspection', data: { odometer, vehicle: 'a' } }))
  const note: Said = { object: 'note', data: { text: '', vehicle: 'a' } }
  const batches: BatchForTest[] = [['p1', [...said, note]]]
  const { verdicts } = chain.commit(batches)
  assert.equal(verdicts, [[null, null, null, null]])
  const of = rehearsed(modelOf(WITHOUT), chain, [{ verdicts, time: chain.time, batches }])
  assert.equal(
    of.verdicts[0]?.[0]?.map((verdict) => verdict?.message ?? 'accepted'),
    ['accepted', 'accepted', 'odometer 5 after 5', 'text has 0 characters; at least 1 are allowed']
  )
})

test('words on amendments count', () => {
  const of = (odometer: number): Said => ({ object: 'inspection', data: { vehicle: 'a', odometer } })
  const file = keeping('amend: { by: own, approval: ballot }')
  const batches: BatchForTest[][] = [
    [['p1', [of(9)]]],
    [
      [
        'p1',
        [
          { ...of(2), amends: { reason: 'r', record: 'p1/0/0' } },
          { ...of(1), amends: { reason: 'r', record: 'p1/0/0' } }
        ]
      ]
    ],
    [['p1', [{ object: '_approve', data: { amendment: 'p1/1/1', reason: '', yes: false } }]]],
    [['p1', [{ object: '_approve', data: { amendment: 'p1/1/0', reason: '', yes: true } }, of(3)]]]
  ]
  const [real, fresh] = [founded(GOVERNED_NETWORK, batches), founded(file, batches)]
  const { verdicts, entries } = rehearsed(modelOf(file), real.chain, real.blocks)
  assert.equal(
    verdicts,
    fresh.blocks.map((one) => recordsOnly(one.batches, one.verdicts))
  )
  assert.is(entries.get('r:inspection["a"]')?.text, fresh.chain.entries.get('r:inspection["a"]')?.text)
  assert.match(entries.get('r:inspection["a"]')?.text ?? '', /^p1\/3\/1 /)
})

function founded(file: string, batches: readonly BatchForTest[][]) {
  const chain = governanceChain({ p1: 'inspector', p2: 'clerk' }, { file })
  return { chain, blocks: batches.map((one): Block => ({ ...chain.commit(one), time: chain.time, batches: one })) }
}

test('leaves out what the network says about itself', () => {
  const chain = governanceChain({ p1: 'inspector', p2: 'clerk' })
  const proposal = { ...proposalOf({ kind: 'suspend', partner: 'p2' }) }
  const batches: BatchForTest[] = [['p1', [proposal, { object: 'inspection', data: { vehicle: 'a', odometer: 1 } }]]]
  const { verdicts } = chain.commit(batches)
  assert.equal(verdicts, [[null, null]])
  const of = rehearsed(modelOf(FILES[4]!), chain, [{ verdicts, time: chain.time, batches }])
  assert.equal(
    of.verdicts.map((each) => each.map((batch) => batch.map((verdict) => verdict?.code))),
    [[['SCHEMA']]]
  )
  assert.equal([...of.entries.keys()], [])
})

test('a file touches records by what verdicts depend on, and by nothing else', () => {
  const networkOf = (file: string) => genesisOf([], file).genesis.network
  const before = networkOf(GOVERNED_NETWORK)
  const others = [...FILES.slice(1), RENAMED, WITHOUT].map((file) => touchesRecords(before, networkOf(file)))
  assert.equal(new Set(others), new Set([true]))
  const renamed = networkOf(RENAMED)
  const { aliases: _, ...inspection } = renamed.objects.inspection!
  assert.ok(touchesRecords({ ...renamed, objects: { ...renamed.objects, inspection } }, renamed), 'aliases')
  const withRemoved = { ...inspection, removed: ['odometer'] }
  assert.ok(
    touchesRecords(
      { ...renamed, objects: { ...renamed.objects, inspection } },
      { ...renamed, objects: { ...renamed.objects, inspection: withRemoved } }
    ),
    'removed'
  )
  const title = GOVERNED_NETWORK.replace(/title: (\w+)/g, 'title: Other $1')
    .replace('message: "odometer', 'message: "the odometer')
    .replace('clerk: { append: [note] }', 'clerk: { append: [note], vote: false }')
  assert.is(touchesRecords(before, networkOf(title)), false)
})

test.run()
