import type { FastifyRequest } from 'fastify'
import { LedgerError } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { readJson } from '../base/strict-json.js'
import type { ObjectDefinition } from '../ledger/network-definition.js'
import type { LedgerNode } from '../node/ledger-node.js'
import { recordIn, requestLanguages } from './languages.js'
import { after, flag, isOn, limit, type PageQuery, sendPages } from './pages.js'
import { JSON_TYPE, NDJSON_TYPE, type Route, ref, sendJson } from './route.js'

export const objectParam: JsonObject = { type: 'string', description: 'Name of an object of the model' }
const keyParam: JsonObject = {
  type: 'string',
  description: 'The key as a JSON array, such as ["VH-001"], percent-encoded'
}
const pages = {
  200: {
    description: 'Records; one a line when NDJSON is asked for',
    content: { [JSON_TYPE]: ref('RecordPage'), [NDJSON_TYPE]: ref('ListedRecord') }
  }
}

/** Looking records up by object. */
export const objectRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/objects/:object/records',
    operation: 'list',
    summary: 'The newest accepted record of each key, or every accepted record',
    params: { object: objectParam },
    query: {
      where: { type: 'array', items: { type: 'string' }, maxItems: 32, description: 'FIELD=VALUE; all must hold' },
      limit,
      after,
      history: { ...flag, description: 'Every accepted record instead of the newest of each key' }
    },
    answers: pages,
    errors: ['UNKNOWN_OBJECT'],
    handle: (context, request, reply) => {
      const { object } = request.params as { object: string }
      const query = request.query as PageQuery & { where?: string[]; history?: string }
      requireObject(context.node, object)
      const options = { where: conditions(query.where ?? []), history: isOn(query.history) }
      return sendPages(context, request, reply, (page) => context.node.list(object, { ...options, ...page }))
    }
  },
  {
    method: 'GET',
    path: '/v1/objects/:object/keys/:key',
    operation: 'get',
    summary: 'The newest accepted record under a key',
    params: { object: objectParam, key: keyParam },
    answers: { 200: { description: 'Record', content: { [JSON_TYPE]: ref('Record') } } },
    errors: ['UNKNOWN_OBJECT', 'NOT_FOUND'],
    handle: ({ node }, request, reply) => {
      const { object, key } = keyOfRequest(node, request)
      const record = node.get(object, key)
      if (record === null) throw nothingUnder(object, key)
      return sendJson(reply, record)
    }
  },
  {
    method: 'GET',
    path: '/v1/objects/:object/keys/:key/history',
    operation: 'history',
    summary: 'The records under a key, oldest first',
    params: { object: objectParam, key: keyParam },
    query: { all: { ...flag, description: 'Also those refused by execution' }, limit, after },
    answers: pages,
    errors: ['UNKNOWN_OBJECT'],
    handle: (context, request, reply) => {
      const { object, key } = keyOfRequest(context.node, request)
      const all = isOn((request.query as { all?: string }).all)
      const languages = requestLanguages(request)
      return sendPages(context, request, reply, async (page) => {
        const records = await context.node.history(object, key, { all, ...page })
        return records.map((record) => recordIn(languages, record))
      })
    }
  }
]

/**
 * The definition of an object whose records can be read, a removed one too.
 * @throws LedgerError UNKNOWN_OBJECT, naming those there are
 */
export function requireObject(node: LedgerNode, object: string): ObjectDefinition {
  const { network, removed } = node.model()
  const objects: Readonly<Record<string, ObjectDefinition>> = { ...removed, ...network.objects }
  const definition = Object.hasOwn(objects, object) ? objects[object] : undefined
  if (definition !== undefined) return definition
  const known = Object.keys(objects)
  throw new LedgerError('UNKNOWN_OBJECT', `the model has no object '${object}'; it has ${known.join(', ')}`, { known })
}

function keyOfRequest(node: LedgerNode, request: FastifyRequest): { object: string; key: Json[] } {
  const params = request.params as { object: string; key: string }
  const definition = requireObject(node, params.object)
  const key = parseKey(params.key)
  if (definition.key.length === 0) {
    throw new LedgerError('USAGE', `records of '${params.object}' have no key; look them up by record id`)
  }
  if (key.length !== definition.key.length) {
    throw new LedgerError('USAGE', `the key of '${params.object}' is [${definition.key.join(', ')}]`)
  }
  return { object: params.object, key }
}

function parseKey(text: string): Json[] {
  const read = readJson(text)
  const key = read.ok ? read.value : undefined
  if (Array.isArray(key) && key.every((value) => value === null || typeof value !== 'object')) return key
  throw new LedgerError('USAGE', 'the key in the path must be a JSON array of plain values')
}

function nothingUnder(object: string, key: readonly Json[]): LedgerError {
  return new LedgerError('NOT_FOUND', `'${object}' has no accepted record under ${JSON.stringify(key)}`)
}

function conditions(where: readonly string[]): Record<string, string> {
  const pairs = where.map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw new LedgerError('USAGE', `'${text}' is not of the form FIELD=VALUE`)
    return [text.slice(0, at), text.slice(at + 1)] as const
  })
  if (new Set(pairs.map(([field]) => field)).size < pairs.length) {
    throw new LedgerError('USAGE', 'a field stands in two conditions')
  }
  return Object.fromEntries(pairs)
}
