import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describeMachine } from './machine.js'
import { type BenchPartner, invitationOf, openPartner, untilVoters } from './partners.js'
import { cpuSecondsOf, memoryOf, NETWORK, runLedger, startNode } from './processes.js'
import { maintenanceLines, vehicleLines } from './records.js'

const VEHICLES = 1_000
const SINGLE_RECORDS = 300
const IDLE_SECONDS = 10

export interface PartnersResult {
  readonly partners: number
  /** From the start of the process to its ready line: the founder, a joiner with its invitation, a restart. */
  readonly readySeconds: { readonly founding: number; readonly joining: readonly number[]; readonly restart: number }
  /** From the start of a joiner's process until every partner counts it as a voter. */
  readonly voterSeconds: readonly number[]
  /** Per node, when nothing is written: share of one core, and memory. */
  readonly idle: { readonly cpuPercent: readonly number[]; readonly memoryMiB: readonly number[] }
  /** One pipe at one partner. */
  readonly onePipe: Throughput
  /** A pipe at every partner at once. */
  readonly allPipes: Throughput
  /** One record at a time, from sending it to its outcome, through the control socket. */
  readonly latencyMs: { readonly p50: number; readonly p99: number }
}

export interface Throughput {
  readonly records: number
  readonly recordsPerSecond: number
  /** Of all nodes together. */
  readonly cpuMicrosecondsPerRecord: number
  /** Of the node that needed the most. */
  readonly memoryPeakMiB: number
}

/** A network of `size` partners as processes on this machine; `records` in all through pipes, twice. */
export async function network(size: number, records: number): Promise<PartnersResult> {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-bench-'))
  const partners: BenchPartner[] = []
  try {
    const founder = await openPartner(folder, 'p1', ['--network', NETWORK, '--partner', 'p1', '--role', 'dealer'])
    partners.push(founder)
    const voterSeconds: number[] = []
    for (let number = 2; number <= size; number++) {
      const token = await invitationOf(founder, `p${number}`)
      const started = performance.now()
      partners.push(await openPartner(folder, `p${number}`, ['--invite', token]))
      await untilVoters(partners)
      voterSeconds.push(rounded((performance.now() - started) / 1000))
    }
    const joining = partners.slice(1).map(({ node }) => rounded(node.readySeconds))
    await runLedger(founder.home, ['append', 'vehicle', '--quiet'], vehicleLines(VEHICLES))
    const idle = await idleOf(partners)
    const onePipe = await throughput(partners, records, [[...maintenanceLines(records, VEHICLES)]])
    const allPipes = await throughput(partners, records, shares(records, size))
    const latencyMs = await latencyOf(founder)
    const last = partners.at(-1)!
    const founding = rounded(founder.node.readySeconds)
    await last.node.stop()
    last.node = await startNode(last.home)
    const readySeconds = { founding, joining, restart: rounded(last.node.readySeconds) }
    return { partners: size, readySeconds, voterSeconds, idle, onePipe, allPipes, latencyMs }
  } finally {
    for (const { node } of partners) await node.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function idleOf(partners: readonly BenchPartner[]): Promise<PartnersResult['idle']> {
  await pause(2_000)
  const before = partners.map(({ node }) => cpuSecondsOf(node.pid))
  await pause(IDLE_SECONDS * 1000)
  return {
    cpuPercent: partners.map(({ node }, i) => rounded(((cpuSecondsOf(node.pid) - before[i]!) / IDLE_SECONDS) * 100)),
    memoryMiB: partners.map(({ node }) => memoryOf(node.pid).now)
  }
}

/** Records by which all partners write at once: each has vehicles of its own, so that no odometer goes back. */
function shares(records: number, partners: number): string[][] {
  const all: string[][] = Array.from({ length: partners }, () => [])
  const owners = new Map<string, number>()
  for (const line of maintenanceLines(2 * records, VEHICLES)) {
    const { vin, odometer, ...rest } = JSON.parse(line) as { vin: string; odometer: number }
    const owner = owners.get(vin) ?? owners.size % partners
    owners.set(vin, owner)
    // Beyond what the pipe before has written.
    all[owner]?.push(`${JSON.stringify({ vin, odometer: odometer + 3_000_000, ...rest })}\n`)
    if (all.every((share) => share.length >= records / partners)) break
  }
  return all.map((share) => share.slice(0, Math.floor(records / partners)))
}

async function throughput(
  partners: readonly BenchPartner[],
  records: number,
  pipes: readonly (readonly string[])[]
): Promise<Throughput> {
  const cpu = (): number => partners.reduce((sum, { node }) => sum + cpuSecondsOf(node.pid), 0)
  const before = cpu()
  const started = performance.now()
  const append = ['append', 'maintenance', '--quiet']
  await Promise.all(pipes.map((lines, index) => runLedger(partners[index]!.home, append, lines)))
  const seconds = (performance.now() - started) / 1000
  return {
    records,
    recordsPerSecond: Math.round(records / seconds),
    cpuMicrosecondsPerRecord: rounded(((cpu() - before) / records) * 1e6),
    memoryPeakMiB: Math.max(...partners.map(({ node }) => memoryOf(node.pid).peak))
  }
}

async function latencyOf({ client }: BenchPartner): Promise<PartnersResult['latencyMs']> {
  const times: number[] = []
  const [sample] = maintenanceLines(1, 1)
  for (let i = 0; i < SINGLE_RECORDS; i++) {
    const record = { ...(JSON.parse(sample!) as object), vin: firstVin(), odometer: 8_000_000 + i }
    const started = performance.now()
    for await (const outcome of client.append('maintenance', oneLine(record), {})) {
      if (outcome.status !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
    }
    times.push(performance.now() - started)
  }
  times.sort((a, b) => a - b)
  const at = (part: number): number => rounded(times[Math.floor(times.length * part)]!)
  return { p50: at(0.5), p99: at(0.99) }
}

function firstVin(): string {
  const [line] = vehicleLines(1)
  return (JSON.parse(line!) as { vin: string }).vin
}

async function* oneLine(record: object): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(`${JSON.stringify(record)}\n`)
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}

/** `npm run bench -- four-partners [RECORDS]`: four partners, and one with the same records beside them. */
export async function run(args: readonly string[]): Promise<unknown> {
  const [records = 100_000] = args.map(Number)
  const machine = describeMachine()
  const one = await network(1, records)
  const four = await network(4, records)
  return { machine, one, four }
}
