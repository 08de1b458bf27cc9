import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type RequestOptions, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ApiClient, createClient } from '../../src/api/client.js'
import { homePaths } from '../../src/node/home.js'
import { readKeyFile } from '../../src/node/store/key-file.js'
import { ATTACKS } from '../../test/support/hostile-peer.js'
import { USER_ATTACKS } from '../../test/support/hostile-users.js'
import { describeMachine } from './machine.js'
import { cpuSecondsOf, memoryOf, type NodeProcess, runLedger, startNode } from './processes.js'
import { maintenanceLines, vehicleLines } from './records.js'

const NETWORK = fileURLToPath(new URL('network.yaml', import.meta.url))
const ATTACKER = fileURLToPath(new URL('../../test/support/hostile-process.ts', import.meta.url))
const PARTNERS = 4
const VEHICLES = 1_000
const RECORDS = 30_000
const SECONDS = 6
const LOOK_MS = 20
/** Longer than who was hung up on is kept away: else the next attack would not even be let in. */
const BARRED_MS = 31_000

/** An honest node under one attack, and what its users notice. */
export interface UnderAttack {
  readonly attack: string
  /** Of the attacked node, MiB: before, the most while it lasted, and some seconds after. */
  readonly memoryMiB: { readonly before: number; readonly most: number; readonly after: number }
  /**
   * Time until `/health/live` answers, sent every 20 ms: the delay of the event loop and little more. At the control socket
   * where users attack TCP, else over TCP.
   */
  readonly answerMs: { readonly p50: number; readonly p99: number; readonly most: number }
  readonly cpuPercent: number
  /** Records that the attacked partner committed meanwhile, one after the other, and how long the slowest took. */
  readonly committed: number
  readonly slowestCommitMs: number
  /** What the node told of the hostile partner and of strangers meanwhile: times seen, hung up on, and refused. */
  readonly seen: number
  readonly hungUp: number
  readonly refused: number
}

interface Partner {
  readonly home: string
  readonly client: ApiClient
  readonly http: number
  node: NodeProcess
}

/**
 * `npm run bench -- hostile [ATTACK...]`: one of four partners is hostile, and p1 is attacked in every way we know, by that
 * partner, by strangers and by users.
 */
