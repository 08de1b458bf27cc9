/** Exit code of a program whose reader went away before it was done, as shells give it for SIGPIPE. */
export const EXIT_READER_GONE = 141

/**
 * Calls `act` once when nobody reads stdout any more, as after `| head`; what is written from then on is lost quietly.
 * Without it the next write ends the process with a stack trace.
 */
export function whenReaderGone(act: () => void): void {
  let isGone = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (isGone) return
    isGone = true
    act()
  })
}
