import { createHash, createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { publicKeyOf, signer } from '../../src/base/crypto.js'
import type { JsonObject } from '../../src/base/json.js'
import { keyText } from '../../src/base/keys.js'
import { RECORD_BYTES_MAX } from '../../src/base/limits.js'
import { merkleRootOf } from '../../src/base/merkle.js'
import { readJson } from '../../src/base/strict-json.js'
import { batchBytes, batchHeader, batchIsSigned } from '../../src/ledger/batch.js'
import { compileModel, type Model } from '../../src/ledger/model.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import type { Partner } from '../../src/ledger/partner-set.js'
import { type CheckedRecord, checkBody, encodeRecord, readRecord } from '../../src/ledger/record.js'
import { type RecordRun, runRecord, startRecordRun } from '../../src/ledger/record-run.js'
import { RULE_COST_MAX } from '../../src/ledger/rule-cost.js'
import type { StateEntry } from '../../src/ledger/state.js'
import { openStore } from '../../src/node/store/store.js'
import { type BenchOptions, type BenchResult, row } from './benchmark.js'
import { VEHICLES } from './input-files.js'
import { NETWORK } from './processes.js'
import { isVisit, runRules, type Visit } from './prototype/batch-check.js'
import { maintenanceLines, vehicleLines, WORKS_OF_300_BYTES } from './records.js'
import { withTemporaryFolder } from './temporary-folder.js'

const BATCH = 1000

/** One stage of the way of a record: our own function, and the least that anybody would do for the same. */
interface Stage {
  readonly name: string
  /** Does it for all records. @param number of the run, from 0 */
  ours(number: number): void | Promise<void>
  bare(number: number): void | Promise<void>
}

const SCOPE = { genesis: '0'.repeat(64), epoch: 0 }
const SEED = createHash('sha256').update('stages').digest()

/** Each stage alone, on one thread, in batches of 1000; microseconds a record. */
export async function run({ records = 20_000, runs = 5 }: BenchOptions): Promise<BenchResult> {
  return await withTemporaryFolder('ledger-bench-', async (folder) => {
    const count = Math.max(BATCH, records - (records % BATCH))
    const work = workOf(count)
    const disk = await diskStage(folder, work)
    const stages = [...readingStages(work), ...judgingStages(work), ...proofStages(work), disk.stage]
    const figures = []
    try {
      for (const { name, ours, bare } of stages) {
        const times: number[] = []
        const bares: number[] = []
        // The first is for the compiler.
        for (let number = 0; number <= runs; number++) {
          bares.push(await microseconds(() => bare(number), count))
          times.push(await microseconds(() => ours(number), count))
        }
        figures.push(row(`stage: ${name}`, 'us', times.slice(1), bares.slice(1)))
      }
    } finally {
      await disk.close()
    }
    return {
      figures,
      conditions: `one thread, ${count} records of 300 bytes in batches of ${BATCH}, of ${VEHICLES} cars; the disk stage is fsynced`
    }
  })
}

async function microseconds(work: () => void | Promise<void>, count: number): Promise<number> {
  const started = performance.now()
  await work()
  return ((performance.now() - started) / count) * 1000
}

interface Work {
  readonly model: Model
  /** As they come in. */
  readonly lines: readonly string[]
  /** As they are stored. */
  readonly texts: readonly string[]
  readonly records: readonly CheckedRecord[]
  readonly batches: readonly (readonly string[])[]
  readonly vehicles: readonly CheckedRecord[]
}

function workOf(count: number): Work {
  const read = readNetworkFile(readFileSync(NETWORK, 'utf8'), 'network.yaml')
  if (!read.ok) throw new Error('the network file has mistakes')
  const model = compileModel(read.network, { ruleCostMax: RULE_COST_MAX })
  const checked = (object: string, line: string): CheckedRecord => {
    const body = { data: JSON.parse(line) as JsonObject, object }
    return checkBody(model, encodeRecord(body), body)
  }
  const lines = [...maintenanceLines(count, VEHICLES, { works: WORKS_OF_300_BYTES })].map((line) => line.trimEnd())
  const records = lines.map((line) => checked('maintenance', line))
  const texts = records.map(({ text }) => text)
  const batches = Array.from({ length: count / BATCH }, (_, index) => texts.slice(index * BATCH, (index + 1) * BATCH))
  return {
    model,
    lines,
    texts,
    records,
    batches,
    vehicles: [...vehicleLines(VEHICLES)].map((line) => checked('vehicle', line))
  }
}

function readingStages({ lines, texts, model }: Work): Stage[] {
  const data = lines.map((line) => JSON.parse(line) as JsonObject)
  const { checkSchema } = model.objects.get('maintenance')!
  return [
    {
      name: 'read and write canonically',
      ours() {
        for (const line of lines) {
          const json = readJson(line)
          if (!json.ok) throw new Error(json.refusal.message)
          encodeRecord({ data: json.value as JsonObject, object: 'maintenance' })
        }
      },
      bare() {
        for (const line of lines) JSON.stringify(JSON.parse(line))
      }
    },
    {
      name: 'read a canonical record',
      ours() {
        for (const text of texts) if (!readRecord(text, RECORD_BYTES_MAX).ok) throw new Error('not canonical')
      },
      bare() {
        for (const text of texts) JSON.parse(text)
      }
    },
    {
      name: 'schema',
      ours() {
        for (const one of data) if (checkSchema(one) !== null) throw new Error('refused')
      },
      bare() {
        for (const one of data) if (!isVisit(one)) throw new Error('refused')
      }
    }
  ]
}

/** Records executed in batches on a state in memory, as a block does. */
function execute(records: readonly CheckedRecord[], state: Map<string, StateEntry>): RecordRun[] {
  const author: Partner = { id: 'p1', incarnation: 0, key: '', role: 'dealer', state: 'active', voter: true }
  const ran: RecordRun[] = []
  for (let from = 0; from < records.length; from += BATCH) {
    const sequence = from / BATCH
    const block = { height: sequence + 1, time: 1_760_000_000_000 + sequence }
    const one = startRecordRun({ get: (key) => state.get(key) })
    for (const [index, record] of records.slice(from, from + BATCH).entries()) {
      const refusal = runRecord(one, author, block, record, { batch: 0, sequence, index })
      if (refusal !== null) throw new Error(refusal.message)
    }
    for (const { key, entry } of one.writes()) state.set(key, entry)
    ran.push(one)
  }
  return ran
}

function judgingStages({ records, vehicles }: Work): Stage[] {
  const cars = new Set(vehicles.map(({ body }) => body!.data.vin as string))
  const visits = records.map(({ body }) => body!.data as unknown as Visit)
  const founded = new Map<string, StateEntry>()
  execute(vehicles, founded)
  return [
    {
      name: 'reference, rules and state',
      ours() {
        execute(records, new Map(founded))
      },
      bare() {
        if (runRules({ odometers: new Map(), vehicles: cars }, visits) > 0) throw new Error('refused')
      }
    }
  ]
}

function proofStages({ batches }: Work): Stage[] {
  const headers = batches.map((texts, sequence) => batchHeader('p1', 0, sequence, texts))
  const sealOurs = signer(SEED)
  const key = keyText(publicKeyOf(SEED))
  const signed = headers.map((header) => ({ header, signature: sealOurs(batchBytes(SCOPE, header)) }))
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), SEED])
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const roots = headers.map(({ root }) => Buffer.from(root, 'hex'))
  const signatures = roots.map((root) => sign(null, root, privateKey))
  return [
    {
      name: 'Merkle root',
      ours() {
        for (const texts of batches) merkleRootOf(texts)
      },
      // Each record has to be hashed, whatever the tree.
      bare() {
        for (const texts of batches) for (const text of texts) hash('sha256', text, 'binary')
      }
    },
    {
      name: 'sign a batch',
      ours() {
        for (const header of headers) sealOurs(batchBytes(SCOPE, header))
      },
      bare() {
        for (const root of roots) sign(null, root, privateKey)
      }
    },
    {
      name: 'verify a batch',
      ours() {
        for (const batch of signed) if (!batchIsSigned(SCOPE, batch, key)) throw new Error('not signed')
      },
      bare() {
        for (const [index, root] of roots.entries()) {
          if (!verify(null, root, publicKey, signatures[index]!)) throw new Error('not signed')
        }
      }
    }
  ]
}

