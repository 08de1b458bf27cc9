import { ERROR_CODES, type ErrorCode } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { JSON_TYPE, type Route, ref } from './route.js'
import { SCHEMAS } from './schemas.js'

/** Errors that any operation may answer with. */
const COMMON_ERRORS: readonly ErrorCode[] = ['USAGE', 'JOINING', 'CLOSED', 'INTERNAL']

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {}
  for (const route of routes) {
    const path = route.path.replace(/:([a-z]+)/gi, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Partner ledger node',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'One node of a ledger that business partners keep together. Errors are {"error":{"code","message"}}. ' +
        'Accept-Language chooses among the languages of a refusal by a rule.'
    },
    paths,
    components: {
      schemas: { ...SCHEMAS },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'On TCP; the control socket needs none' }
      }
    }
  }
}

function operation(route: Route): JsonObject {
  const parameters = [
    ...Object.entries(route.params ?? {}).map(([name, schema]) => parameter('path', name, schema)),
    ...Object.entries(route.query ?? {}).map(([name, schema]) => parameter('query', name, schema))
  ]
  return {
    operationId: route.operation,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: contents(route.body) } }),
    responses: { ...answers(route), ...errors(route) },
    security: route.open === true ? [] : [{ token: [] }]
  }
}

function parameter(place: 'path' | 'query', name: string, described: JsonObject): JsonObject {
  const { description, ...schema } = described
  return {
    name,
    in: place,
    ...(place === 'path' ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    schema
  }
}

function answers(route: Route): JsonObject {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, { description, content }]) => {
      return [status, { description, content: contents(content) }]
    })
  )
}

/** One answer per status; its description names the codes. */
function errors(route: Route): JsonObject {
  const codes = [...COMMON_ERRORS, ...(route.errors ?? [])]
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codes) {
    const { http } = ERROR_CODES[code]
    byStatus.set(http, [...(byStatus.get(http) ?? []), code])
  }
  const taken = Object.keys(route.answers)
  const rows = [...byStatus].filter(([status]) => !taken.includes(String(status)))
  return Object.fromEntries(
    rows.map(([status, names]) => {
      const description = names.map((code) => `${code}: ${ERROR_CODES[code].meaning}`).join(' ')
      return [status, { description, content: contents({ [JSON_TYPE]: ref('Error') }) }]
    })
  )
}

function contents(schemas: Readonly<Record<string, JsonObject>>): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema } as Json]))
}
