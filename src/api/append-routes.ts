import type { FastifyReply, FastifyRequest } from 'fastify'
import { ERROR_CODES, LedgerError, type Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { Language } from '../base/languages.js'
import type { AppendOptions, AppendOutcome } from '../node/ledger-node.js'
import { refusalBody } from './errors.js'
import { refusalIn, requestLanguages } from './languages.js'
import { APPEND_TIMEOUT_MS_MAX } from './limits.js'
import { objectParam, requireObject } from './object-routes.js'
import { requestChunks } from './request-chunks.js'
import { type ApiContext, JSON_TYPE, NDJSON_TYPE, type Route, ref, sendJson } from './route.js'
import { streamAnswer } from './streaming.js'

const anyRecord: JsonObject = { type: 'object', description: "A record's data, as the object's schema wants it" }

interface AppendQuery {
  readonly timeout?: number
  readonly keyField?: string
}

/** Writing records, and asking whether one could be written. */
export const appendRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/objects/:object/records',
    operation: 'append',
    summary: 'Appends records',
    description:
      'As NDJSON: records stream in and one outcome a line streams out at the same time, in input order, each as soon as it ' +
      'is decided. Read the answer while you write, or both sides wait. A line {"error":...} ends an answer that failed; what ' +
      'it did not speak of may still have been taken, so send it again with keyField. As JSON: one record, one outcome.',
    streamsIn: true,
    params: { object: objectParam },
    query: {
      timeout: {
        type: 'integer',
        minimum: 1,
        maximum: APPEND_TIMEOUT_MS_MAX,
        description: 'Milliseconds without progress after which undecided records are reported as pending'
      },
      keyField: {
        type: 'string',
        minLength: 1,
        description: 'Field whose value makes a record unique per author; a repeated record gets its first outcome'
      }
    },
    body: { [NDJSON_TYPE]: anyRecord, [JSON_TYPE]: anyRecord },
    answers: {
      200: {
        description: 'Outcomes of the lines, or of the one record',
        content: { [NDJSON_TYPE]: ref('Outcome'), [JSON_TYPE]: ref('Outcome') }
      },
      202: { description: 'The one record is stored and still pending', content: { [JSON_TYPE]: ref('Outcome') } }
    },
    errors: [
      'UNKNOWN_OBJECT',
      'MALFORMED',
      'TOO_LARGE',
      'SCHEMA',
      'NOT_PERMITTED',
      'REFERENCE_MISSING',
      'RULE_BROKEN',
      'RULE_ERROR',
      'DUPLICATE',
      'DISK_FULL',
      'BUSY'
    ],
    handle: (context, request, reply) => {
      const { object } = request.params as { object: string }
      requireObject(context.node, object)
      const { timeout, keyField } = request.query as AppendQuery
      const options: AppendOptions = {
        ...(timeout === undefined ? {} : { timeoutMs: timeout }),
        ...(keyField === undefined ? {} : { keyField })
      }
      if (Buffer.isBuffer(request.body)) return appendOne(context, object, request.body, options, reply)
      return appendPipe(context, object, options, request, reply)
    }
  },
  {
    method: 'POST',
    path: '/v1/objects/:object/check',
    operation: 'check',
    summary: 'What append would say of a record now, without appending it',
    params: { object: objectParam },
    body: { [JSON_TYPE]: anyRecord },
    answers: { 200: { description: 'Verdict', content: { [JSON_TYPE]: ref('Check') } } },
    errors: ['UNKNOWN_OBJECT'],
    handle: ({ node }, request, reply) => {
      const { object } = request.params as { object: string }
      requireObject(node, object)
      const refusal = checkText(request.body, (text) => node.check(object, text))
      return sendJson(
        reply,
        refusal === null ? { ok: true } : { ok: false, refusal: refusalIn(requestLanguages(request), refusal) }
      )
    }
  }
]

/** Full duplex: the node takes chunks as it has room and gives outcomes as the client reads them. */
function appendPipe(
  context: ApiContext,
  object: string,
  options: AppendOptions,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<void> {
  const ending = { contentType: NDJSON_TYPE, failure: (error: string) => `${error}\n` }
  const languages = requestLanguages(request)
  return streamAnswer(context, request, reply, ending, async ({ writer, signal }) => {
    const input = requestChunks(request.raw, signal)
    for await (const outcome of context.node.append(object, input, { ...options, signal })) {
      if (!writer.write(`${JSON.stringify(outcomeIn(languages, outcome))}\n`)) await writer.room()
    }
    if (context.closing.aborted) throw new LedgerError('CLOSED', 'the node is stopping')
  })
}

/** Appends the one record of a body that was read whole, and answers with what became of it. */
export async function appendOne(
  context: ApiContext,
  object: string,
  body: Buffer,
  options: AppendOptions,
  reply: FastifyReply
): Promise<unknown> {
  const stop = new AbortController()
  const abort = (): void => stop.abort(new LedgerError('CLOSED', 'the node is stopping'))
  context.closing.addEventListener('abort', abort)
  try {
    const outcomes = context.node.append(object, oneChunk(asOneLine(body)), {
      ...options,
      signal: stop.signal
    })
    for await (const outcome of outcomes) return sendOutcome(reply, outcomeIn(requestLanguages(reply.request), outcome))
    throw new LedgerError('USAGE', 'the body holds no record')
  } finally {
    context.closing.removeEventListener('abort', abort)
  }
}

function outcomeIn(languages: readonly Language[], outcome: AppendOutcome): AppendOutcome {
  return outcome.status === 'refused' ? refusalIn(languages, outcome) : outcome
}

function sendOutcome(reply: FastifyReply, outcome: AppendOutcome): unknown {
  if (outcome.status === 'accepted') return sendJson(reply, outcome)
  if (outcome.status === 'pending') return sendJson(reply, outcome, 202)
  return sendJson(reply, refusalBody(outcome), ERROR_CODES[outcome.code].http)
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20

/** A JSON text may go over several lines; a pipe's record may not. Outside of strings a line break is only white space. */
function asOneLine(body: Buffer): Buffer {
  let inString = false
  const line = Buffer.from(body)
  for (let index = 0; index < line.length; index += 1) {
    const byte = line[index]
    if (byte === 0x22) inString = !inString
    else if (byte === 0x5c && inString) index += 1
    else if (!inString && (byte === LINE_FEED || byte === CARRIAGE_RETURN)) line[index] = SPACE
    // A raw line break in a string is not JSON; as another control character it stays that without ending the line.
    else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) line[index] = 0x01
  }
  return line
}

function checkText(body: unknown, check: (text: string) => Refusal | null): Refusal | null {
  if (!Buffer.isBuffer(body) || body.length === 0) throw new LedgerError('USAGE', 'the body holds no record')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return { code: 'MALFORMED', message: 'the record is not UTF-8' }
  }
  return check(text)
}
