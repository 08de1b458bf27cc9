import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { LedgerNode, NodeStatus } from '../node/ledger-node.js'
import type { Logger } from '../node/log.js'

export const JSON_TYPE = 'application/json'
export const NDJSON_TYPE = 'application/x-ndjson'
export const BYTES_TYPE = 'application/octet-stream'
export const EVENTS_TYPE = 'text/event-stream'

/** What every handler works with. */
export interface ApiContext {
  /** Throws a LedgerError while there is none yet: look at it before an answer begins. */
  readonly node: LedgerNode
  /** Can always be told. */
  readonly status: () => NodeStatus
  /** Version of this software, for the OpenAPI document. */
  readonly version: string
  readonly log: Logger
  /** Aborted when the API closes: streams end then. */
  readonly closing: AbortSignal
  /** Silence on a change feed, in milliseconds, after which a heartbeat is sent. */
  readonly heartbeatMs: number
}

/** One operation of the API: what is served and, word for word, what /openapi.json says of it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With parameters as `:name`. */
  readonly path: string
  /** OpenAPI operationId. */
  readonly operation: string
  readonly summary: string
  /** Longer text for the document. */
  readonly description?: string
  /** Answers without a token on TCP. @default false */
  readonly open?: boolean
  /** The body is a pipe that may stay open for hours. @default false */
  readonly streamsIn?: boolean
  /** JSON Schema of each path parameter; all are required. */
  readonly params?: Readonly<Record<string, JsonObject>>
  /** JSON Schema of each query parameter. */
  readonly query?: Readonly<Record<string, JsonObject>>
  /** Schema of the body by content type. */
  readonly body?: Readonly<Record<string, JsonObject>>
  /** What answers look like, by status: description and schema by content type. */
  readonly answers: Readonly<Record<number, { description: string; content: Readonly<Record<string, JsonObject>> }>>
  /** Codes of the errors it may answer with, beside those of every operation. */
  readonly errors?: readonly ErrorCode[]
  handle(context: ApiContext, request: FastifyRequest, reply: FastifyReply): unknown
}

/** Reference to a schema of schemas.ts. */
export function ref(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` }
}

/** Answers with JSON and a newline, so that it reads well in a terminal too. */
export function sendJson(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return reply
    .code(status)
    .type(`${JSON_TYPE}; charset=utf-8`)
    .send(`${JSON.stringify(value)}\n`)
}

/** Whether the request prefers this content type by naming it. */
export function wants(request: FastifyRequest, type: string): boolean {
  return (request.headers.accept ?? '').includes(type)
}
