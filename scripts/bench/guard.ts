import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { publicKeyOf, sha256Hex, signer } from '../../src/base/crypto.js'
import { keyText } from '../../src/base/keys.js'
import { BATCH_BYTES_MAX, BATCH_RECORDS_MAX, BLOCK_BYTES_MAX, RECORD_BYTES_MAX } from '../../src/base/limits.js'
import { batchBytes, batchHeader, batchIsSigned, encodeBatch, readBatch } from '../../src/ledger/batch.js'
import { executeBlock } from '../../src/ledger/chain.js'
import { ENGINE } from '../../src/ledger/engine.js'
import { GENESIS_FORMAT, writeGenesis } from '../../src/ledger/genesis.js'
import { compileModel } from '../../src/ledger/model.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import { checkRecord } from '../../src/ledger/record.js'
import { RULE_COST_MAX } from '../../src/ledger/rule-cost.js'
import { type Chain, openChain } from '../../src/node/chain.js'
import { draftOfBytes } from '../../src/node/draft.js'
import { openStore } from '../../src/node/store/store.js'
import { type BenchOptions, type BenchResult, row } from './benchmark.js'
import { NETWORK } from './processes.js'
import { makeBatch, type PrototypeState, readBatch as readBare, runRules } from './prototype/batch-check.js'
import { maintenanceLines, vehicleLines, WORKS_OF_300_BYTES } from './records.js'
import { withTemporaryFolder } from './temporary-folder.js'

const BATCH = 1000
const VEHICLES = 1000

/** What it was when somebody last looked; how much more is too much. */
const BASELINE = JSON.parse(readFileSync(new URL('guard-baseline.json', import.meta.url), 'utf8')) as { ratio: number }
const WORSE_MAX = 4 / 3

const SEED = createHash('sha256').update('guard').digest()

/** Takes one batch the whole way, from the author's lines to the disk of another partner. */
type Way = (object: string, lines: readonly string[]) => Promise<void>

/**
 * Processor time of a record on its whole way through one process, without network and votes, against a bare loop that parses, checks,
 * hashes, signs and stores the same: best of some runs. Meant for every change.
 * @throws Error when it is a third worse than the baseline in guard-baseline.json
 */
export async function run({ records = 60_000, runs = 3 }: BenchOptions): Promise<BenchResult> {
  const lines = [...maintenanceLines(records, VEHICLES, { works: WORKS_OF_300_BYTES })].map((line) => line.trimEnd())
  const vehicles = [...vehicleLines(VEHICLES)].map((line) => line.trimEnd())
  const times: number[] = []
  const bares: number[] = []
  // The first is for the compiler.
  for (let number = 0; number <= runs; number++) {
    bares.push(await withTemporaryFolder('ledger-bench-', (folder) => timeOf(bareWay(folder), vehicles, lines)))
    times.push(await withTemporaryFolder('ledger-bench-', (folder) => timeOf(ownWay(folder), vehicles, lines)))
  }
  const ratio = Math.min(...times.slice(1)) / Math.min(...bares.slice(1))
  const conditions = `${records} records of 300 bytes in batches of ${BATCH}; baseline ${BASELINE.ratio}, and up to ${WORSE_MAX.toFixed(2)} times that`
  if (ratio > BASELINE.ratio * WORSE_MAX) {
    throw new Error(
      `a record takes ${ratio.toFixed(2)} times the processor time of the bare loop, and took ${BASELINE.ratio} times that: ` +
        'find out what became slower (npm run bench -- stages), or change scripts/bench/guard-baseline.json and say why'
    )
  }
  return {
    figures: [
      row('guard: CPU a record', 'us', times.slice(1), bares.slice(1)),
      row('guard: best against the bare loop', 'ratio', [ratio])
    ],
    conditions
  }
}

interface OpenWay {
  readonly way: Way
  close(): Promise<void>
}

/** Microseconds of the processor a record, all threads. */
async function timeOf(open: Promise<OpenWay>, vehicles: readonly string[], lines: readonly string[]): Promise<number> {
  const { way, close } = await open
  try {
    await way('vehicle', vehicles)
    const before = process.cpuUsage()
    for (let at = 0; at < lines.length; at += BATCH) await way('maintenance', lines.slice(at, at + BATCH))
    const { user, system } = process.cpuUsage(before)
    return (user + system) / lines.length
  } finally {
    await close()
  }
}

