import { appendSinglyBy } from '../appending.js'
import { row } from '../benchmark.js'
import { checkCopies } from '../copies.js'
import { type Figure, percentileOf } from '../figure.js'
import { vehiclesFile, visitsFile } from '../input-files.js'
import { withNetwork } from '../partners.js'
import { runLedger } from '../processes.js'
import { visitSource } from '../single-visits.js'
import { streamFiles } from '../streaming.js'

const STEPS = [
  { clients: 1, records: 300 },
  { clients: 64, records: 3_200 }
] as const

/** Our own four partners in the same run: one client, 64, and one pipe. */
export async function measureLedger(
  records: number,
  runs: number
): Promise<{ readonly figures: Figure[]; readonly verified: string }> {
  return await withNetwork(4, async (network) => {
    const { folder, founder } = network
    await runLedger(founder.home, ['append', 'vehicle', '--quiet', await vehiclesFile(folder)])
    const visits = visitSource()
    const figures: Figure[] = []
    for (const { clients, records: count } of STEPS) {
      const rates: number[] = []
      const p50: number[] = []
      for (let number = 0; number < runs; number++) {
        const lines = visits.take(count)
        const started = performance.now()
        p50.push(percentileOf(await appendSinglyBy(clients, founder.client, lines), 0.5))
        rates.push(count / ((performance.now() - started) / 1000))
      }
      figures.push(row(`ledger: single records, ${clients} clients`, 'records/s', rates))
      if (clients === 1) figures.push(row('ledger: single record p50', 'ms', p50))
    }
    const rates: number[] = []
    for (let number = 0; number < runs; number++) {
      const file = await visitsFile(folder, 'visits.ndjson', records, { from: visits.skip(records) })
      rates.push((await streamFiles(network, [file], records)).recordsPerSecond)
    }
    figures.push(row('ledger: one pipe', 'records/s', rates))
    return { figures, verified: (await checkCopies(network)).text }
  })
}
