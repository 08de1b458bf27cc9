import { appendSinglyBy } from './appending.js'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import { percentileOf } from './figure.js'
import { vehiclesFile, visitsFile } from './input-files.js'
import { withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { runPrototype } from './prototype/network.js'
import { visitSource } from './single-visits.js'

/** Records before those that count: what is done for the first time takes longer. */
const WARMING = 50

/** One client appends one record at a time at one of four partners. */
export async function run({ records = 500, runs = 3 }: BenchOptions): Promise<BenchResult> {
  return await withNetwork(4, async (network) => {
    const { folder, founder } = network
    const vehicles = await vehiclesFile(folder)
    const file = await visitsFile(folder, 'visits.ndjson', records)
    await runLedger(founder.home, ['append', 'vehicle', '--quiet', vehicles])
    const visits = visitSource()
    await appendSinglyBy(1, founder.client, visits.take(WARMING))
    const bares: (readonly number[])[] = []
    const times: (readonly number[])[] = []
    for (let number = 0; number < runs; number++) {
      bares.push((await runPrototype({ file, vehicles, batch: 1 })).times)
      times.push(await appendSinglyBy(1, founder.client, visits.take(records)))
    }
    const at = (all: readonly (readonly number[])[], share: number): number[] =>
      all.map((one) => percentileOf(one, share))
    const { text } = await checkCopies(network)
    return {
      figures: [
        row('single: p50', 'ms', at(times, 0.5), at(bares, 0.5)),
        row('single: p99', 'ms', at(times, 0.99), at(bares, 0.99))
      ],
      conditions: `${CONDITIONS}; 4 partners, one client, ${records} records one after the other, control socket`,
      verified: text
    }
  })
}
