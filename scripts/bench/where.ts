import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import type { Figure } from './figure.js'
import { VEHICLES, vehiclesFile, visitsFile } from './input-files.js'
import { type BenchPartner, untilLevel, withNetwork } from './partners.js'
import { cpuSecondsOf, cpuSecondsOfMainThread, runLedger } from './processes.js'
import { callTree, timesOfParts } from './profile/call-tree.js'
import { busyTime, type CpuProfile } from './profile/cpu-profile.js'
import { flameGraph } from './profile/flame-graph.js'
import { beginProfile, endProfile, profileRecorder } from './profile/node-profile.js'
import { PARTS, type Part } from './profile/parts.js'
import { withTemporaryFolder } from './temporary-folder.js'

const PARTNERS = 4

/** Visits before anything is sampled, so that V8 has compiled what is used. */
const WARM_UP = 10_000

/** What one node did while the records went through it. */
interface SampledNode {
  readonly profile: CpuProfile
  /** Microseconds of the processor: the thread that is sampled, and the others of the process. */
  readonly processor: number
  readonly otherThreads: number
}

interface SampledRun {
  readonly recordsPerSecond: number
  readonly follower: SampledNode
  readonly author: SampledNode
  readonly verified: string
}

/** One partner of four streams: what the nodes of the author and of one who follows do meanwhile. */
export async function run({ records = 100_000, runs = 3, charts }: BenchOptions): Promise<BenchResult> {
  return await withTemporaryFolder('ledger-bench-', async (folder) => {
    const vehicles = await vehiclesFile(folder)
    const before = await visitsFile(folder, 'warm-up.ndjson', WARM_UP)
    const file = await visitsFile(folder, 'visits.ndjson', records, { from: WARM_UP })
    const all: SampledRun[] = []
    for (let number = 0; number < runs; number++) all.push(await sampledRun({ vehicles, before, file, records }))
    const followers = all.map(({ follower }) => follower)
    const authors = all.map(({ author }) => author)
    if (charts !== undefined) await writeFile(join(charts, 'where.svg'), chartOf(followers, records))
    const rates = all.map(({ recordsPerSecond }) => recordsPerSecond)
    return {
      figures: [
        row('where: rate while sampled', 'records/s', rates),
        ...figuresOf('follower', followers, records),
        ...figuresOf('author', authors, records)
      ],
      conditions:
        `${CONDITIONS}; ${PARTNERS} partners, one pipe of ${records} records of ${VEHICLES} cars; all us are a record's; parts ` +
        'are the CPU of the main thread, by samples',
      verified: [...new Set(all.map(({ verified }) => verified))].join('; ')
    }
  })
}

interface Input {
  readonly vehicles: string
  readonly before: string
  readonly file: string
  readonly records: number
}

async function sampledRun({ vehicles, before, file, records }: Input): Promise<SampledRun> {
  return await withNetwork(
    PARTNERS,
    async (network) => {
      const { founder, partners } = network
      const sampled = [partners[1]!, founder]
      await runLedger(founder.home, ['append', 'vehicle', '--quiet', vehicles])
      await runLedger(founder.home, ['append', 'maintenance', '--quiet', before])
      await untilLevel(partners)
      const ends = await Promise.all(sampled.map(sample))
      const started = performance.now()
      await runLedger(founder.home, ['append', 'maintenance', '--quiet', file])
      const recordsPerSecond = records / ((performance.now() - started) / 1000)
      await untilLevel(partners)
      const [follower, author] = await Promise.all(ends.map((end) => end()))
      const { text } = await checkCopies(network)
      return { recordsPerSecond, follower: follower!, author: author!, verified: text }
    },
    { recorderOf: profileRecorder }
  )
}

/** Begins to sample a node. @returns ends it */
async function sample(partner: BenchPartner): Promise<() => Promise<SampledNode>> {
  const { pid } = partner.node
  await beginProfile(partner)
  const before = { all: cpuSecondsOf(pid), main: cpuSecondsOfMainThread(pid) }
  return async () => {
    const processor = (cpuSecondsOfMainThread(pid) - before.main) * 1e6
    const otherThreads = (cpuSecondsOf(pid) - before.all) * 1e6 - processor
    return { profile: await endProfile(partner), processor, otherThreads }
  }
}

function figuresOf(who: string, nodes: readonly SampledNode[], records: number): Figure[] {
  const perRecord = (name: string, microseconds: readonly number[]): Figure => {
    const values = microseconds.map((value) => value / records)
    return row(`where: ${who}: ${name}`, 'us', values)
  }
  const parts = nodes.map((node) => timesOfParts(callTree([node])))
  const mainThreads = nodes.map(({ processor }) => processor)
  const otherThreads = nodes.map((node) => node.otherThreads)
  const byClock = nodes.map(({ profile }) => busyTime(profile))
  return [
    ...(Object.keys(PARTS) as Part[]).map((part) => {
      const times = parts.map((one) => one.get(part) ?? 0)
      return perRecord(PARTS[part].title, times)
    }),
    perRecord('CPU of the main thread, all parts', mainThreads),
    perRecord('CPU of its other threads', otherThreads),
    perRecord('not idle by the clock, waiting for a core included', byClock)
  ]
}

/** All runs on top of each other. */
function chartOf(followers: readonly SampledNode[], records: number): string {
  const root = callTree(followers)
  const sampled = records * followers.length
  const each = (root.total / sampled).toFixed(1)
  return flameGraph({
    title: `Processor time of a node that follows a stream: ${each} us a record (main thread; callers above)`,
    root,
    records: sampled
  })
}
