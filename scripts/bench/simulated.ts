import { type BenchOptions, type BenchResult, row } from './benchmark.js'
import type { Figure } from './figure.js'
import type { CalmRun } from './simulated/calm-network.js'
import { countSignatures } from './simulated/count-signatures.js'

interface Size {
  readonly voters: number
  readonly observers: number
}

const SIZES: readonly Size[] = [
  ...[4, 7, 13, 50, 100].map((voters) => ({ voters, observers: 0 })),
  { voters: 13, observers: 87 }
]

/** One way, milliseconds. */
const DELAY_MS = 50

/** What a block costs a node of larger networks, all in one process: more than a machine can run as processes. */
export async function run({ records = 5, runs = 3, partners }: BenchOptions): Promise<BenchResult> {
  countSignatures()
  const { runCalmNetwork } = await import('./simulated/calm-network.js')
  const figures: Figure[] = []
  for (const size of partners === undefined ? SIZES : [{ voters: partners, observers: 0 }]) {
    const all: CalmRun[] = []
    for (let number = 0; number < runs; number++) {
      all.push(await runCalmNetwork({ ...size, records, delayMs: DELAY_MS }))
    }
    figures.push(...rowsOf(nameOf(size), all))
  }
  return {
    figures,
    conditions:
      `replicas in one process, virtual clock, network and disks, no libp2p and no LevelDB, no faults; each record of ` +
      `${records} alone in its block, one a virtual second; messages through JSON, signatures real; ${DELAY_MS} ms one way`
  }
}

function nameOf({ voters, observers }: Size): string {
  return observers === 0 ? `${voters} partners` : `${voters} voters, ${observers} observers`
}

function rowsOf(name: string, all: readonly CalmRun[]): Figure[] {
  const of = (pick: (one: CalmRun) => number): number[] => all.map(pick)
  const messages = of((one) => one.messages)
  const votes = of((one) => one.votes)
  const bytes = of((one) => one.bytes)
  const signatures = of((one) => one.signatures)
  const cpu = of((one) => one.cpuMs)
  const commit = of((one) => one.commitMs)
  return [
    row(`${name}: messages sent a block and node`, 'messages', messages),
    row(`${name}: votes among them`, 'messages', votes),
    row(`${name}: bytes of all messages`, 'bytes', bytes),
    row(`${name}: signatures checked a block and node`, 'signatures', signatures),
    row(`${name}: processor time a block and node`, 'ms', cpu),
    row(`${name}: proposal to commit, virtual`, 'ms', commit)
  ]
}
