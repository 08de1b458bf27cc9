import { EventEmitter } from 'node:events'
import { Readable, Writable } from 'node:stream'
import type { Program } from '../../src/cli/command.js'
import type { Io } from '../../src/cli/context.js'

export interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CliSurroundings {
  readonly stdin?: string | Readable
  readonly env?: Readonly<Record<string, string>>
  /** Which streams are terminals. */
  readonly terminals?: readonly ('stdin' | 'stdout' | 'stderr')[]
  /** Given instead of one that gathers everything. */
  readonly stdout?: Writable
}

/** Runs a program within this process on streams of its own. */
export async function runProgram(
  build: (io: Io) => Program,
  argv: readonly string[],
  surroundings: CliSurroundings = {}
): Promise<CliResult> {
  const { env = {}, terminals = [], stdin = '' } = surroundings
  const stdout = gathering()
  const stderr = gathering()
  const isTTY = (name: 'stdin' | 'stdout' | 'stderr') => ({ isTTY: terminals.includes(name), columns: 80 })
  const input = typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin
  const io: Io = {
    env,
    stdin: Object.assign(input, isTTY('stdin')),
    stdout: Object.assign(surroundings.stdout ?? stdout.stream, isTTY('stdout')),
    stderr: Object.assign(stderr.stream, isTTY('stderr')),
    signals: new EventEmitter(),
    exit: (code) => {
      throw new Error(`ended at once with ${code}`)
    }
  }
  const code = await build(io).main(argv)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function gathering(): { stream: Writable; text: () => string } {
  const pieces: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      pieces.push(String(chunk))
      done()
    }
  })
  return { stream, text: () => pieces.join('') }
}
