import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import type { Figure } from './figure.js'
import { VEHICLES, vehiclesFile, visitsFile } from './input-files.js'
import { watchMemory } from './memory-samples.js'
import { type BenchNetwork, cpuSecondsOfAll, startAgain, withNetwork } from './partners.js'
import { bytesBelow, runLedger } from './processes.js'
import { type PrototypeRun, runPrototype } from './prototype/network.js'
import { delayRecorder, takeDelay } from './take-delay.js'
import { withTemporaryFolder } from './temporary-folder.js'

/** What one pipe did to a network. */
export interface StreamRun {
  readonly recordsPerSecond: number
  readonly cpuMicrosecondsPerRecordAndNode: number
  readonly memory: { readonly peak: number; readonly growth: number }
  readonly diskBytesPerRecord: number
}

/**
 * Appends files through `ledger append`, each at a partner of its own, all at once.
 * @param records in all files together
 */
export async function streamFiles(
  { partners }: BenchNetwork,
  files: readonly string[],
  records: number
): Promise<StreamRun> {
  const disks = async (): Promise<number> =>
    (await Promise.all(partners.map(({ home }) => bytesBelow(home)))).reduce((sum, bytes) => sum + bytes, 0)
  const before = { cpu: cpuSecondsOfAll(partners), disk: await disks() }
  const memory = watchMemory(partners.map(({ node }) => node.pid))
  const started = performance.now()
  const append = ['append', 'maintenance', '--quiet']
  await Promise.all(files.map((file, index) => runLedger(partners[index]!.home, [...append, file])))
  const seconds = (performance.now() - started) / 1000
  return {
    recordsPerSecond: records / seconds,
    cpuMicrosecondsPerRecordAndNode: ((cpuSecondsOfAll(partners) - before.cpu) / records / partners.length) * 1e6,
    memory: memory.stop(),
    diskBytesPerRecord: ((await disks()) - before.disk) / records / partners.length
  }
}

interface WholeRun {
  readonly bare: PrototypeRun
  readonly stream: StreamRun
  readonly delayP99: number
  readonly verified: string
  readonly verifiedPerSecond: readonly number[]
  readonly startSeconds: readonly number[]
}

/** One partner streams; afterwards all copies are verified and all nodes started again. Each run has a network of its own. */
export async function run({ records = 100_000, runs = 3, partners = 4 }: BenchOptions): Promise<BenchResult> {
  return await withTemporaryFolder('ledger-bench-', async (folder) => {
    const vehicles = await vehiclesFile(folder)
    const file = await visitsFile(folder, 'visits.ndjson', records)
    const all: WholeRun[] = []
    for (let number = 0; number < runs; number++) {
      const bare = await runPrototype({ file, vehicles, size: partners })
      all.push({
        bare,
        ...(await withNetwork(partners, (network) => wholeRun(network, vehicles, file, records), DELAYS))
      })
    }
    return {
      figures: figuresOf(all),
      conditions: `${CONDITIONS}; ${partners} partners, one pipe of ${records} records of ${VEHICLES} cars`,
      verified: [...new Set(all.map(({ verified }) => verified))].join('; ')
    }
  })
}

const DELAYS = { recorderOf: delayRecorder }

async function wholeRun(
  network: BenchNetwork,
  vehicles: string,
  file: string,
  records: number
): Promise<Omit<WholeRun, 'bare'>> {
  await runLedger(network.founder.home, ['append', 'vehicle', '--quiet', vehicles])
  for (const partner of network.partners) await takeDelay(partner)
  const stream = await streamFiles(network, [file], records)
  const delays: number[] = []
  for (const partner of network.partners) delays.push((await takeDelay(partner)).p99)
  const { text, recordsPerSecond } = await checkCopies(network)
  const startSeconds: number[] = []
  for (const partner of network.partners) {
    await startAgain(partner)
    startSeconds.push(partner.node.readySeconds)
  }
  return {
    stream,
    delayP99: Math.max(...delays),
    verified: text,
    verifiedPerSecond: recordsPerSecond,
    startSeconds
  }
}

function figuresOf(all: readonly WholeRun[]): Figure[] {
  const bare = (pick: (run: PrototypeRun) => number): number[] => all.map((one) => pick(one.bare))
  const of = (pick: (run: StreamRun) => number): number[] => all.map((one) => pick(one.stream))
  const rate = of(({ recordsPerSecond }) => recordsPerSecond)
  const bareRate = bare(({ recordsPerSecond }) => recordsPerSecond)
  const cpu = of(({ cpuMicrosecondsPerRecordAndNode }) => cpuMicrosecondsPerRecordAndNode)
  const bareCpu = bare(({ cpuMicrosecondsPerRecordAndNode }) => cpuMicrosecondsPerRecordAndNode)
  const ratio = rate.map((value, index) => value / bareRate[index]!)
  const verified = all.flatMap(({ verifiedPerSecond }) => verifiedPerSecond)
  const peak = of(({ memory }) => memory.peak)
  const growth = of(({ memory }) => memory.growth)
  const delays = all.map(({ delayP99 }) => delayP99)
  const starts = all.flatMap(({ startSeconds }) => startSeconds)
  const disk = of(({ diskBytesPerRecord }) => diskBytesPerRecord)
  const replay = bare(({ replayedPerSecond }) => replayedPerSecond)
  const barePeak = bare(({ memoryPeakMiB }) => memoryPeakMiB)
  const bareDisk = bare(({ diskBytesPerRecord }) => diskBytesPerRecord)
  return [
    row('streaming: rate', 'records/s', rate, bareRate),
    row('streaming: rate against the prototype', 'ratio', ratio),
    row('streaming: CPU a record and node', 'us', cpu, bareCpu),
    row('streaming: memory of a node, peak', 'MiB', peak, barePeak),
    row('streaming: memory of a node, growth', 'MiB', growth),
    row('streaming: disk a record', 'bytes', disk, bareDisk),
    row('streaming: event-loop delay p99', 'ms', delays),
    row('streaming: verify', 'records/s', verified, replay),
    row('streaming: start to ready', 's', starts)
  ]
}
