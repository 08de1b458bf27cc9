import { TIMEOUTS_DEFAULT } from '../../src/consensus/timeouts.js'
import type { RunningNode } from '../../src/node/node.js'
import { appendLines } from '../../test/support/test-home.js'
import { agreed, createNetwork, until } from '../../test/support/whole-nodes.js'
import { describeMachine } from './machine.js'

const RECORDS = 60

export interface ApartResult {
  readonly gossip: boolean
  /** Whether p2 and p3 never connect to each other. */
  readonly apart: boolean
  /** From a record to its outcome, one at a time, at p1, p2 and p3 in turn; three of four are there, and all three are needed. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly max: number }
}

/** Four partners over libp2p on loopback in this process, the fourth of them gone. */
async function measure(gossip: boolean, apart: boolean, records: number): Promise<ApartResult> {
  const options = { gossip, timeouts: TIMEOUTS_DEFAULT }
  const network = await createNetwork(apart ? { ...options, apart: ['p2', 'p3'] } : options)
  try {
    for (const id of ['p2', 'p4', 'p3']) await network.join(id)
    const [p1, p2, p4, p3] = network.nodes as [RunningNode, RunningNode, RunningNode, RunningNode]
    await until('all are connected who ever will be', () => online(p1) === 4 && online(p4) === 4)
    await agreed(network.nodes)
    await network.close(p4)
    await until('the fourth is missed', () => online(p1) === 3)
    const times: number[] = []
    for (let number = 0; number < records; number++) {
      const node = [p1, p2, p3][number % 3]!
      const started = performance.now()
      const line = JSON.stringify({ vehicle: `car ${number}`, odometer: 1 })
      const [outcome] = await appendLines(node, 'inspection', [line])
      if (outcome?.status !== 'accepted') throw new Error(JSON.stringify(outcome))
      times.push(performance.now() - started)
    }
    times.sort((a, b) => a - b)
    const at = (share: number): number => Math.round(times[Math.floor(share * (times.length - 1))]!)
    return { gossip, apart, latencyMs: { p50: at(0.5), p90: at(0.9), max: at(1) } }
  } finally {
    await network.remove()
  }
}

function online(node: RunningNode): number {
  return node.status().quorum.online
}

/** @param args how many records (default 60) */
export async function run([records]: readonly string[]) {
  const machine = describeMachine()
  const results: ApartResult[] = []
  for (const gossip of [true, false]) {
    for (const apart of [false, true]) results.push(await measure(gossip, apart, Number(records ?? RECORDS)))
  }
  return { machine, results }
}
