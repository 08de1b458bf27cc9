import type { FastifyReply, FastifyRequest } from 'fastify'
import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { ATTACHMENT_BYTES_MAX } from '../ledger/attachment.js'
import type { ReadableAttachment } from '../node/attachment-types.js'
import { UPLOAD_STALL_MS } from './limits.js'
import { after, flag, isOn, limit, sendPages } from './pages.js'
import { requestChunks } from './request-chunks.js'
import { type ApiContext, BYTES_TYPE, JSON_TYPE, NDJSON_TYPE, type Route, ref, sendJson } from './route.js'

const params: Readonly<Record<string, JsonObject>> = {
  hash: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the file, as records have it' }
}

const bytes: JsonObject = { type: 'string', format: 'binary' }

/** The files that belong to records. */
export const attachmentRoutes: readonly Route[] = [
  {
    method: 'PUT',
    path: '/v1/attachments',
    operation: 'putAttachment',
    summary: 'Takes a file in, to be named in a record afterwards',
    description: `The file as it is, at most ${ATTACHMENT_BYTES_MAX} bytes. An upload that is cut leaves nothing.`,
    streamsIn: true,
    body: { [BYTES_TYPE]: bytes },
    answers: { 201: { description: 'It is held here', content: { [JSON_TYPE]: ref('StoredAttachment') } } },
    errors: ['TOO_LARGE', 'LIMIT_EXCEEDED', 'DISK_FULL', 'BUSY'],
    handle: putAttachment
  },
  {
    method: 'GET',
    path: '/v1/attachments',
    operation: 'attachments',
    summary: 'The files that are held here',
    query: { limit, after },
    answers: {
      200: {
        description: 'Files by their hashes; one a line when NDJSON is asked for',
        content: { [JSON_TYPE]: ref('AttachmentPage'), [NDJSON_TYPE]: ref('ListedAttachment') }
      }
    },
    handle: (context, request, reply) =>
      sendPages(context, request, reply, (page) => context.node.attachments.list(page))
  },
  {
    method: 'GET',
    path: '/v1/attachments/:hash',
    operation: 'attachment',
    summary: 'A file of a record, fetched from the partners when it is not here',
    description:
      'It is checked against its hash before the answer begins, and again while it is sent: an answer that is cut short is no ' +
      'good. NOT_FOUND tells which partners were asked.',
    params,
    query: { again: { ...flag, description: 'Fetch it also when it was removed here' } },
    answers: { 200: { description: 'The file', content: { [BYTES_TYPE]: bytes } } },
    errors: ['NOT_FOUND', 'STORE_DAMAGED', 'LIMIT_EXCEEDED', 'DISK_FULL', 'BUSY'],
    handle: sendAttachment
  },
  {
    method: 'GET',
    path: '/v1/attachments/:hash/about',
    operation: 'aboutAttachment',
    summary: 'What this node knows of a file; nobody is asked for it',
    params,
    answers: { 200: { description: 'Attachment', content: { [JSON_TYPE]: ref('Attachment') } } },
    errors: ['NOT_FOUND'],
    handle: ({ node }, request, reply) => sendJson(reply, node.attachments.about(hashOf(request)))
  },
  {
    method: 'DELETE',
    path: '/v1/attachments/:hash',
    operation: 'removeAttachment',
    summary: 'Deletes a file here, and remembers that it is not wanted',
    description: 'The record stays as it is, and so do the files of other partners.',
    params,
    answers: { 200: { description: 'Removed', content: { [JSON_TYPE]: ref('RemovedAttachment') } } },
    errors: ['NOT_FOUND', 'LIMIT_EXCEEDED', 'DISK_FULL'],
    handle: async ({ node }, request, reply) => {
      const hash = hashOf(request)
      await node.attachments.remove(hash)
      return sendJson(reply, { removed: hash })
    }
  }
]

function hashOf(request: FastifyRequest): string {
  return (request.params as { hash: string }).hash
}

async function putAttachment(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if (!(request.headers['content-type'] ?? '').startsWith(BYTES_TYPE)) {
    throw new LedgerError('USAGE', `a file is sent with content-type: ${BYTES_TYPE}`)
  }
  if (Number(request.headers['content-length'] ?? 0) > ATTACHMENT_BYTES_MAX) {
    throw new LedgerError('TOO_LARGE', `the file has more than ${ATTACHMENT_BYTES_MAX} bytes`)
  }
  return await untilGone(context, reply, async (signal, abort) => {
    const chunks = withoutStalls(requestChunks(request.raw, signal), abort)
    return sendJson(reply, await context.node.attachments.put(chunks, { signal }), 201)
  })
}

/** Ends an upload of which nothing comes any more. */
async function* withoutStalls(
  chunks: AsyncIterable<Uint8Array>,
  abort: (reason: Error) => void
): AsyncGenerator<Uint8Array> {
  const late = (): void => abort(new LedgerError('USAGE', `nothing of the file came for ${UPLOAD_STALL_MS} ms`))
  const timer = setTimeout(late, UPLOAD_STALL_MS)
  try {
    for await (const chunk of chunks) {
      timer.refresh()
      yield chunk
    }
  } finally {
    clearTimeout(timer)
  }
}

async function sendAttachment(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const again = isOn((request.query as { again?: string }).again)
  await untilGone(context, reply, async (signal) => {
    const file = await context.node.attachments.read(hashOf(request), { again, signal })
    try {
      await sendFile(reply, file, signal)
    } catch (error) {
      // The headers have left: a cut is what tells that it is not good.
      if (!signal.aborted) context.log.warn('an attachment could not be sent', { hash: hashOf(request), error })
      reply.raw.destroy()
    } finally {
      await file.close()
    }
  })
}

async function sendFile(reply: FastifyReply, file: ReadableAttachment, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': BYTES_TYPE,
    'content-length': file.bytes,
    // What a partner wrote must not run as if it were a page of this node.
    'content-disposition': 'attachment',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store'
  })
  for await (const chunk of file.chunks()) {
    signal.throwIfAborted()
    if (raw.write(chunk)) continue
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        raw.off('drain', goOn).off('close', goOn)
        resolve()
      }
      raw.on('drain', goOn).on('close', goOn)
    })
  }
  signal.throwIfAborted()
  raw.end()
}

/** With a signal that aborts when the client goes away or the API closes. */
async function untilGone<T>(
  context: ApiContext,
  reply: FastifyReply,
  work: (signal: AbortSignal, abort: (reason: Error) => void) => Promise<T>
): Promise<T> {
  const stop = new AbortController()
  const closed = (): void => stop.abort(new LedgerError('CLOSED', 'the node is stopping'))
  context.closing.addEventListener('abort', closed)
  reply.raw.once('close', closed)
  if (context.closing.aborted) closed()
  try {
    return await work(stop.signal, (reason) => stop.abort(reason))
  } finally {
    context.closing.removeEventListener('abort', closed)
    reply.raw.off('close', closed)
  }
}
