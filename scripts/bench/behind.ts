import { setTimeout as pause } from 'node:timers/promises'
import type { ApiClient } from '../../src/api/client.js'
import { appendPaced } from './appending.js'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import { percentileOf } from './figure.js'
import { VEHICLES, vehiclesFile, visitsFile } from './input-files.js'
import { watchMemory } from './memory-samples.js'
import { type BenchNetwork, startAgain, withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { runPrototype } from './prototype/network.js'
import { maintenanceLines, WORKS_OF_300_BYTES } from './records.js'

const LOOK_MS = 20
const SECONDS_MAX = 1_800

/** What another writes meanwhile goes on for as long as it takes. */
const ENDLESS = 1e8

interface Caught {
  readonly recordsPerSecond: number
  readonly times: readonly number[]
  readonly memoryPeak: number
}

/** One of four is stopped while so many records are appended, and comes back while another partner goes on writing. */
export async function run({ records = 100_000, runs = 3, load = 1_000 }: BenchOptions): Promise<BenchResult> {
  return await withNetwork(4, async (network) => {
    const { folder, founder } = network
    const vehicles = await vehiclesFile(folder)
    await runLedger(founder.home, ['append', 'vehicle', '--quiet', vehicles])
    const caught: Caught[] = []
    const bares: number[] = []
    let from = 0
    for (let number = 0; number < runs; number++) {
      const file = await visitsFile(folder, 'visits.ndjson', records, { from })
      from += records
      // What comes with the load has higher odometers than all before, and lower ones than all after.
      const more = maintenanceLines(ENDLESS, VEHICLES, { from, works: WORKS_OF_300_BYTES })
      bares.push((await runPrototype({ file, vehicles })).replayedPerSecond)
      const one = await catchUp(network, file, records, more, load)
      from += one.times.length
      caught.push(one)
    }
    const { text } = await checkCopies(network)
    return {
      figures: [
        row(
          'catch-up: rate',
          'records/s',
          caught.map((one) => one.recordsPerSecond),
          bares
        ),
        row(
          'catch-up: record at another partner meanwhile, p50',
          'ms',
          caught.map(({ times }) => percentileOf(times, 0.5))
        ),
        row(
          'catch-up: record at another partner meanwhile, p99',
          'ms',
          caught.map(({ times }) => percentileOf(times, 0.99))
        ),
        row(
          'catch-up: memory of the node, peak',
          'MiB',
          caught.map(({ memoryPeak }) => memoryPeak)
        )
      ],
      conditions:
        `${CONDITIONS}; 4 partners, one ${records} records behind; from the start of its process until it is level; ` +
        `${load} records/s at another partner meanwhile; bare: the prototype checks its own chain again`,
      verified: text
    }
  })
}

async function catchUp(
  { partners, founder }: BenchNetwork,
  file: string,
  records: number,
  more: Iterable<string>,
  load: number
): Promise<Caught> {
  const [, writer, , away] = partners
  await away!.node.stop()
  await runLedger(founder.home, ['append', 'maintenance', '--quiet', file])
  const stop = new AbortController()
  const written = appendPaced(writer!.client, more, load, stop.signal)
  // It fails here only together with what waits for it below.
  written.catch(() => {})
  const started = performance.now()
  let memoryPeak = 0
  let seconds = 0
  try {
    await startAgain(away!)
    const memory = watchMemory([away!.node.pid])
    try {
      while (!(await isLevel(away!.client, writer!.client))) {
        if (performance.now() - started > SECONDS_MAX * 1000) throw new Error('it has not caught up in time')
        await pause(LOOK_MS)
      }
    } finally {
      memoryPeak = memory.stop().peak
    }
    seconds = (performance.now() - started) / 1000
  } finally {
    stop.abort()
  }
  const { times } = await written
  return { recordsPerSecond: records / seconds, times, memoryPeak }
}

/** Within the blocks that are just being made. */
async function isLevel(returning: ApiClient, writer: ApiClient): Promise<boolean> {
  const [own, { height }] = await Promise.all([returning.status().catch(() => null), writer.status()])
  return own !== null && !own.syncing && own.height >= height - 2
}
