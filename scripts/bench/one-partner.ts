import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from './machine.js'
import { bytesBelow, cpuSecondsOf, memoryOf, runLedger, startNode } from './processes.js'
import { maintenanceLines, vehicleLines } from './records.js'

const NETWORK = fileURLToPath(new URL('network.yaml', import.meta.url))

export interface OnePartnerResult {
  readonly records: number
  readonly recordsPerSecond: number
  readonly cpuMicrosecondsPerRecord: number
  readonly diskBytesPerRecord: number
  readonly inputBytesPerRecord: number
  readonly memoryMiB: { readonly before: number; readonly after: number; readonly peak: number }
  readonly startSeconds: number
  readonly restartSeconds: number
  readonly verifySeconds: number
  readonly verifyRecordsPerSecond: number
}

/** What is appended, to which network. */
export interface Work {
  /** Text of the network file. */
  readonly network: string
  readonly lines: (records: number, vehicles: number) => Iterable<string>
}

const VISITS: Work = { network: readFileSync(NETWORK, 'utf8'), lines: maintenanceLines }

/** One partner: `records` visits of `vehicles` cars through one pipe of `ledger append`, fsync on, rules on. */
export async function onePartner(
  records = 1_000_000,
  vehicles = 10_000,
  { network, lines } = VISITS
): Promise<OnePartnerResult> {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-bench-'))
  const home = join(folder, 'home')
  try {
    const file = join(folder, 'network.yaml')
    await writeFile(file, network)
    const found = ['--network', file, '--partner', 'p1', '--role', 'dealer']
    const node = await startNode(home, found)
    await runLedger(home, ['append', 'vehicle', '--quiet'], vehicleLines(vehicles))
    const before = { cpu: cpuSecondsOf(node.pid), disk: await bytesBelow(home), memory: memoryOf(node.pid).now }
    const started = performance.now()
    let inputBytes = 0
    await runLedger(
      home,
      ['append', 'maintenance', '--quiet'],
      counted(lines(records, vehicles), (bytes) => (inputBytes += bytes))
    )
    const seconds = (performance.now() - started) / 1000
    const cpu = cpuSecondsOf(node.pid) - before.cpu
    const memory = memoryOf(node.pid)
    const disk = (await bytesBelow(home)) - before.disk
    await node.stop()
    const again = await startNode(home)
    await again.stop()
    const verifying = performance.now()
    await runLedger(home, ['verify', '--quiet'])
    const verifySeconds = (performance.now() - verifying) / 1000
    return {
      records,
      recordsPerSecond: Math.round(records / seconds),
      cpuMicrosecondsPerRecord: rounded((cpu / records) * 1e6),
      diskBytesPerRecord: Math.round(disk / records),
      inputBytesPerRecord: Math.round(inputBytes / records),
      memoryMiB: { before: before.memory, after: memory.now, peak: memory.peak },
      startSeconds: rounded(node.readySeconds),
      restartSeconds: rounded(again.readySeconds),
      verifySeconds: rounded(verifySeconds),
      verifyRecordsPerSecond: Math.round((records + vehicles) / verifySeconds)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function* counted(lines: Iterable<string>, count: (bytes: number) => void): Generator<string> {
  for (const line of lines) {
    count(line.length)
    yield line
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}

/** The row as it is printed. */
export async function run(args: readonly string[]): Promise<unknown> {
  const [records = 1_000_000, vehicles = 10_000] = args.map(Number)
  return { machine: describeMachine(), result: await onePartner(records, vehicles) }
}
