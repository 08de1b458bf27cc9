import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from './machine.js'
import { memoryOf, runLedger, startNode } from './processes.js'
import { maintenanceLines, vehicleLines } from './records.js'

const NETWORK = fileURLToPath(new URL('network.yaml', import.meta.url))

/** `records` visits of `vehicles` cars, then a rehearsal of a file with another rule. */
export async function rehearsal(records: number, vehicles: number) {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-bench-'))
  const home = join(folder, 'home')
  try {
    const node = await startNode(home, ['--network', NETWORK, '--partner', 'p1', '--role', 'dealer'])
    await runLedger(home, ['append', 'vehicle', '--quiet'], vehicleLines(vehicles))
    await runLedger(home, ['append', 'maintenance', '--quiet'], maintenanceLines(records, vehicles))
    const file = join(folder, 'other.yaml')
    const other = (await readFile(NETWORK, 'utf8')).replace(
      'refs.car != null',
      'refs.car != null && record.hours < 1000'
    )
    await writeFile(file, other)
    const before = memoryOf(node.pid)
    const started = performance.now()
    await runLedger(home, ['rehearse', file, '--limit', '0'])
    const seconds = (performance.now() - started) / 1000
    const { peak } = memoryOf(node.pid)
    await node.stop()
    const recordsPerSecond = Math.round((records + vehicles) / seconds)
    return { records, seconds: Number(seconds.toFixed(2)), recordsPerSecond, memoryMiB: { before: before.now, peak } }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The row as it is printed. */
export async function run(args: readonly string[]): Promise<unknown> {
  const [records = 1_000_000, vehicles = 10_000] = args.map(Number)
  return { machine: describeMachine(), result: await rehearsal(records, vehicles) }
}
