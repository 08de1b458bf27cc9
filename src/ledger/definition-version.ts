import type { Json, JsonObject } from '../base/json.js'
import { isObject } from './network-members.js'
import { schemaVersion } from './schema-version.js'

type Since = Readonly<Record<string, number>>

/** Members of a network definition that are younger than the first version, and since which there are. */
const NETWORK_SINCE: Since = { removed: 3 }

/** The same of an object's definition. */
const OBJECT_SINCE: Since = { aliases: 3, amend: 3, limits: 3, order: 3, removed: 3, unique: 3, writers: 3 }

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
  return rules.reduce(
    (most, version) => Math.max(most, version),
    Math.max(membersVersion(OBJECT_SINCE, object), schemaVersion(object.fields))
  )
}

function ruleVersion(rule: Json): number {
  return isObject(rule) && isObject(rule.message) ? TRANSLATED_SINCE : 1
}

/** Only own members: anybody may write "constructor" too. */
function membersVersion(since: Since, object: JsonObject): number {
  return Math.max(1, ...Object.keys(since).map((name) => (Object.hasOwn(object, name) ? (since[name] ?? 1) : 1)))
}
