import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { batchHash, batchHeader } from '../../../src/ledger/batch.js'
import * as present from '../../../src/ledger/chain.js'
import * as presentExecution from '../../../src/ledger/execution.js'
import * as presentModel from '../../../src/ledger/model.js'
import { foundingSet } from '../../../src/ledger/partner-set.js'
import * as presentRecord from '../../../src/ledger/record.js'
import type { StateEntry } from '../../../src/ledger/state.js'
import { unpackOldBuild } from '../../support/old-builds.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('version 1, and the build of before there were versions', { timeoutMs: 60_000 })

/** What of a build is held against the other. */
interface Ledger {
  readonly chain: Pick<typeof present, 'advance' | 'executeBlock' | 'genesisTip'>
  readonly execution: Pick<typeof presentExecution, 'rulebookAfter'>
  readonly model: Pick<typeof presentModel, 'compileModel'>
  readonly record: Pick<typeof presentRecord, 'checkRecord'>
  readonly founding: presentExecution.Founding
}

const { genesis, hash } = genesisOf(['p1', 'p2'], undefined, 'inspector', 1)

const now: Ledger = {
  chain: present,
  execution: presentExecution,
  model: presentModel,
  record: presentRecord,
  founding: presentExecution.foundingOf(genesis)
}

async function before(folder: string): Promise<Ledger> {
  const { ledgerNode } = unpackOldBuild('2d547d5', folder)
  const load = (name: string) => import(pathToFileURL(join(dirname(ledgerNode), '../dist/ledger', name)).href)
  return {
    chain: await load('chain.js'),
    execution: await load('execution.js'),
    model: await load('model.js'),
    record: await load('record.js'),
    // The set itself, there.
    founding: foundingSet(genesis) as never
  }
}

type Blocks = readonly (readonly (readonly [author: string, records: readonly string[]])[])[]

/** Executes blocks; all that comes out of each in one text. */
function run(ledger: Ledger, blocks: Blocks): string[] {
  const scope = { genesis: hash, epoch: 0 }
  const model = ledger.model.compileModel(genesis.network, genesis.limits)
  const entries = new Map<string, StateEntry>()
  const state = { get: (key: string) => entries.get(key) }
  const sequences = new Map<string, number>()
  let tip = ledger.chain.genesisTip(hash, genesis.time)
  return blocks.map((batches) => {
    const rulebook = ledger.execution.rulebookAfter(scope, model, ledger.founding, state)
    const plan = batches.map(([author, texts]) => {
      const sequence = sequences.get(author) ?? 0
      sequences.set(author, sequence + 1)
      const header = batchHeader(author, 0, sequence, texts)
      const records = texts.map((text) => ledger.record.checkRecord(model, text, genesis.limits.recordBytesMax))
      return { header, hash: batchHash(scope, header), records }
    })
    const executed = ledger.chain.executeBlock(rulebook, tip, state, {
      originRound: 0,
      proposer: 'p1',
      time: tip.time + 1000,
      batches: plan
    })
    const { verdicts, writes, entries: history } = executed.execution
    for (const { key, entry } of writes) entries.set(key, { text: entry.text })
    tip = ledger.chain.advance(tip, executed).tip
    const written = writes.map(({ key, entry }) => `${key} ${entry.text}`)
    return JSON.stringify([executed.hash, executed.text, verdicts, written, history])
  })
}

function record(object: string, data: JsonObject, unique?: string): string {
  return presentRecord.encodeRecord({ object, data, ...(unique === undefined ? {} : { unique }) })
}

const suspend = { change: { kind: 'suspend', partner: 'p2' }, expires: genesis.time + 1e6, reason: '' }

const BLOCKS: Blocks = [
  [
    ['p1', [record('_proposal', suspend), record('_proposal', {}), record('_proposal', suspend, 'once')]],
    ['p2', [record('_ballot', { proposal: 'p1/0/0', reason: '', yes: true }), record('_ballot', { yes: 'yes' })]]
  ],
  [['p1', [record('_withdraw', { proposal: 'p1/0/0' }), record('_support', { software: 'x', version: 2 })]]],
  [['p2', [record('_address', { addresses: ['/ip4/10.0.0.1/tcp/1', '/ledger-version/2'] }), '{"data":{},"object":7}']]],
  [
    [
      'p1',
      [
        record('note', { text: 'a' }),
        record('_proposal', suspend, 'once'),
        record('_ready', { block: hash, height: 1 })
      ]
    ]
  ],
  [['p1', [record('_revoke', { key: genesis.partners[0]!.key }), record('_present', { height: 2 })]]]
]

test('the same blocks come to the same bytes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-version-'))
  try {
    const old = run(await before(folder), BLOCKS)
    for (const [at, text] of run(now, BLOCKS).entries()) assert.is(text, old[at], `block ${at + 1}`)
    assert.match(old[0] ?? '', 'UNKNOWN_OBJECT')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('with the block in which all agree to version 2 the old build cannot go on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-version-'))
  try {
    const mark = record('_address', { addresses: ['/ledger-version/2'] })
    const blocks: Blocks = [[['p1', [mark]]], [['p2', [mark]]]]
    const [old, present] = [run(await before(folder), blocks), run(now, blocks)]
    assert.is(old[0], present[0])
    assert.is.not(old[1], present[1])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
