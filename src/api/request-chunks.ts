import type { IncomingMessage } from 'node:http'
import { LedgerError } from '../base/errors.js'

/**
 * The chunks of a request. A pipe that was cut ends with an error and not as if it were complete, so that half of what was
 * sent is never taken for all of it.
 */
export async function* requestChunks(raw: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = (): void => {
    const { reason } = signal
    raw.emit('error', reason instanceof LedgerError ? reason : new LedgerError('CLOSED', 'the pipe was cut'))
  }
  signal.addEventListener('abort', stop)
  try {
    // Not destroyed when the node stops reading: that would cut off the answer too.
    for await (const chunk of raw.iterator({ destroyOnReturn: false })) yield chunk
  } finally {
    signal.removeEventListener('abort', stop)
    raw.on('error', () => {})
    raw.resume()
  }
}
