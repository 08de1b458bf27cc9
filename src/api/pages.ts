import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { LIST_DEFAULT, LIST_MAX, PAGE_RECORDS } from './limits.js'
import { type ApiContext, JSON_TYPE, NDJSON_TYPE, wants } from './route.js'
import { streamAnswer } from './streaming.js'

/** A flag is on when it stands in the query at all, unless it says false. */
export const flag: JsonObject = { type: 'string', enum: ['', 'true', 'false'] }

/** Parameters of every list. */
export const limit: JsonObject = { type: 'integer', minimum: 1, maximum: LIST_MAX, default: LIST_DEFAULT }
export const after: JsonObject = { type: 'string', description: 'Cursor of the last item of the answer before' }

/** How {@link limit} and {@link after} arrive. */
export interface PageQuery {
  readonly limit: number
  readonly after?: string
}

/** Whether a {@link flag} of a query is on. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== 'false'
}

/**
 * Sends as many items as were asked for, a page at a time, in constant memory. The first page is taken before the
 * headers leave, so that a mistake in the request still gets its status.
 * @param itemsMax items taken from the node in one go
 */
export async function sendPages<T extends { readonly cursor: string }>(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  take: (page: { limit: number; after?: string }) => Promise<readonly T[]>,
  itemsMax = PAGE_RECORDS
): Promise<void> {
  const query = request.query as PageQuery
  const lines = wants(request, NDJSON_TYPE)
  let left = query.limit
  let page = await take({
    limit: Math.min(left, itemsMax),
    ...(query.after === undefined ? {} : { after: query.after })
  })
  // In a JSON document an error has no place; cut short, it does not parse.
  const options = lines
    ? { contentType: NDJSON_TYPE, failure: (error: string) => `${error}\n` }
    : { contentType: `${JSON_TYPE}; charset=utf-8` }
  await streamAnswer(context, request, reply, options, async ({ writer, signal }) => {
    let separator = lines ? '' : '{"items":['
    for (;;) {
      for (const item of page) {
        if (!writer.write(separator + JSON.stringify(item) + (lines ? '\n' : ''))) await writer.room()
        if (!lines) separator = ','
      }
      left -= page.length
      const last = page.at(-1)
      if (last === undefined || left <= 0) break
      await nextTurn()
      if (signal.aborted) throw new LedgerError('CLOSED', 'the node is stopping')
      page = await take({ limit: Math.min(left, itemsMax), after: last.cursor })
    }
    if (!lines) writer.write(separator === ',' ? ']}\n' : '{"items":[]}\n')
  })
}