/** Blocks of one batch: bodies, block, state and history through the store; bare: one synced batch of the same texts. */
async function diskStage(folder: string, work: Work): Promise<{ stage: Stage; close(): Promise<void> }> {
  const { batches, records, vehicles } = work
  const state = new Map<string, StateEntry>()
  execute(vehicles, state)
  const ran = execute(records, state)
  const store = await openStore({ path: join(folder, 'store'), genesis: SCOPE.genesis })
  const bare = new ClassicLevel<string, string>(join(folder, 'bare'), { writeBufferSize: 16 * 1024 * 1024 })
  await bare.open()
  const nameOf = (number: number, sequence: number): string =>
    createHash('sha256').update(`${number} ${sequence}`).digest('hex')
  const stage: Stage = {
    name: 'write a block',
    async ours(number) {
      for (const [sequence, texts] of batches.entries()) {
        const name = nameOf(number, sequence)
        await store.putBatches([{ hash: name, text: `${texts.join('\n')}\n` }])
        const { writes, entries } = ran[sequence]!
        const height = number * batches.length + sequence + 1
        const placed = { author: 'p1', incarnation: 0, sequence: height, hash: name, count: texts.length }
        const block = { height, hash: name, header: '{}', certificate: '{}', batches: [placed], refusals: '[]' }
        await store.commit({ ...block, writes: writes(), entries, treeNodes: [] })
      }
    },
    async bare(number) {
      for (const [sequence, texts] of batches.entries()) {
        const batch = bare.batch().put(`k${nameOf(number, sequence)}`, texts.join('\n'))
        for (const { key, entry } of ran[sequence]!.writes()) batch.put(key, entry.text)
        await batch.write({ sync: true })
      }
    }
  }
  return {
    stage,
    async close() {
      await store.close()
      await bare.close()
    }
  }
}
