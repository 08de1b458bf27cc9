import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type ApiClient, createClient } from '../../src/api/client.js'
import { ROOT } from './build.js'

/** Longest one command, or the start or stop of a node, may take, in milliseconds. */
const COMMAND_MS_MAX = 60_000
const STOP_MS_MAX = 15_000

/** How often a condition is looked at. */
const LOOK_MS = 100

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One partner: a home, and a node in it that may be running. */
export interface Player {
  readonly id: string
  readonly home: string
  /** Asks its node over the control socket. */
  readonly client: ApiClient
  /** Starts its node with these options of `ledger-node start` and waits for the ready line. @returns seconds it took */
  start(args?: readonly string[]): Promise<number>
  /** Ends its node at once, as a power cut would. */
  kill(): Promise<void>
  /** Runs `ledger` on its home. */
  ledger(args: readonly string[], input?: string): Promise<CommandResult>
}

/** The partners of the story, and whatever runs for them. */
export interface Company {
  /** The partner of this id; its home is made when its node first starts. */
  player(id: string): Player
  /** What each node wrote on stderr. */
  logs(): readonly (readonly [id: string, text: string])[]
  /** Stops all that runs, by process id. */
  close(): Promise<void>
  /** Kills all that runs, by process id. */
  abandon(): void
}

/** @param folder where the homes lie */
export function createCompany(folder: string, signal: AbortSignal): Company {
  const players = new Map<string, Player>()
  const running = new Set<ChildProcess>()
  const logs = new Map<string, string[]>()

  function spawned(program: string, args: readonly string[]): ChildProcess {
    // In a group of its own: Ctrl-C is for the demo, which then stops everything in order.
    const child = spawn(process.execPath, [join(ROOT, program), ...args], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true
    })
    running.add(child)
    child.once('close', () => running.delete(child))
    child.stdin?.on('error', () => {})
    return child
  }

  function playerOf(id: string): Player {
    const home = join(folder, id)
    let node: ChildProcess | undefined
    return {
      id,
      home,
      client: createClient(join(home, 'control.sock')),
      async start(args = []) {
        const started = performance.now()
        node = spawned('bin/ledger-node.js', ['start', '--home', home, '--log-level', 'info', ...args])
        const log = logs.get(id) ?? []
        logs.set(id, log)
        node.stderr?.setEncoding('utf8').on('data', (text: string) => log.push(text))
        await readyLine(node, id, signal)
        return (performance.now() - started) / 1000
      },
      async kill() {
        if (node !== undefined) await end(node, 'SIGKILL')
      },
      async ledger(args, input = '') {
        const child = spawned('bin/ledger.js', [...args, '--home', home])
        const stdout = textOf(child.stdout)
        const stderr = textOf(child.stderr)
        child.stdin?.end(input)
        const code = await bounded(closed(child), COMMAND_MS_MAX, `ledger ${args[0]}`, signal).catch(async (error) => {
          await end(child, 'SIGKILL')
          throw error
        })
        return { code, stdout: stdout(), stderr: stderr() }
      }
    }
  }

  return {
    player(id) {
      const player = players.get(id) ?? playerOf(id)
      players.set(id, player)
      return player
    },
    logs: () => [...logs].map(([id, pieces]) => [id, pieces.join('')] as const),
    async close() {
      await Promise.all([...running].map((child) => end(child, 'SIGTERM')))
    },
    abandon() {
      for (const child of running) child.kill('SIGKILL')
    }
  }
}

/** Waits until a look says yes. @throws Error naming what was waited for */
export async function until(
  what: string,
  look: () => Promise<boolean>,
  signal: AbortSignal,
  secondsMax = 60
): Promise<void> {
  const end = performance.now() + secondsMax * 1000
  while (!(await look())) {
    signal.throwIfAborted()
    if (performance.now() > end) throw new Error(`${what}, within ${secondsMax} s`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

async function readyLine(child: ChildProcess, id: string, signal: AbortSignal): Promise<void> {
  const stdout = textOf(child.stdout)
  const ready = new Promise<boolean>((resolve) => {
    child.stdout?.on('data', () => {
      if (stdout().includes('\n')) resolve(true)
    })
    child.once('close', () => resolve(false))
  })
  if (await bounded(ready, COMMAND_MS_MAX, `the start of ${id}`, signal)) return
  throw new Error(`the node of ${id} starts`)
}

function textOf(stream: NodeJS.ReadableStream | null): () => string {
  const pieces: string[] = []
  stream?.setEncoding('utf8')
  stream?.on('data', (piece: string) => pieces.push(piece))
  return () => pieces.join('')
}

function closed(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', (code) => resolve(code)))
}

/** Ends a process: asks first unless it is to die at once, and kills it when it does not end. */
async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = closed(child)
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await gone
  clearTimeout(timer)
}

/** A promise that is not waited for longer than so many milliseconds, nor after a signal. */
function bounded<T>(promise: Promise<T>, millisecondsMax: number, what: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    const late = (): void => reject(new Error(`${what} ends within ${millisecondsMax / 1000} s`))
    const timer = setTimeout(late, millisecondsMax)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    })
  })
}
