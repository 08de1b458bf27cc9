import { appendSinglyBy } from './appending.js'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import { type Figure, percentileOf } from './figure.js'
import { vehiclesFile, visitsFile } from './input-files.js'
import { withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { runPrototype } from './prototype/network.js'
import { visitSource } from './single-visits.js'
import { type StreamRun, streamFiles } from './streaming.js'
import { withTemporaryFolder } from './temporary-folder.js'

const SIZES = [7, 13] as const
const SINGLES = 100

/** Larger networks on the same machine: all nodes share its cores. `partners` measures one size alone. */
export async function run({ records = 30_000, runs = 3, partners }: BenchOptions): Promise<BenchResult> {
  const figures: Figure[] = []
  const verified: string[] = []
  const sizes = partners === undefined ? SIZES : [partners]
  for (const size of sizes) {
    const { rows, text } = await measure(size, records, runs)
    figures.push(...rows)
    verified.push(text)
  }
  return {
    figures,
    conditions: `${CONDITIONS}; ${sizes.join(' and ')} partners, one pipe of ${records} records, ${SINGLES} single ones`,
    verified: verified.join('; ')
  }
}

async function measure(size: number, records: number, runs: number): Promise<{ rows: Figure[]; text: string }> {
  return await withTemporaryFolder('ledger-bench-', async (folder) => {
    const vehicles = await vehiclesFile(folder)
    const visits = visitSource()
    const bares: number[] = []
    const streams: StreamRun[] = []
    const singles: number[][] = []
    const text = await withNetwork(size, async (network) => {
      await runLedger(network.founder.home, ['append', 'vehicle', '--quiet', vehicles])
      for (let number = 0; number < runs; number++) {
        const file = await visitsFile(folder, 'visits.ndjson', records, { from: visits.skip(records) })
        bares.push((await runPrototype({ file, vehicles, size })).recordsPerSecond)
        streams.push(await streamFiles(network, [file], records))
        singles.push(await appendSinglyBy(1, network.founder.client, visits.take(SINGLES)))
      }
      return (await checkCopies(network)).text
    })
    const of = (pick: (stream: StreamRun) => number): number[] => streams.map(pick)
    const at = (share: number): number[] => singles.map((times) => percentileOf(times, share))
    const rate = of((one) => one.recordsPerSecond)
    const cpu = of((one) => one.cpuMicrosecondsPerRecordAndNode)
    const peak = of(({ memory }) => memory.peak)
    const rows = [
      row(`${size} partners: rate`, 'records/s', rate, bares),
      row(`${size} partners: CPU a record and node`, 'us', cpu),
      row(`${size} partners: memory of a node, peak`, 'MiB', peak),
      row(`${size} partners: single p50`, 'ms', at(0.5)),
      row(`${size} partners: single p99`, 'ms', at(0.99))
    ]
    return { rows, text }
  })
}
