import { setMaxListeners } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LedgerError } from '../base/errors.js'
import { errorAnswer } from './errors.js'
import { createLineWriter, type LineWriter } from './line-writer.js'
import type { ApiContext } from './route.js'

export interface StreamWork {
  readonly writer: LineWriter
  /** Aborted when the client goes away or the API closes. */
  readonly signal: AbortSignal
}

export interface StreamOptions {
  readonly contentType: string
  /** How an error that ends the stream is told; without it the connection is cut, so that the client notices. */
  readonly failure?: (errorJson: string) => string
}

/**
 * Answers with a stream: the headers leave at once, `work` writes, its end is the end of the answer. An error after that
 * cannot be a status any more and is told in the stream.
 */
export async function streamAnswer(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  options: StreamOptions,
  work: (stream: StreamWork) => Promise<void>
): Promise<void> {
  reply.hijack()
  const { raw } = reply
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const abort = (): void => stop.abort(new LedgerError('CLOSED', 'the node is stopping'))
  // By hand and not with AbortSignal.any: what that ties to a signal that lives long is not given back on Node 20.
  context.closing.addEventListener('abort', abort)
  raw.once('close', abort)
  if (context.closing.aborted) abort()

  raw.writeHead(200, {
    'content-type': options.contentType,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    // A pipe may get its last word before it is through: then closing at once would lose it.
    ...(request.raw.complete ? {} : { connection: 'keep-alive' })
  })
  raw.flushHeaders()
  const writer = createLineWriter(raw)
  try {
    await work({ writer, signal: stop.signal })
    await writer.flush()
  } catch (thrown) {
    if (!writer.closed()) tell(context, request, reply, options, writer, thrown)
  } finally {
    context.closing.removeEventListener('abort', abort)
  }
  if (writer.closed()) return
  await writer.flush().catch(() => {})
  raw.end()
}

function tell(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  options: StreamOptions,
  writer: LineWriter,
  thrown: unknown
): void {
  const answer = errorAnswer(thrown)
  if (answer.unforeseen) context.log.error('a stream failed', { url: request.url, error: thrown })
  if (options.failure === undefined) reply.raw.destroy()
  else writer.write(options.failure(JSON.stringify(answer.body)))
}
