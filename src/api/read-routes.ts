import type { FastifyReply } from 'fastify'
import { canonicalText } from '../base/canonical.js'
import { LedgerError, type Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import type { Language } from '../base/languages.js'
import { recordIn, refusalIn, requestLanguages } from './languages.js'
import { JSON_TYPE, type Route, ref, sendJson } from './route.js'

/** A record's id as it stands in a path. */
export const recordParams: Readonly<Record<string, JsonObject>> = {
  author: { type: 'string', description: 'Partner id' },
  sequence: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  index: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
}

export interface RecordParams {
  readonly author: string
  readonly sequence: number
  readonly index: number
}

/** What the node knows about its network, blocks and records by id. */
export const readRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/status',
    operation: 'status',
    summary: 'How this node and its network are',
    answers: { 200: { description: 'Status', content: { [JSON_TYPE]: ref('Status') } } },
    handle: ({ status }, _, reply) => sendJson(reply, status())
  },
  {
    method: 'GET',
    path: '/v1/partners',
    operation: 'partners',
    summary: 'The partners of the network',
    answers: { 200: { description: 'Partners, sorted by id', content: { [JSON_TYPE]: ref('Partners') } } },
    handle: ({ node }, _, reply) => sendJson(reply, { items: node.partners() })
  },
  {
    method: 'GET',
    path: '/v1/genesis',
    operation: 'genesis',
    summary: 'The document the network was born from, as its exact canonical text',
    answers: { 200: { description: 'Genesis', content: { [JSON_TYPE]: ref('Genesis') } } },
    handle: ({ node }, _, reply) => sendText(reply, canonicalText(node.genesis()))
  },
  {
    method: 'GET',
    path: '/v1/model',
    operation: 'model',
    summary: 'The network definition in force and its hash',
    answers: { 200: { description: 'Model', content: { [JSON_TYPE]: ref('Model') } } },
    handle: ({ node }, _, reply) => sendJson(reply, node.model())
  },
  {
    method: 'GET',
    path: '/v1/checkpoint',
    operation: 'checkpoint',
    summary: 'The newest block with the partner set that signed it, to verify receipts against',
    answers: { 200: { description: 'Checkpoint', content: { [JSON_TYPE]: ref('Checkpoint') } } },
    handle: ({ node }, _, reply) => sendJson(reply, node.checkpoint())
  },
  {
    method: 'GET',
    path: '/v1/blocks/:height',
    operation: 'block',
    summary: 'A block with its certificate, batches and refusals',
    params: { height: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } },
    answers: { 200: { description: 'Block', content: { [JSON_TYPE]: ref('Block') } } },
    errors: ['NOT_FOUND'],
    handle: ({ node }, request, reply) => {
      const { height } = request.params as { height: number }
      const block = node.block(height) ?? notFound(`there is no block ${height}`)
      return sendJson(varying(reply), blockIn(requestLanguages(request), block))
    }
  },
  {
    method: 'GET',
    path: '/v1/records/:author/:sequence/:index',
    operation: 'record',
    summary: 'A record by its id, whatever became of it',
    params: recordParams,
    answers: { 200: { description: 'Record', content: { [JSON_TYPE]: ref('Record') } } },
    errors: ['NOT_FOUND'],
    handle: ({ node }, request, reply) => {
      const id = recordIdOf(request.params as RecordParams)
      const record = node.show(id) ?? notFound(`there is no record ${id}`)
      return sendJson(varying(reply), recordIn(requestLanguages(request), record))
    }
  },
  {
    method: 'GET',
    path: '/v1/receipts/:author/:sequence/:index',
    operation: 'receipt',
    summary: 'The proof of a committed record, as its exact canonical text',
    params: recordParams,
    answers: { 200: { description: 'Receipt', content: { [JSON_TYPE]: ref('Receipt') } } },
    errors: ['NOT_FOUND'],
    handle: ({ node }, request, reply) => {
      const id = recordIdOf(request.params as RecordParams)
      return sendText(reply, node.receipt(id) ?? notFound(`there is no committed record ${id}`))
    }
  }
]

export function recordIdOf({ author, sequence, index }: RecordParams): string {
  return `${author}/${sequence}/${index}`
}

/** Whoever keeps this answer must not give it to readers of another language. */
function varying(reply: FastifyReply): FastifyReply {
  return reply.header('vary', 'Accept-Language')
}

function blockIn(languages: readonly Language[], block: JsonObject): JsonObject {
  const { refused } = block
  if (!Array.isArray(refused)) return block
  const told = (refused as unknown as readonly Refusal[]).map((refusal) => refusalIn(languages, refusal))
  return { ...block, refused: told as unknown as Json }
}

/** Sends a text as it is, because hashes and signatures are over exactly these characters. */
function sendText(reply: Parameters<typeof sendJson>[0], text: string): unknown {
  return reply.type(`${JSON_TYPE}; charset=utf-8`).send(text.endsWith('\n') ? text : `${text}\n`)
}

function notFound(message: string): never {
  throw new LedgerError('NOT_FOUND', message)
}