async function ownWay(folder: string): Promise<OpenWay> {
  const read = readNetworkFile(readFileSync(NETWORK, 'utf8'), 'network.yaml')
  if (!read.ok) throw new Error('the network file has mistakes')
  const key = keyText(publicKeyOf(SEED))
  const { genesis, hash } = writeGenesis({
    engine: ENGINE,
    format: GENESIS_FORMAT,
    limits: {
      batchBytesMax: BATCH_BYTES_MAX,
      batchRecordsMax: BATCH_RECORDS_MAX,
      blockBytesMax: BLOCK_BYTES_MAX,
      recordBytesMax: RECORD_BYTES_MAX,
      ruleCostMax: RULE_COST_MAX
    },
    network: read.network,
    partners: [{ id: 'p1', key, name: 'p1', role: 'dealer' }],
    recovery: { signers: 'all' },
    time: 1_760_000_000_000
  })
  const store = await openStore({ path: join(folder, 'store'), genesis: hash })
  const model = compileModel(genesis.network, genesis.limits)
  const chain = openChain({ scope: { genesis: hash, epoch: 0 }, genesis, model, store })
  const sign = signer(SEED)
  let sequence = 0
  return {
    way: (object, lines) => ownBatch(chain, object, lines, { key, sign, sequence: sequence++ }),
    close: store.close
  }
}

interface Author {
  readonly key: string
  readonly sign: (bytes: string) => string
  readonly sequence: number
}

async function ownBatch(chain: Chain, object: string, lines: readonly string[], author: Author): Promise<void> {
  const { scope, limits, store, rulebook } = chain
  const records = lines.map((line) => {
    const draft = draftOfBytes(rulebook.model, limits.recordBytesMax, { object }, Buffer.from(line))
    if (!draft.ok) throw new Error(draft.refusal.message)
    return draft.value.text
  })
  const header = batchHeader('p1', 0, author.sequence, records)
  const bytes = batchBytes(scope, header)
  const text = encodeBatch(scope, { header, hash: sha256Hex(bytes), signature: author.sign(bytes), records })
  const read = readBatch(scope, limits, text)
  if (!read.ok || !batchIsSigned(scope, read.value, author.key)) throw new Error('it is no batch')
  const checked = read.value.records.map((record) => checkRecord(rulebook.model, record, limits.recordBytesMax))
  const batch = { header: read.value.header, hash: read.value.hash, records: checked }
  await store.putBatches([{ hash: batch.hash, text }])
  const plan = { originRound: 0, proposer: 'p1', time: chain.tip.time + 1, batches: [batch] }
  const executed = executeBlock(chain.rulebook, chain.tip, store.state, plan)
  const { height } = executed.header
  await chain.commit(executed, [batch], { block: executed.hash, height, round: 0, votes: [] })
}

async function bareWay(folder: string): Promise<OpenWay> {
  const database = new ClassicLevel<string, string>(join(folder, 'bare'), { writeBufferSize: 16 * 1024 * 1024 })
  await database.open()
  const [own, others] = keysOf(SEED)
  const vehicles = new Set<string>()
  const state: PrototypeState = { odometers: new Map(), vehicles }
  let height = 0
  return {
    async way(object, lines) {
      if (object === 'vehicle') {
        for (const line of lines) vehicles.add((JSON.parse(line) as { vin: string }).vin)
        return
      }
      const { text } = makeBatch(lines, own)
      const { visits } = readBare(text, others)
      if (runRules(state, visits) > 0) throw new Error('a record breaks a rule')
      const batch = database.batch().put(`b${height++}`, text)
      for (const [at, { vin }] of visits.entries()) batch.put(`s${vin}`, lines[at]!)
      await batch.write({ sync: true })
    },
    close: () => database.close()
  }
}

/** PKCS #8 before a seed (RFC 8410, section 7). */
const PKCS8 = '302e020100300506032b657004220420'

function keysOf(seed: Uint8Array): [KeyObject, KeyObject] {
  const der = Buffer.concat([Buffer.from(PKCS8, 'hex'), seed])
  const own = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return [own, createPublicKey(own)]
}
