import { createServer, type Server } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { amendmentRoutes } from './amendment-routes.js'
import { appendRoutes } from './append-routes.js'
import { attachmentRoutes } from './attachment-routes.js'
import { type ErrorAnswer, errorAnswer } from './errors.js'
import { evidenceRoutes } from './evidence-routes.js'
import { feedRoutes } from './feed-routes.js'
import { governanceRoutes } from './governance-routes.js'
import { healthRoutes } from './health-routes.js'
import { invitationRoutes } from './invitation-routes.js'
import {
  BODY_BYTES_MAX,
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  KEEP_ALIVE_TIMEOUT_MS,
  LINGER_MS,
  PATH_PARAMETER_LENGTH_MAX,
  READER_STALL_MS,
  REQUEST_TIMES,
  type RequestTimes
} from './limits.js'
import { objectRoutes } from './object-routes.js'
import { openApiDocument } from './openapi.js'
import { readRoutes } from './read-routes.js'
import { rehearsalRoutes } from './rehearsal-routes.js'
import { type ApiContext, BYTES_TYPE, JSON_TYPE, NDJSON_TYPE, type Route, sendJson } from './route.js'
import { dropStalledReaders } from './stalled-readers.js'

const documentRoute: Route = {
  method: 'GET',
  path: '/openapi.json',
  operation: 'openapi',
  summary: 'This document',
  open: true,
  answers: { 200: { description: 'OpenAPI 3.1', content: { [JSON_TYPE]: { type: 'object' } } } },
  handle: ({ version }, _request, reply) => sendJson(reply, openApiDocument(ROUTES, version))
}

/** Every operation, the same on the control socket and on TCP. */
export const ROUTES: readonly Route[] = [
  ...readRoutes,
  ...objectRoutes,
  ...evidenceRoutes,
  ...appendRoutes,
  ...attachmentRoutes,
  ...feedRoutes,
  ...invitationRoutes,
  ...governanceRoutes,
  ...amendmentRoutes,
  ...rehearsalRoutes,
  ...healthRoutes,
  documentRoute
]

export interface ApiServer {
  /** Ready to listen; listening and closing are the caller's. */
  readonly http: Server
  close(): Promise<void>
}

/**
 * Builds the HTTP server over the routes.
 * @param access `local`: whoever can open the control socket is the administrator; `remote`: only open operations answer
 */
export async function buildServer(
  context: ApiContext,
  access: 'local' | 'remote',
  times: RequestTimes = REQUEST_TIMES
): Promise<ApiServer> {
  const http = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: times.headersTimeoutMs,
    connectionsCheckingInterval: times.headersCheckMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // A pipe of records stays open as long as its writer likes; bodies that are read whole are timed below.
    requestTimeout: 0
  })
  http.maxConnections = CONNECTIONS_MAX
  // On the control socket the reader is the administrator, who may look at one page for as long as it takes.
  if (access === 'remote') dropStalledReaders(http, READER_STALL_MS)
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
    exposeHeadRoutes: false,
    // Unknown query parameters are mistakes to tell, not to drop.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array', useDefaults: true } },
    frameworkErrors: (error, _request, reply) => void sendError(reply, errorAnswer(error)),
    serverFactory: (handler) => http.on('request', handler)
  })
  takeBodies(app)
  guard(app, access, context, times.bodyTimeoutMs)
  for (const route of ROUTES) addRoute(app, route, context)
  await app.ready()
  return { http, close: () => app.close() }
}

function sendError(reply: FastifyReply, { body, status }: Pick<ErrorAnswer, 'body' | 'status'>): FastifyReply {
  // Not closed at once, whatever the client asked for: see linger.
  if (!reply.request.raw.complete) reply.header('connection', 'keep-alive')
  return sendJson(reply, body, status)
}

/** Bodies that handlers read as they come. */
const STREAMED_TYPES = [NDJSON_TYPE, BYTES_TYPE]

function takeBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  // As bytes: parsing here would hide duplicate members, unsafe numbers and broken UTF-8 from the node.
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  for (const type of STREAMED_TYPES) app.addContentTypeParser(type, (_request, _payload, done) => done(null, 'pipe'))
}

function guard(app: FastifyInstance, access: 'local' | 'remote', context: ApiContext, bodyTimeoutMs: number): void {
  const open = new Set(ROUTES.filter((route) => route.open).map((route) => route.path))
  const streamsIn = new Set(ROUTES.filter((route) => route.streamsIn).map((route) => route.path))
  app.addHook('onRequest', async (request, reply) => {
    limitBody(request, reply, streamsIn, bodyTimeoutMs)
    if (access === 'remote' && !open.has(request.routeOptions.url ?? '')) return refuseRemote(reply)
    if (context.closing.aborted) throw new LedgerError('CLOSED', 'the node is stopping')
    return undefined
  })
  app.addHook('onResponse', async (request) => linger(request))
  app.setErrorHandler((thrown, request, reply) => {
    const answer = errorAnswer(thrown)
    // Who goes away in the middle of a body fails here too, and has no need of an answer.
    const isGone = request.raw.destroyed && !request.raw.complete
    const level = answer.unforeseen && !isGone ? 'error' : 'debug'
    context.log[level]('request failed', { method: request.method, url: request.url, error: thrown })
    return sendError(reply, answer)
  })
  app.setNotFoundHandler((request) => {
    throw new LedgerError('NOT_FOUND', `there is no ${request.method} ${request.url.split('?')[0]}`)
  })
}

/** 401 and not the 403 of the code: with a token it would be permitted. */
function refuseRemote(reply: FastifyReply): unknown {
  const { body } = errorAnswer(new LedgerError('NOT_PERMITTED', 'this needs a token'))
  return sendError(reply.header('www-authenticate', 'Bearer'), { body, status: 401 })
}

function limitBody(
  request: FastifyRequest,
  reply: FastifyReply,
  streamsIn: ReadonlySet<string>,
  timeoutMs: number
): void {
  const type = request.headers['content-type']?.toLowerCase() ?? ''
  if (streamsIn.has(request.routeOptions.url ?? '') && STREAMED_TYPES.some((streamed) => type.startsWith(streamed)))
    return
  const timer = setTimeout(() => {
    if (!request.raw.complete) request.raw.destroy()
  }, timeoutMs)
  reply.raw.once('close', () => clearTimeout(timer))
}

/**
 * An answer that came before its request was complete (a refused pipe): what still comes is read and dropped for a moment,
 * because closing at once would make the sender fail before it has read why.
 */
function linger({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return
  raw.resume()
  const timer = setTimeout(() => raw.destroy(), LINGER_MS)
  raw.once('end', () => raw.socket.end()).once('close', () => clearTimeout(timer))
}

function addRoute(app: FastifyInstance, route: Route, context: ApiContext): void {
  app.route({
    method: route.method,
    url: route.path,
    schema: {
      ...(route.params === undefined ? {} : { params: exactly(route.params, Object.keys(route.params)) }),
      querystring: exactly(route.query ?? {}, [])
    },
    handler: (request, reply) => route.handle(context, request, reply)
  })
}

function exactly(properties: Readonly<Record<string, JsonObject>>, required: readonly string[]): JsonObject {
  return { type: 'object', additionalProperties: false, required: [...required], properties: { ...properties } }
}
