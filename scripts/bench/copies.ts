import type { VerifyReport } from '../../src/node/ledger-node.js'
import { type BenchNetwork, untilLevel } from './partners.js'
import { runLedger } from './processes.js'

/** All copies of a network, checked after its nodes were stopped. */
export interface CheckedCopies {
  /** What to print. */
  readonly text: string
  /** Records of each copy checked in a second, the start of the process included. */
  readonly recordsPerSecond: readonly number[]
}

/**
 * Stops all nodes once their copies are level, and runs `ledger verify` on each.
 * @throws Error when a copy fails, or is another one than the rest
 */
export async function checkCopies({ partners }: BenchNetwork): Promise<CheckedCopies> {
  await untilLevel(partners)
  for (const { node } of partners) await node.stop()
  const recordsPerSecond: number[] = []
  const heads = new Set<string>()
  let height = 0
  for (const { home, id } of partners) {
    const started = performance.now()
    const report = JSON.parse(await runLedger(home, ['verify', '--json', '--quiet'])) as VerifyReport
    if (!report.ok) throw new Error(`the copy of ${id} fails: ${JSON.stringify(report.failure)}`)
    recordsPerSecond.push(report.records / ((performance.now() - started) / 1000))
    heads.add(report.head)
    height = report.height
  }
  if (heads.size !== 1) throw new Error(`the copies differ: ${[...heads].join(', ')}`)
  return { text: `${partners.length} of ${partners.length} verified, all at block ${height}`, recordsPerSecond }
}
