import type { JsonObject } from '../base/json.js'
import type { LineWriter } from './line-writer.js'
import { requireObject } from './object-routes.js'
import { progressLines } from './progress-lines.js'
import { EVENTS_TYPE, NDJSON_TYPE, type Route, ref, wants } from './route.js'
import { streamAnswer } from './streaming.js'

const since: JsonObject = {
  type: 'string',
  pattern: '^[0-9]{1,16}(\\.[0-9]{1,10}\\.[0-9]{1,10})?$',
  description: '0 is the beginning; else an event id or a height: what came after it. Absent: from now on'
}

/** Answers that go on: the change feed and the progress of a verification. */
export const feedRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/changes',
    operation: 'changes',
    summary: 'Accepted records as they are committed',
    description:
      'Server-Sent Events: one event with an id per accepted record, heartbeats are comments; Last-Event-ID goes before since. ' +
      'As NDJSON when Accept names it: one record a line with its event id, heartbeats are empty lines.',
    query: { since, object: { type: 'string', description: 'Only records of this object' } },
    answers: {
      200: {
        description: 'The feed, without end',
        content: { [EVENTS_TYPE]: ref('Change'), [NDJSON_TYPE]: ref('Change') }
      }
    },
    errors: ['UNKNOWN_OBJECT'],
    handle: (context, request, reply) => {
      const { node } = context
      const query = request.query as { since?: string; object?: string }
      if (query.object !== undefined) requireObject(node, query.object)
      const lastSeen = request.headers['last-event-id']
      const from = typeof lastSeen === 'string' && lastSeen !== '' ? lastSeen : query.since
      const form = wants(request, NDJSON_TYPE) ? asLines : asEvents
      return streamAnswer(context, request, reply, form, async ({ writer, signal }) => {
        const options = {
          signal,
          ...(from === undefined ? {} : { since: from }),
          ...(query.object === undefined ? {} : { object: query.object })
        }
        const stopHeart = startHeart(writer, form.heartbeat, context.heartbeatMs)
        try {
          for await (const { id, record } of node.changes(options)) {
            if (!writer.write(form.change(id, record))) await writer.room()
          }
        } catch (thrown) {
          if (!signal.aborted) throw thrown
        } finally {
          stopHeart()
        }
      })
    }
  },
  {
    method: 'POST',
    path: '/v1/verify',
    operation: 'verify',
    summary: 'Checks the whole copy of the chain and runs every rule again',
    answers: { 200: { description: 'Progress, and the report last', content: { [NDJSON_TYPE]: ref('VerifyLine') } } },
    errors: ['BUSY'],
    handle: (context, request, reply) => {
      const { node } = context
      const form = { contentType: NDJSON_TYPE, failure: (error: string) => `${error}\n` }
      return streamAnswer(context, request, reply, form, async ({ writer, signal }) => {
        const report = await node.verify({ signal, onProgress: progressLines(writer) })
        writer.write(`${JSON.stringify({ report })}\n`)
      })
    }
  }
]

const asEvents = {
  contentType: EVENTS_TYPE,
  heartbeat: ': heartbeat\n\n',
  change: (id: string, record: object): string => `id: ${id}\ndata: ${JSON.stringify({ event: id, ...record })}\n\n`,
  failure: (error: string): string => `event: failure\ndata: ${error}\n\n`
}

const asLines = {
  contentType: NDJSON_TYPE,
  heartbeat: '\n',
  change: (id: string, record: object): string => `${JSON.stringify({ event: id, ...record })}\n`,
  failure: (error: string): string => `${error}\n`
}

/** Writes a heartbeat at intervals, but not to a reader that is behind anyway. */
function startHeart(writer: LineWriter, heartbeat: string, intervalMs: number): () => void {
  let behind = false
  const timer = setInterval(() => {
    if (behind || writer.closed()) return
    behind = !writer.write(heartbeat)
    if (behind) void writer.room().then(() => (behind = false))
  }, intervalMs)
  return () => clearInterval(timer)
}
