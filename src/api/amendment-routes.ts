import type { FastifyReply } from 'fastify'
import { LedgerError } from '../base/errors.js'
import type { Json } from '../base/json.js'
import type { AmendmentState } from '../ledger/amendment-state.js'
import { REASON_CHARS_MAX } from '../ledger/system-record.js'
import { AMENDMENT_STATES, type ApprovalOptions } from '../node/amendment-types.js'
import { appendOne } from './append-routes.js'
import { jsonObjectOf, wrong } from './json-body.js'
import { after, limit, type PageQuery, sendPages } from './pages.js'
import { type RecordParams, recordIdOf, recordParams } from './read-routes.js'
import { type ApiContext, JSON_TYPE, NDJSON_TYPE, type Route, ref, sendJson } from './route.js'

/** Items taken from the node in one go. */
const ITEMS_TOGETHER = 50

/** Records that amend others, and what partners say of them. */
export const amendmentRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/records/:author/:sequence/:index/amendments',
    operation: 'amend',
    summary: 'Appends a record that amends another one',
    description:
      'data is the whole record as it should have been. Both stay readable; rules and state see the new one, at the place of ' +
      "the old one, as soon as it is accepted, or approved where the network file asks for another's word.",
    params: recordParams,
    body: { [JSON_TYPE]: ref('AmendmentRequest') },
    answers: {
      200: { description: 'Outcome', content: { [JSON_TYPE]: ref('Outcome') } },
      202: { description: 'It is stored and still pending', content: { [JSON_TYPE]: ref('Outcome') } }
    },
    errors: [
      'NOT_FOUND',
      'SCHEMA',
      'NOT_PERMITTED',
      'REFERENCE_MISSING',
      'RULE_BROKEN',
      'RULE_ERROR',
      'DUPLICATE',
      'BUSY'
    ],
    handle: (context, request, reply) => {
      return amend(context, recordIdOf(request.params as RecordParams), request.body, reply)
    }
  },
  {
    method: 'GET',
    path: '/v1/amendments',
    operation: 'amendments',
    summary: "Amendments that need, or needed, another's word",
    query: { limit, after, state: { type: 'string', enum: [...AMENDMENT_STATES], description: 'Only those in it' } },
    answers: {
      200: {
        description: 'Amendments; one a line when NDJSON is asked for',
        content: { [JSON_TYPE]: ref('AmendmentPage'), [NDJSON_TYPE]: ref('ListedAmendment') }
      }
    },
    handle: (context, request, reply) => {
      const { state } = request.query as PageQuery & { state?: AmendmentState }
      const wanted = state === undefined ? {} : { state }
      const read = (page: PageQuery) => context.node.amendments({ ...page, ...wanted })
      return sendPages(context, request, reply, read, ITEMS_TOGETHER)
    }
  },
  {
    method: 'POST',
    path: '/v1/amendments/:author/:sequence/:index/votes',
    operation: 'approve',
    summary: 'Says yes or no to an amendment; its author takes it back with no',
    params: recordParams,
    body: { [JSON_TYPE]: ref('ApprovalRequest') },
    answers: { 201: { description: 'The amendment, as it stands', content: { [JSON_TYPE]: ref('Amendment') } } },
    errors: ['NOT_FOUND', 'NOT_PERMITTED', 'REFERENCE_MISSING', 'RULE_BROKEN', 'RULE_ERROR', 'SCHEMA', 'NO_QUORUM'],
    handle: async ({ node }, request, reply) => {
      const id = recordIdOf(request.params as RecordParams)
      return sendJson(reply, await node.approve(id, readApproval(request.body)), 201)
    }
  }
]

async function amend(context: ApiContext, id: string, body: unknown, reply: FastifyReply): Promise<unknown> {
  // Whoever is still joining has none, and says so before anything else.
  const { node } = context
  const { data, reason, ...others } = jsonObjectOf(body)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw wrong(unknown, 'is unknown; there are data and reason')
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw wrong('data', 'must be an object')
  const record = node.show(id)
  if (record === null) throw new LedgerError('NOT_FOUND', `there is no record ${id}`, { id })
  const options = { amends: { reason: reasonOf(reason, 1), record: id } }
  return await appendOne(context, record.object, Buffer.from(JSON.stringify(data)), options, reply)
}

function readApproval(body: unknown): ApprovalOptions {
  const { vote, reason, ...others } = jsonObjectOf(body)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw wrong(unknown, 'is unknown; there are vote and reason')
  if (vote !== 'yes' && vote !== 'no') throw wrong('vote', 'must be yes or no')
  return { yes: vote === 'yes', ...(reason === undefined ? {} : { reason: reasonOf(reason, 0) }) }
}

function reasonOf(reason: Json | undefined, charsMin: number): string {
  const isText = typeof reason === 'string' && reason.length >= charsMin && reason.length <= REASON_CHARS_MAX
  if (isText) return reason
  throw wrong('reason', `must be a text of ${charsMin} to ${REASON_CHARS_MAX} characters`)
}
