import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ApiClient, createClient } from '../../src/api/client.js'
import { homePaths } from '../../src/node/home.js'

/** Longest a command or the start of a node may take before it is killed and the test fails. */
const PROCESS_TIMEOUT_MS = 60_000

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Repository of real input beside the project; may be missing. */
export const SHARED_DATA = join(root, '../shared/data')

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The line a node prints when it is ready. */
export interface ReadyLine {
  readonly event: 'ready'
  readonly partner: string
  readonly state: string
  readonly listen: readonly string[]
  readonly socket: string
  readonly http: string | null
}

export interface NodeProcess {
  readonly ready: ReadyLine
  readonly pid: number
  stdout(): string
  stderr(): string
  /** Whether it has ended, by itself or by a signal. */
  isOver(): boolean
  /** How it ended by itself: exit code, or the signal it died of. */
  ended(): Promise<number | NodeJS.Signals | null>
  /** Sends a signal and settles with how it ended: exit code, or the signal it died of. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

/** A home, not made yet, and the programs run on it. */
export interface SandboxHome {
  readonly home: string
  /** Asks the node of the home without a process for each question. */
  readonly client: ApiClient
  /** Runs bin/ledger.js on the home. */
  ledger(args: readonly string[], input?: string | Uint8Array): Promise<CommandResult>
  /** Runs bin/ledger-node.js on the home to its end. */
  ledgerNode(args: readonly string[]): Promise<CommandResult>
  /** Starts a node on the home and waits until it is ready. Throws with its stderr when it ends before. */
  start(args?: readonly string[]): Promise<NodeProcess>
}

export interface Sandbox extends SandboxHome {
  /** A directory of its own. */
  readonly directory: string
  /** Writes a file into the directory and gives its path. */
  file(name: string, content: string | Uint8Array): Promise<string>
  /**
   * Another home beside the first, in the directory.
   * @param nodeProgram run instead of bin/ledger-node.js
   * @param within a command that runs the node, such as `ip netns exec NAME`; it must keep its process id
   * @param ledgerProgram run instead of bin/ledger.js
   */
  at(name: string, nodeProgram?: string, within?: readonly string[], ledgerProgram?: string): SandboxHome
}

/** Gives `work` a directory; whatever it started and wrote is gone afterwards, however it ended. */
export async function withSandbox(work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  if (!existsSync(join(root, 'dist/cli/ledger.js'))) throw new Error('not built: npm run build')
  const directory = await mkdtemp(join(tmpdir(), 'ledger-e2e-'))
  const running = new Set<ChildProcess>()
  const at: Sandbox['at'] = (name, ...programs) => homeAt(running, join(directory, name), ...programs)
  const sandbox: Sandbox = {
    ...at('home'),
    directory,
    at,
    async file(name, content) {
      const path = join(directory, name)
      await writeFile(path, content)
      return path
    }
  }
  try {
    await work(sandbox)
  } finally {
    await Promise.all([...running].map(kill))
    await rm(directory, { recursive: true, force: true })
  }
}

function homeAt(
  running: Set<ChildProcess>,
  home: string,
  nodeProgram = 'bin/ledger-node.js',
  within: readonly string[] = [],
  ledgerProgram = 'bin/ledger.js'
): SandboxHome {
  return {
    home,
    client: createClient(homePaths(home).socket),
    ledger: (args, input) => run(running, ledgerProgram, home, args, input),
    ledgerNode: (args) => run(running, nodeProgram, home, args),
    start: (args = []) => startNode(running, nodeProgram, home, args, within)
  }
}

/** The values of NDJSON output. */
export function ndjson<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

function spawned(
  running: Set<ChildProcess>,
  program: string,
  home: string,
  args: readonly string[],
  within: readonly string[] = []
): ChildProcess {
  const [command, ...rest] = [...within, process.execPath, resolve(root, program), ...args] as [string, ...string[]]
  const child = spawn(command, rest, {
    // Whatever language the tester reads.
    env: { ...process.env, LC_ALL: 'C', LEDGER_HOME: home },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  // A program that ends before it has read its input is not a fault of the test.
  child.stdin?.on('error', () => {})
  return child
}

async function run(
  running: Set<ChildProcess>,
  program: string,
  home: string,
  args: readonly string[],
  input: string | Uint8Array = ''
): Promise<CommandResult> {
  const child = spawned(running, program, home, args)
  const stdout = textOf(child.stdout)
  const stderr = textOf(child.stderr)
  child.stdin?.end(input)
  const code = await ended(child, `${program} ${args.join(' ')}`)
  return { code: typeof code === 'number' ? code : null, stdout: stdout(), stderr: stderr() }
}

async function startNode(
  running: Set<ChildProcess>,
  program: string,
  home: string,
  args: readonly string[],
  within: readonly string[]
): Promise<NodeProcess> {
  const child = spawned(running, program, home, ['start', ...args], within)
  const stderr = textOf(child.stderr)
  const stdout = textOf(child.stdout)
  const exit = ended(child, 'ledger-node start', false)
  const readyLine = new Promise<string>((resolve) => {
    child.stdout?.on('data', () => {
      if (stdout().includes('\n')) resolve(stdout())
    })
  })
  const first = await Promise.race([readyLine, exit, after(PROCESS_TIMEOUT_MS)])
  if (typeof first !== 'string' || !first.startsWith('{')) {
    await kill(child)
    throw new Error(`the node did not become ready (${String(first)}): ${stderr()}`)
  }
  return {
    ready: JSON.parse(first) as ReadyLine,
    pid: child.pid ?? 0,
    stdout,
    stderr,
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    async ended() {
      const end = await Promise.race([exit, after(PROCESS_TIMEOUT_MS)])
      if (end === 'late') throw new Error(`the node did not end: ${stderr()}`)
      return end
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const end = await Promise.race([exit, after(PROCESS_TIMEOUT_MS)])
      if (end !== 'late') return end
      await kill(child)
      throw new Error(`the node did not stop on ${signal}: ${stderr()}`)
    }
  }
}

function textOf(stream: NodeJS.ReadableStream | null): () => string {
  const pieces: string[] = []
  stream?.setEncoding('utf8')
  stream?.on('data', (piece: string) => pieces.push(piece))
  return () => pieces.join('')
}

/** How a process ended, once its output is read. */
function ended(child: ChildProcess, what: string, bounded = true): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    const timer = bounded
      ? setTimeout(() => {
          child.kill('SIGKILL')
          reject(new Error(`${what} took longer than ${PROCESS_TIMEOUT_MS} ms`))
        }, PROCESS_TIMEOUT_MS)
      : undefined
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve(code ?? signal)
    })
  })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await gone
}

function after(milliseconds: number): Promise<'late'> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, 'late').unref())
}
