import { spawn } from 'node:child_process'

export interface Ended {
  /** Null when it was killed. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Whether it was still running after the time it was given. */
  readonly hung: boolean
}

/** Groups of processes that run. */
const groups = new Set<number>()

/** Runs a Node program in a process group of its own, so that nothing of it outlives its time. */
export function runNode(cwd: string, args: readonly string[], timeoutMs: number): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const { pid } = child
  if (pid !== undefined) groups.add(pid)
  let stdout = ''
  let stderr = ''
  let hung = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const timer = setTimeout(() => {
    hung = true
    if (pid !== undefined) kill(pid)
  }, timeoutMs)
  return new Promise((settle, fail) => {
    child.on('error', fail)
    child.on('close', (code) => {
      clearTimeout(timer)
      if (pid !== undefined) groups.delete(pid)
      settle({ code, stdout, stderr, hung })
    })
  })
}

/** Ends everything that was started here. */
export function killAll(): void {
  for (const group of groups) kill(group)
}

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
