import type { Json, JsonObject } from '../base/json.js'
import { isObject } from './network-members.js'

type Since = Readonly<Record<string, number>>

/** Members of a network definition that are younger than the first version, and since which there are. */
const NETWORK_SINCE: Since = { removed: 3 }

/** The same of an object's definition. */
const OBJECT_SINCE: Since = { aliases: 3, amend: 3, limits: 3, order: 3, removed: 3, unique: 3, writers: 3 }

/** The same of keywords of a schema. */
const KEYWORD_SINCE: Since = { default: 3, from: 3 }

/** Since which version the message of a rule may be one for each language. */
const TRANSLATED_SINCE = 3

/**
 * The least version of a network in which a network definition can stand: what judges by an earlier one does not know all that
 * it says. Reads what may be no definition at all, and says nothing of its mistakes.
 */
export function definitionVersion(network: Json): number {
  if (!isObject(network)) return 1
  const objects = isObject(network.objects) ? Object.values(network.objects) : []
  const own = membersVersion(NETWORK_SINCE, network)
  return objects.reduce<number>((most, object) => Math.max(most, objectVersion(object)), own)
}

function objectVersion(object: Json): number {
  if (!isObject(object)) return 1
  const rules = Array.isArray(object.rules) ? object.rules.map(ruleVersion) : []
  return Math.max(membersVersion(OBJECT_SINCE, object), fieldsVersion(object.fields), ...rules)
}

function ruleVersion(rule: Json): number {
  return isObject(rule) && isObject(rule.message) ? TRANSLATED_SINCE : 1
}

/**
 * Looks where a schema is read and nowhere else: a definition that nothing points to says nothing, whatever stands in it, and
 * has always been accepted. Without recursion, so that nothing is too deep.
 */
function fieldsVersion(fields: Json | undefined): number {
  if (!isObject(fields)) return 1
  const definitions = isObject(fields.$defs) ? fields.$defs : {}
  const pointedTo = new Set<string>()
  const open: (Json | undefined)[] = [fields]
  let version = 1
  while (open.length > 0) {
    const schema = open.pop()
    if (!isObject(schema)) continue
    version = Math.max(version, membersVersion(KEYWORD_SINCE, schema))
    const name = definitionName(schema)
    if (name !== null && !pointedTo.has(name) && Object.hasOwn(definitions, name)) {
      pointedTo.add(name)
      open.push(definitions[name])
    }
    open.push(schema.items, schema.additionalProperties)
    if (isObject(schema.properties)) for (const field of Object.values(schema.properties)) open.push(field)
  }
  return version
}

function definitionName({ $ref }: JsonObject): string | null {
  const prefix = '#/$defs/'
  return typeof $ref === 'string' && $ref.startsWith(prefix) ? $ref.slice(prefix.length) : null
}

/** Only own members: anybody may write "constructor" too. */
function membersVersion(since: Since, object: JsonObject): number {
  return Math.max(1, ...Object.keys(since).map((name) => (Object.hasOwn(object, name) ? (since[name] ?? 1) : 1)))
}
