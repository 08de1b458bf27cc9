import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import { vehiclesFile, visitsFile } from './input-files.js'
import { lineChart } from './line-chart.js'
import { type BenchNetwork, withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { runPrototype } from './prototype/network.js'
import { visitSource } from './single-visits.js'
import { streamFiles } from './streaming.js'

/** Parts in which the longer chain grows: points of the chart. */
const PARTS = 20

/** A network whose chain grows. */
interface Growing {
  /** Appends so many records. @returns records a second */
  grow(count: number): Promise<number>
  length(): number
}

/** The same pipe at a short chain and at a long one, one after the other, several times. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { small = 20_000, large = 200_000, records = 20_000, runs = 5, charts } = options
  return await withNetwork(4, (shortNetwork) =>
    withNetwork(4, async (longNetwork) => {
      const short = await growing(shortNetwork)
      const long = await growing(longNetwork)
      await short.grow(small)
      const points: (readonly [number, number])[] = []
      for (let part = 0; part < PARTS; part++) {
        const rate = await long.grow(Math.ceil(large / PARTS))
        points.push([long.length(), Math.round(rate)])
      }
      const vehicles = await vehiclesFile(longNetwork.folder)
      const bares: number[] = []
      const pairs: { readonly short: number; readonly long: number }[] = []
      for (let number = 0; number < runs; number++) {
        const file = await visitsFile(longNetwork.folder, 'bare.ndjson', records)
        bares.push((await runPrototype({ file, vehicles })).recordsPerSecond)
        pairs.push({ short: await short.grow(records), long: await long.grow(records) })
      }
      const verified = [await checkCopies(shortNetwork), await checkCopies(longNetwork)].map(({ text }) => text)
      if (charts !== undefined) await writeFile(join(charts, 'rate-by-length.svg'), chartOf(points))
      return {
        figures: [
          row(
            'growth: rate on the short chain',
            'records/s',
            pairs.map((pair) => pair.short),
            bares
          ),
          row(
            'growth: rate on the long chain',
            'records/s',
            pairs.map((pair) => pair.long),
            bares
          ),
          row(
            'growth: rate against the short chain',
            'ratio',
            pairs.map((pair) => pair.long / pair.short)
          )
        ],
        conditions:
          `${CONDITIONS}; 4 partners each, chains of ${small} and ${large} records at first, pairs of ${records} more; ` +
          'the nodes of the other network are idle meanwhile',
        verified: verified.join('; ')
      }
    })
  )
}

async function growing(network: BenchNetwork): Promise<Growing> {
  const { folder, founder } = network
  await runLedger(founder.home, ['append', 'vehicle', '--quiet', await vehiclesFile(folder)])
  const visits = visitSource()
  let length = 0
  return {
    length: () => length,
    async grow(count) {
      const file = await visitsFile(folder, 'visits.ndjson', count, { from: visits.skip(count) })
      length += count
      return (await streamFiles(network, [file], count)).recordsPerSecond
    }
  }
}

function chartOf(points: readonly (readonly [number, number])[]): string {
  return lineChart({
    title: 'Rate against the length of the chain, four partners on two cores',
    xLabel: 'records in the chain',
    yLabel: 'records a second',
    series: [{ name: 'one pipe', points }]
  })
}