export async function run(args: readonly string[]): Promise<unknown> {
  const names = args.length > 0 ? args : ['nothing', ...Object.keys(ATTACKS), ...Object.keys(USER_ATTACKS)]
  const folder = await mkdtemp(join(tmpdir(), 'ledger-hostile-'))
  const partners: Partner[] = []
  try {
    const [founder, ...others] = await found(folder, partners)
    const hostile = others.at(-1)!
    await runLedger(founder!.home, ['append', 'vehicle', '--quiet'], vehicleLines(VEHICLES))
    await runLedger(founder!.home, ['append', 'maintenance', '--quiet'], maintenanceLines(RECORDS, VEHICLES))
    await hostile.node.stop()
    const { seed } = await readKeyFile(homePaths(hostile.home).key)
    const results: UnderAttack[] = []
    for (const name of names) {
      if ((results.at(-1)?.hungUp ?? 0) > 0) await pause(BARRED_MS)
      const result = await attacked(name, founder!, seed)
      results.push(result)
      process.stderr.write(`${JSON.stringify(result)}\n`)
    }
    return { machine: describeMachine(), results }
  } finally {
    for (const { node } of partners) await node.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function found(folder: string, partners: Partner[]): Promise<Partner[]> {
  for (let number = 1; number <= PARTNERS; number++) {
    const home = join(folder, `p${number}`)
    const http = 42_000 + (process.pid % 1_000) * 8 + number
    const first = ['--network', NETWORK, '--partner', 'p1', '--role', 'dealer']
    const args = number === 1 ? first : ['--invite', await invite(partners[0]!.home, `p${number}`)]
    const node = await startNode(home, [...args, '--http', `127.0.0.1:${http}`])
    partners.push({ home, client: createClient(join(home, 'control.sock')), http, node })
  }
  for (const { client } of partners) {
    for (const end = performance.now() + 60_000; ; await pause(50)) {
      const voters = (await client.partners()).filter(
        ({ voter, state, connected }) => voter && state === 'active' && connected
      )
      if (voters.length === PARTNERS) break
      if (performance.now() > end) throw new Error('the partners did not find each other')
    }
  }
  return partners
}

function invite(home: string, partner: string): Promise<string> {
  return runLedger(home, ['invite', partner, '--role', 'dealer', '--quiet'])
}

async function attacked(name: string, partner: Partner, seed: Uint8Array): Promise<UnderAttack> {
  const { home, client, http, node } = partner
  const { genesis, height } = await client.status()
  const address = (await client.partners())
    .find(({ id }) => id === 'p1')
    ?.addresses.find((it) => it.includes('127.0.0.1'))
  const target = {
    genesis,
    address: withPeer(address, await ownKey(client)),
    seed: Buffer.from(seed).toString('hex'),
    partner: 'p4',
    height: height + 1,
    http,
    socket: homePaths(home).socket
  }
  const door: RequestOptions =
    USER_ATTACKS[name]?.door === 'http' ? { socketPath: target.socket } : { host: '127.0.0.1', port: http }
  const told = await misconductAt(client)
  const before = memoryOf(node.pid).now
  const cpu = cpuSecondsOf(node.pid)
  const attacker = name === 'nothing' ? null : await startAttacker(name, target)
  const stop = new AbortController()
  const commits = commitUntil(client, stop.signal)
  const answers: number[] = []
  let most = before
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end; await pause(LOOK_MS)) {
    answers.push(await answerMs(door))
    most = Math.max(most, memoryOf(node.pid).now)
  }
  stop.abort()
  const cpuPercent = Math.round(((cpuSecondsOf(node.pid) - cpu) / SECONDS) * 100)
  const times = await commits
  await stopAttacker(attacker)
  await pause(2_000)
  const toldAfter = await misconductAt(client)
  answers.sort((a, b) => a - b)
  const at = (part: number): number => Number((answers[Math.floor(answers.length * part)] ?? 0).toFixed(1))
  return {
    attack: name,
    memoryMiB: { before, most, after: memoryOf(node.pid).now },
    answerMs: { p50: at(0.5), p99: at(0.99), most: Number((answers.at(-1) ?? 0).toFixed(1)) },
    cpuPercent,
    committed: times.length,
    slowestCommitMs: Math.round(Math.max(0, ...times)),
    seen: toldAfter.seen - told.seen,
    hungUp: toldAfter.hungUp - told.hungUp,
    refused: toldAfter.refused - told.refused
  }
}

async function misconductAt(client: ApiClient): Promise<Pick<UnderAttack, 'seen' | 'hungUp' | 'refused'>> {
  const { strangers } = await client.status()
  const hostile = (await client.partners()).find(({ id }) => id === 'p4')!.misconduct
  return {
    seen: strangers.seen + hostile.seen,
    hungUp: strangers.hungUp + hostile.hungUp,
    refused: strangers.refused
  }
}

async function ownKey(client: ApiClient): Promise<string> {
  return (await client.partners()).find(({ id }) => id === 'p1')?.key ?? ''
}

function withPeer(address: string | undefined, key: string): string {
  if (address === undefined) throw new Error('p1 has no address')
  return address.includes('/p2p/') ? address : `${address}/p2p/${key}`
}

async function startAttacker(name: string, target: object): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', ATTACKER, name, JSON.stringify(target)], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  await once(child.stdout!, 'data')
  return child
}

async function stopAttacker(child: ChildProcess | null): Promise<void> {
  if (child === null) return
  const exited = once(child, 'exit')
  child.stdin?.end()
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await exited
  clearTimeout(timer)
}

let odometer = 9_000_000

/** One record after the other; milliseconds that each took. */
async function commitUntil(client: ApiClient, signal: AbortSignal): Promise<number[]> {
  const [sample] = maintenanceLines(1, 1)
  const [vehicle] = vehicleLines(1)
  const { vin } = JSON.parse(vehicle!) as { vin: string }
  const times: number[] = []
  while (!signal.aborted) {
    odometer += 1
    const started = performance.now()
    for await (const outcome of client.append('maintenance', oneLine({ ...JSON.parse(sample!), vin, odometer }), {})) {
      if (outcome.status === 'refused') throw new Error(`refused: ${JSON.stringify(outcome)}`)
      if (outcome.status === 'accepted') times.push(performance.now() - started)
    }
    await pause(20)
  }
  return times
}

async function* oneLine(record: object): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(`${JSON.stringify(record)}\n`)
}

function answerMs(door: RequestOptions): Promise<number> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request({ ...door, path: '/health/live', agent: false }, (response) => {
      response.resume().on('end', () => resolve(performance.now() - started))
    })
    sent.on('error', reject).end()
  })
}
