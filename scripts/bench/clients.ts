import { appendSinglyBy } from './appending.js'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import { percentileOf } from './figure.js'
import { vehiclesFile, visitsFile } from './input-files.js'
import { withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { runPrototype } from './prototype/network.js'
import { visitSource } from './single-visits.js'

const CLIENTS = 64

/** Many clients of one partner, each with one record at a time and a request for each. */
export async function run({ records = 6_400, runs = 3 }: BenchOptions): Promise<BenchResult> {
  return await withNetwork(4, async (network) => {
    const { folder, founder } = network
    const vehicles = await vehiclesFile(folder)
    const file = await visitsFile(folder, 'visits.ndjson', records)
    await runLedger(founder.home, ['append', 'vehicle', '--quiet', vehicles])
    const visits = visitSource()
    await appendSinglyBy(CLIENTS, founder.client, visits.take(10 * CLIENTS))
    const bares: number[] = []
    const rates: number[] = []
    const times: number[][] = []
    for (let number = 0; number < runs; number++) {
      bares.push((await runPrototype({ file, vehicles, batch: CLIENTS })).recordsPerSecond)
      const lines = visits.take(records)
      const started = performance.now()
      times.push(await appendSinglyBy(CLIENTS, founder.client, lines))
      rates.push(records / ((performance.now() - started) / 1000))
    }
    const at = (share: number): number[] => times.map((one) => percentileOf(one, share))
    const { text } = await checkCopies(network)
    return {
      figures: [
        row('clients: rate', 'records/s', rates, bares),
        row('clients: p50', 'ms', at(0.5)),
        row('clients: p99', 'ms', at(0.99))
      ],
      conditions:
        `${CONDITIONS}; 4 partners, ${CLIENTS} clients of one of them, ${records} records, each a request at the control ` +
        `socket; all clients in one process on the same machine; the prototype: batches of ${CLIENTS}, one at a time`,
      verified: text
    }
  })
}
