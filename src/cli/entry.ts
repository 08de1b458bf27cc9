import type { Program } from './command.js'
import type { Io } from './context.js'
import { describeFailure, exitCodeOf } from './failure.js'

/** Runs a program as the process: real streams, real environment, and an end as soon as its output is out. */
export async function runAsProcess(build: (io: Io) => Program): Promise<never> {
  const { env, stdin, stdout, stderr } = process
  // What nobody caught ends the process like any other failure: a code and a line, no stack trace.
  const fatal = (error: unknown): void => {
    if (isHungUp(error)) {
      const time = new Date().toISOString()
      const message = 'a connection ended while it was written to'
      stderr.write(`${JSON.stringify({ time, level: 'warn', message, why: error.message })}\n`)
      return
    }
    stderr.write(describeFailure(error, process.argv.includes('debug')))
    process.exit(exitCodeOf(error))
  }
  process.on('uncaughtException', fatal).on('unhandledRejection', fatal)
  // A reader that goes away is told by the next write; without a listener it would end the process with a stack trace.
  stdout.on('error', () => {})
  stderr.on('error', () => {})
  const io: Io = { env, stdin, stdout, stderr, signals: process, exit: (code) => process.exit(code) }
  const code = await build(io).main(process.argv.slice(2))
  await Promise.all([drained(stdout), drained(stderr)])
  // Not left to an empty event loop: an input nobody reads any more may still be open.
  process.exit(code)
}

/**
 * libp2p writes from its own events and timers too, and throws there when the other end hangs up at that moment. Nothing but the
 * connection is lost by it, and whoever hangs up must not stop a node.
 */
function isHungUp(error: unknown): error is Error {
  return error instanceof Error && error.name === 'StreamStateError'
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve()
    else stream.write('', () => resolve())
  })
}
