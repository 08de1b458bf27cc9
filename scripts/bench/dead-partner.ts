import { createReadStream } from 'node:fs'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { type Commit, paceAfter } from './commit-gaps.js'
import { checkCopies } from './copies.js'
import { vehiclesFile, visitsFile } from './input-files.js'
import { type BenchNetwork, startAgain, untilLevel, withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { runPrototype } from './prototype/network.js'

/** Share of the records after which one is killed. */
const KILLED_AT = 0.4

/** One of four is killed (SIGKILL) while another streams. */
export async function run({ records = 200_000, runs = 3 }: BenchOptions): Promise<BenchResult> {
  return await withNetwork(4, async (network) => {
    const { folder, founder } = network
    const vehicles = await vehiclesFile(folder)
    await runLedger(founder.home, ['append', 'vehicle', '--quiet', vehicles])
    const bares: number[] = []
    const paces: ReturnType<typeof paceAfter>[] = []
    for (let number = 0; number < runs; number++) {
      const file = await visitsFile(folder, 'visits.ndjson', records, { from: number * records })
      bares.push((await runPrototype({ file, vehicles })).recordsPerSecond)
      paces.push(await streamAndKill(network, file, records))
      await startAgain(network.partners.at(-1)!)
      await untilLevel(network.partners)
    }
    const { text } = await checkCopies(network)
    const of = (pick: (pace: ReturnType<typeof paceAfter>) => number): number[] => paces.map(pick)
    return {
      figures: [
        row(
          'dead-partner: rate of four',
          'records/s',
          of(({ before }) => before),
          bares
        ),
        row(
          'dead-partner: rate of three',
          'records/s',
          of(({ after }) => after)
        ),
        row(
          'dead-partner: rate against four',
          'ratio',
          of(({ before, after }) => after / before)
        ),
        row(
          'dead-partner: longest gap',
          's',
          of(({ longestGap }) => longestGap)
        ),
        row(
          'dead-partner: next longest gap',
          's',
          of(({ nextGap }) => nextGap)
        )
      ],
      conditions:
        `${CONDITIONS}; 4 partners, one pipe of ${records} records, one of the other three killed after ` +
        `${KILLED_AT * 100} % of them; the rate of three counts from the end of the longest gap`,
      verified: text
    }
  })
}

async function streamAndKill(
  { partners, founder }: BenchNetwork,
  file: string,
  records: number
): Promise<ReturnType<typeof paceAfter>> {
  const dead = partners.at(-1)!
  const commits: Commit[] = []
  let killing: Promise<void> | null = null
  let killedAt = 0
  let accepted = 0
  let height = 0
  for await (const outcome of founder.client.append('maintenance', createReadStream(file), {})) {
    if (outcome.status !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
    accepted += 1
    if (outcome.height !== height) commits.push({ seconds: performance.now() / 1000, records: accepted })
    height = outcome.height
    if (killing === null && accepted >= records * KILLED_AT) {
      killedAt = performance.now() / 1000
      killing = dead.node.kill()
    }
  }
  await killing
  commits.push({ seconds: performance.now() / 1000, records: accepted })
  return paceAfter(commits, killedAt)
}
