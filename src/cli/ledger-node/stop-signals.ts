import type { Logger } from '../../node/log.js'
import type { Io } from '../context.js'

/** Signals that ask a process to stop, with the exit codes a shell gives to who dies of them. */
const STOP_SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Listens for SIGINT and SIGTERM: the first aborts the signal, so that everything closes in its order; a second ends the
 * process at once, which loses nothing that was acknowledged.
 */
export function onStopSignals(io: Io, log: Logger): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController()
  const handlers = Object.entries(STOP_SIGNALS).map(([name, code]) => {
    const handle = (): void => {
      if (stop.signal.aborted) io.exit(code)
      log.info('stopping', { signal: name })
      stop.abort()
    }
    io.signals.on(name, handle)
    return { name, handle }
  })
  return {
    signal: stop.signal,
    release() {
      for (const { name, handle } of handlers) io.signals.off(name, handle)
    }
  }
}
