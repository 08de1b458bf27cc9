import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { endsWithUs } from '../leftovers.js'

export interface ServerProcess {
  readonly pid: number
  stop(): Promise<void>
}

export interface ServerOptions {
  /** Where what it prints goes. */
  readonly log: string
  /** Whose process it is. @default ours */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  readonly env?: NodeJS.ProcessEnv
  /** @default SIGTERM */
  readonly signal?: NodeJS.Signals
}

const STOP_SECONDS_MAX = 10

/** Starts a server that runs until it is stopped. */
export function startServer(program: string, args: readonly string[], options: ServerOptions): ServerProcess {
  const log = openSync(options.log, 'a')
  const child = spawn(program, args, {
    stdio: ['ignore', log, log],
    env: options.env ?? process.env,
    ...options.user
  })
  closeSync(log)
  endsWithUs(child)
  const exited = once(child, 'exit')
  // A program that cannot be started shows when nobody answers.
  exited.catch(() => {})
  return {
    pid: child.pid ?? -1,
    async stop() {
      if (child.pid === undefined) return
      child.kill(options.signal ?? 'SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS_MAX * 1000)
      await exited
      clearTimeout(timer)
    }
  }
}

/** Asks until it is so. @throws Error with the end of the log when it is not in time */
export async function untilAnswers(what: string, log: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > end) {
      throw new Error(`${what} does not answer: ${readFileSync(log, 'utf8').slice(-2_000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Runs a program to its end. @returns its stdout. @throws Error with its stderr when it fails */
export async function runProgram(
  program: string,
  args: readonly string[],
  user?: { readonly uid: number; readonly gid: number }
): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...user })
  endsWithUs(child)
  let out = ''
  let error = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    error += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${error}`)
  return out
}
