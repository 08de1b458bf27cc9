import { appendSinglyBy } from './appending.js'
import { type BenchOptions, type BenchResult, CONDITIONS, row } from './benchmark.js'
import { checkCopies } from './copies.js'
import { type DelayingProxy, openDelayingProxy } from './delaying-proxy.js'
import { percentileOf } from './figure.js'
import { freePorts } from './free-ports.js'
import { vehiclesFile, visitsFile } from './input-files.js'
import { type BenchNetwork, withNetwork } from './partners.js'
import { runLedger } from './processes.js'
import { visitSource } from './single-visits.js'
import { type StreamRun, streamFiles } from './streaming.js'

const PARTNERS = 4
const DELAY_MS = 50
const SINGLES = 100

interface Measured {
  readonly singles: number[][]
  readonly streams: StreamRun[]
  readonly verified: string
}

/** Each partner is reached through a proxy that delays by 50 ms each way; the same without it beside. */
export async function run({ records = 50_000, runs = 3 }: BenchOptions): Promise<BenchResult> {
  const local = await withNetwork(PARTNERS, (network) => measure(network, records, runs))
  const { far, bytes } = await delayed(records, runs)
  const single = (share: number, { singles }: Measured): number[] => singles.map((times) => percentileOf(times, share))
  const rate = ({ streams }: Measured): number[] => streams.map((one) => one.recordsPerSecond)
  const ratio = rate(far).map((value, index) => value / rate(local)[index]!)
  return {
    figures: [
      row('delay: single p50', 'ms', single(0.5, far), single(0.5, local)),
      row('delay: single p99', 'ms', single(0.99, far), single(0.99, local)),
      row('delay: rate', 'records/s', rate(far), rate(local)),
      row('delay: rate against local', 'ratio', ratio)
    ],
    conditions:
      `${CONDITIONS}; 4 partners, ${2 * DELAY_MS} ms there and back between any two by proxies on loopback, ` +
      `${Math.round(bytes / 1024 / 1024)} MiB through them; ${SINGLES} single records, one pipe of ${records}; bare: without delay`,
    verified: `${local.verified}; ${far.verified}`
  }
}

async function delayed(records: number, runs: number): Promise<{ readonly far: Measured; readonly bytes: number }> {
  const ports = await freePorts(2 * PARTNERS)
  const proxies: DelayingProxy[] = []
  try {
    for (let number = 0; number < PARTNERS; number++) {
      proxies.push(await openDelayingProxy(ports[number]!, ports[PARTNERS + number]!, DELAY_MS))
    }
    const argsOf = (number: number): string[] => [
      ...['--listen', `/ip4/127.0.0.1/tcp/${ports[PARTNERS + number - 1]}`],
      ...['--announce', `/ip4/127.0.0.1/tcp/${ports[number - 1]}`]
    ]
    const far = await withNetwork(PARTNERS, (network) => measure(network, records, runs), { argsOf })
    return { far, bytes: proxies.reduce((sum, proxy) => sum + proxy.bytes(), 0) }
  } finally {
    for (const proxy of proxies) await proxy.close()
  }
}

async function measure(network: BenchNetwork, records: number, runs: number): Promise<Measured> {
  const { folder, founder } = network
  await runLedger(founder.home, ['append', 'vehicle', '--quiet', await vehiclesFile(folder)])
  const visits = visitSource()
  const singles: number[][] = []
  const streams: StreamRun[] = []
  for (let number = 0; number < runs; number++) {
    singles.push(await appendSinglyBy(1, founder.client, visits.take(SINGLES)))
    const file = await visitsFile(folder, 'visits.ndjson', records, { from: visits.skip(records) })
    streams.push(await streamFiles(network, [file], records))
  }
  return { singles, streams, verified: (await checkCopies(network)).text }
}
