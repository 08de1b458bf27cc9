import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { appendPaced } from './appending.js'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import { medianOf, percentileOf } from './figure.js'
import { vehiclesFile, visitsFile } from './input-files.js'
import { lineChart } from './line-chart.js'
import { withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { runPrototype } from './prototype/network.js'
import { visitSource } from './single-visits.js'

const PERCENTS = [10, 20, 40, 60, 80, 90, 100] as const

/** Seconds of each step. */
const STEP_SECONDS = 5

/** Due at once: as fast as the pipe takes them. */
const UNPACED = 1e9

/** One pipe at a given share of what it can take: how long a record takes from when it is due. */
export async function run({ records = 50_000, runs = 3, charts }: BenchOptions): Promise<BenchResult> {
  return await withNetwork(4, async (network) => {
    const { folder, founder } = network
    const vehicles = await vehiclesFile(folder)
    await runLedger(founder.home, ['append', 'vehicle', '--quiet', vehicles])
    const file = await visitsFile(folder, 'visits.ndjson', records)
    const visits = visitSource()
    const bares: number[] = []
    const saturated: number[] = []
    for (let number = 0; number < runs; number++) {
      bares.push((await runPrototype({ file, vehicles })).recordsPerSecond)
      saturated.push(records / (await appendPaced(founder.client, visits.take(records), UNPACED)).seconds)
    }
    const most = medianOf(saturated)
    const p50: number[][] = PERCENTS.map(() => [])
    const p99: number[][] = PERCENTS.map(() => [])
    for (let number = 0; number < runs; number++) {
      for (const [index, percent] of PERCENTS.entries()) {
        const perSecond = (most * percent) / 100
        const { times } = await appendPaced(founder.client, visits.take(Math.ceil(perSecond * STEP_SECONDS)), perSecond)
        p50[index]!.push(percentileOf(times, 0.5))
        p99[index]!.push(percentileOf(times, 0.99))
      }
    }
    const { text } = await checkCopies(network)
    if (charts !== undefined) await writeFile(join(charts, 'latency-by-load.svg'), chartOf(most, p50, p99))
    return {
      figures: [
        row('load: saturation', 'records/s', saturated, bares),
        ...PERCENTS.flatMap((percent, index) => [
          row(`load: p50 at ${percent} %`, 'ms', p50[index]!),
          row(`load: p99 at ${percent} %`, 'ms', p99[index]!)
        ])
      ],
      conditions:
        `${CONDITIONS}; 4 partners, one open pipe at one of them, ${STEP_SECONDS} s a step, times from when a record is due; ` +
        'who sends is a process on the same machine',
      verified: text
    }
  })
}

function chartOf(most: number, p50: readonly number[][], p99: readonly number[][]): string {
  const pointsOf = (values: readonly number[][]) =>
    PERCENTS.map((percent, index) => [Math.round((most * percent) / 100), medianOf(values[index]!)] as const)
  return lineChart({
    title: 'Latency against load, four partners on two cores',
    xLabel: 'records a second',
    yLabel: 'ms from due to committed',
    series: [
      { name: 'p50', points: pointsOf(p50) },
      { name: 'p99', points: pointsOf(p99) }
    ]
  })
}
