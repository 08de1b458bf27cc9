import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endsWithUs } from './leftovers.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The network file of the benchmarks. */
export const NETWORK = fileURLToPath(new URL('network.yaml', import.meta.url))

/** What a node records of itself: a program that is loaded before its own, and the file that it writes on SIGUSR2. */
export interface NodeRecorder {
  readonly program: string
  /** Variable of the environment that names the file. */
  readonly variable: string
  readonly file: string
}

export interface NodeProcess {
  readonly pid: number
  /** Seconds from start to the ready line. */
  readonly readySeconds: number
  stop(): Promise<void>
  /** Ends it as a crash would. */
  kill(): Promise<void>
}

/** Starts `ledger-node start` on a home and waits for its ready line. */
export async function startNode(
  home: string,
  args: readonly string[] = [],
  recorder: NodeRecorder | null = null
): Promise<NodeProcess> {
  const started = performance.now()
  const before = recorder === null ? [] : ['--import', recorder.program]
  const program = [join(ROOT, 'bin/ledger-node.js'), 'start', '--home', home, '--log-level', 'error', ...args]
  const child = spawn(process.execPath, [...before, ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: recorder === null ? process.env : { ...process.env, [recorder.variable]: recorder.file }
  })
  endsWithUs(child)
  const lines = createInterface({ input: child.stdout })
  const ready = once(lines, 'line')
  const exited = once(child, 'exit')
  const first = await Promise.race([ready, exited.then(() => null)])
  if (first === null || child.pid === undefined) throw new Error('the node did not start')
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await exited
  }
  return {
    pid: child.pid,
    readySeconds: (performance.now() - started) / 1000,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL')
  }
}

/** Runs `ledger` with lines on its input; resolves to what it printed last. */
export async function runLedger(home: string, args: readonly string[], input: Iterable<string> = []): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, 'bin/ledger.js'), ...args, '--home', home], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  endsWithUs(child)
  let last = ''
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    last = line
  })
  const closed = Promise.all([once(child, 'exit'), once(lines, 'close')])
  await feed(child, input)
  const [[code]] = await closed
  if (code !== 0) throw new Error(`ledger ${args.join(' ')} ended with ${code}: ${last}`)
  return last
}

async function feed(child: ChildProcess, input: Iterable<string>): Promise<void> {
  const { stdin } = child
  if (stdin === null) return
  stdin.on('error', () => {})
  const closed = once(stdin, 'close')
  let chunk = ''
  for (const line of input) {
    chunk += line
    if (chunk.length < 64 * 1024) continue
    if (!stdin.write(chunk)) await Promise.race([drained(stdin), closed])
    chunk = ''
  }
  stdin.end(chunk)
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.once('drain', resolve))
}

/** CPU seconds (user and system) that a process has used. Linux only. */
export function cpuSecondsOf(pid: number): number {
  return cpuSecondsIn(`/proc/${pid}/stat`)
}

/** The same of the thread that it began with, which runs its JavaScript. Linux only. */
export function cpuSecondsOfMainThread(pid: number): number {
  return cpuSecondsIn(`/proc/${pid}/task/${pid}/stat`)
}

function cpuSecondsIn(path: string): number {
  const fields = readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Resident memory of a process now and at most so far, in MiB. Linux only. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0)
  return { now: Math.round(kib('VmRSS') / 1024), peak: Math.round(kib('VmHWM') / 1024) }
}

/** Bytes of all files below a folder; one that goes away meanwhile, as LevelDB sorts, has none. */
export async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true })
  const sizes = entries.map(async (entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return await bytesBelow(path)
    if (!entry.isFile()) return 0
    return (await stat(path).catch(() => null))?.size ?? 0
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
