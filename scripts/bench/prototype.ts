import type { BenchOptions, BenchResult } from './benchmark.js'
import { row } from './benchmark.js'
import { percentileOf } from './figure.js'
import { VEHICLES, vehiclesFile, visitsFile } from './input-files.js'
import { type PrototypeRun, runPrototype } from './prototype/network.js'
import { withTemporaryFolder } from './temporary-folder.js'

const SINGLES = 300

/** The prototype alone: it is the bare limit of the other rows. */
export async function run({ records = 100_000, runs = 3 }: BenchOptions): Promise<BenchResult> {
  return await withTemporaryFolder('ledger-bench-', async (folder) => {
    const vehicles = await vehiclesFile(folder)
    const file = await visitsFile(folder, 'visits.ndjson', records)
    const singles = await visitsFile(folder, 'singles.ndjson', SINGLES)
    const streamed: PrototypeRun[] = []
    const single: PrototypeRun[] = []
    for (let number = 0; number < runs; number++) {
      streamed.push(await runPrototype({ file, vehicles }))
      single.push(await runPrototype({ file: singles, vehicles, batch: 1 }))
    }
    const times = (share: number): number[] => single.map((one) => percentileOf(one.times, share))
    const all = (pick: (one: PrototypeRun) => number): number[] => streamed.map(pick)
    return {
      figures: [
        row(
          'prototype: rate',
          'records/s',
          all((one) => one.recordsPerSecond)
        ),
        row(
          'prototype: CPU a record and node',
          'us',
          all((one) => one.cpuMicrosecondsPerRecordAndNode)
        ),
        row(
          'prototype: batch p50',
          'ms',
          all((one) => percentileOf(one.times, 0.5))
        ),
        row(
          'prototype: replay',
          'records/s',
          all((one) => one.replayedPerSecond)
        ),
        row('prototype: single p50', 'ms', times(0.5)),
        row('prototype: single p99', 'ms', times(0.99))
      ],
      conditions:
        `4 processes on loopback TCP, vote log and blocks fsynced, two rules; ${records} records in batches of 1000, ` +
        `4 under way, of ${VEHICLES} cars; ${SINGLES} in batches of 1`,
      verified: 'the four chains are the same after each run'
    }
  })
}
