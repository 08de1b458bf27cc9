import type { Json } from '../base/json.js'
import { isObject } from './network-members.js'

/** Types of fields that are younger than the first version, and since which there are. */
const TYPE_SINCE: ReadonlyMap<string, number> = new Map([['attachment', 3]])

/** The same of keywords. */
const KEYWORD_SINCE: readonly (readonly [keyword: string, since: number])[] = [
  ['default', 3],
  ['from', 3]
]

const DEFINITION = '#/$defs/'

/**
 * The least version of a network in which `fields` of an object can stand. Looks where a reader of schemas looks, so only
 * into definitions that are used: earlier versions take no notice of the others. Reads what may be no schema at all.
 */
export function schemaVersion(fields: Json | undefined): number {
  if (!isObject(fields)) return 1
  const definitions = fields.$defs
  const seen = new Set<string>()
  const waiting: (Json | undefined)[] = [fields]
  let version = 1
  // A list and no recursion: what nests deeper than a schema may comes along here too.
  while (waiting.length > 0) {
    const schema = waiting.pop()
    if (!isObject(schema)) continue
    for (const name of Array.isArray(schema.type) ? schema.type : [schema.type]) {
      if (typeof name === 'string') version = Math.max(version, TYPE_SINCE.get(name) ?? 1)
    }
    for (const [keyword, since] of KEYWORD_SINCE) if (Object.hasOwn(schema, keyword)) version = Math.max(version, since)
    const { $ref, properties } = schema
    if (typeof $ref === 'string' && $ref.startsWith(DEFINITION) && !seen.has($ref)) {
      seen.add($ref)
      const name = $ref.slice(DEFINITION.length)
      if (isObject(definitions) && Object.hasOwn(definitions, name)) waiting.push(definitions[name])
    }
    if (isObject(properties)) for (const field of Object.values(properties)) waiting.push(field)
    waiting.push(schema.items, schema.additionalProperties)
  }
  return version
}
