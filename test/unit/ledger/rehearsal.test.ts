import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { compileModel, type Model } from '../../../src/ledger/model.js'
import { encodeRecord } from '../../../src/ledger/record.js'
import { startRecordRun } from '../../../src/ledger/record-run.js'
import { rehearseBatch, touchesRecords } from '../../../src/ledger/rehearsal.js'
import type { StateEntry } from '../../../src/ledger/state.js'
import type { Verdict } from '../../../src/ledger/verdict.js'
import { type BatchForTest, GOVERNED_NETWORK, governanceChain, proposalOf } from '../../support/governance-chain.js'
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
  GOVERNED_NETWORK.replace('previous == null ||', "author.role != 'clerk' && block.height < 4 ||")
]

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
    for (const { key, entry } of run.writes) entries.set(key, { text: entry.text })
    return judged
  })
  return { verdicts, entries }
}

const record = fc.oneof(
  fc
    .record({ vehicle: fc.constantFrom('a', 'b'), odometer: fc.integer({ min: -1, max: 9 }) })
    .map((data) => ({ object: 'inspection', data: data as JsonObject })),
  fc
    .record({ text: fc.constantFrom('x', '', 'a'), vehicle: fc.constantFrom('a', 'b', 'c') })
    .map((data) => ({ object: 'note', data: data as JsonObject })),
  fc.constant({ object: 'nothing', data: {} })
)
const said = fc
  .tuple(record, fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }))
  .map(([one, unique]) => (unique === undefined ? one : { ...one, unique }))
const block = fc
  .tuple(fc.array(said, { minLength: 1, maxLength: 5 }), fc.array(said, { minLength: 1, maxLength: 5 }))
  .map(([first, second]): BatchForTest[] => [
    ['p1', first],
    ['p2', second]
  ])

test('says of each record, and leaves in the state, what a network founded with that file would', () => {
  let otherwise = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...FILES),
      fc.constantFrom(...FILES),
      fc.array(block, { minLength: 1, maxLength: 6 }),
      (before, after, batches) => {
        const founders = { p1: 'inspector', p2: 'clerk' }
        const [real, fresh] = [before, after].map((file) => governanceChain(founders, { file })) as [
          ReturnType<typeof governanceChain>,
          ReturnType<typeof governanceChain>
        ]
        const blocks = batches.map((of): Block => {
          const { verdicts } = real.commit(of)
          return { verdicts, time: real.time, batches: of }
        })
        const expected = batches.map((of) => fresh.commit(of).verdicts)
        const { verdicts, entries } = rehearsed(modelOf(after), real, blocks)
        assert.equal(verdicts, expected)
        const ofRecords = ([key]: [string, StateEntry]): boolean => /^[ruUC]:/.test(key)
        const texts = (map: Map<string, StateEntry>) => [...map].filter(ofRecords).map(([key, { text }]) => [key, text])
        assert.equal(texts(entries).sort(), texts(fresh.entries).sort())
        if (JSON.stringify(verdicts) !== JSON.stringify(blocks.map((one) => one.verdicts))) otherwise++
      }
    ),
    { numRuns: 60, seed: 6 }
  )
  assert.ok(otherwise > 20, `${otherwise} chains were judged otherwise`)
})

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
  const others = FILES.slice(1).map((file) => touchesRecords(before, networkOf(file)))
  assert.equal(new Set(others), new Set([true]))
  const title = GOVERNED_NETWORK.replace(/title: (\w+)/g, 'title: Other $1')
    .replace('message: "odometer', 'message: "the odometer')
    .replace('clerk: { append: [note] }', 'clerk: { append: [note], vote: false }')
  assert.is(touchesRecords(before, networkOf(title)), false)
})

test.run()
