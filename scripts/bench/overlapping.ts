import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import { VEHICLES, vehiclesFile, visitsFile } from './input-files.js'
import { withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { type PrototypeRun, runPrototype } from './prototype/network.js'
import { type StreamRun, streamFiles } from './streaming.js'
import { withTemporaryFolder } from './temporary-folder.js'

const PARTNERS = 4

/** All odometers are the same, so that the partners may write of a car in any order. */
const ODOMETER = 5_000_000

/** A pipe at each partner at once, all of them about the same cars. */
export async function run({ records = 100_000, runs = 3 }: BenchOptions): Promise<BenchResult> {
  const share = Math.floor(records / PARTNERS)
  return await withTemporaryFolder('ledger-bench-', async (folder) => {
    const vehicles = await vehiclesFile(folder)
    const files: string[] = []
    for (let number = 0; number < PARTNERS; number++) {
      const from = number * share
      files.push(await visitsFile(folder, `visits-${number}.ndjson`, share, { from, odometer: ODOMETER }))
    }
    const whole = await visitsFile(folder, 'visits.ndjson', share * PARTNERS, { odometer: ODOMETER })
    const bares: PrototypeRun[] = []
    const streams: StreamRun[] = []
    const verified = new Set<string>()
    for (let number = 0; number < runs; number++) {
      bares.push(await runPrototype({ file: whole, vehicles }))
      await withNetwork(PARTNERS, async (network) => {
        await runLedger(network.founder.home, ['append', 'vehicle', '--quiet', vehicles])
        streams.push(await streamFiles(network, files, share * PARTNERS))
        verified.add((await checkCopies(network)).text)
      })
    }
    const bare = bares.map((one) => one.recordsPerSecond)
    const rate = streams.map((one) => one.recordsPerSecond)
    const cpu = streams.map((one) => one.cpuMicrosecondsPerRecordAndNode)
    const bareCpu = bares.map((one) => one.cpuMicrosecondsPerRecordAndNode)
    const peak = streams.map(({ memory }) => memory.peak)
    const disk = streams.map((one) => one.diskBytesPerRecord)
    return {
      figures: [
        row('overlapping: rate', 'records/s', rate, bare),
        row('overlapping: CPU a record and node', 'us', cpu, bareCpu),
        row('overlapping: memory of a node, peak', 'MiB', peak),
        row('overlapping: disk a record', 'bytes', disk)
      ],
      conditions: `${CONDITIONS}; a pipe of ${share} records at each of ${PARTNERS} partners, of the same ${VEHICLES} cars; the prototype has one author`,
      verified: [...verified].join('; ')
    }
  })
}
