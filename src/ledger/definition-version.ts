import type { Json, JsonObject } from '../base/json.js'
import { isObject } from './network-members.js'

/** Members of a network definition that are younger than the first version, and since which there are. */
const NETWORK_SINCE: Readonly<Record<string, number>> = { removed: 3 }

/** The same of an object's definition. */
const OBJECT_SINCE: Readonly<Record<string, number>> = { aliases: 3, amend: 3, order: 3, removed: 3 }

/** Since which version the message of a rule may be one for each language. */
const TRANSLATED_SINCE = 3

/**
 * The least version of a network in which a network definition can stand: what judges by an earlier one does not know all that
 * it says. Reads what may be no definition at all, and says nothing of its mistakes.
 */
export function definitionVersion(network: Json): number {
  if (!isObject(network)) return 1
  const objects = isObject(network.objects) ? Object.values(network.objects) : []
  return Math.max(membersVersion(network, NETWORK_SINCE), ...objects.map(objectVersion))
}

function objectVersion(object: Json): number {
  if (!isObject(object)) return 1
  const rules = Array.isArray(object.rules) ? object.rules.map(ruleVersion) : []
  return Math.max(membersVersion(object, OBJECT_SINCE), ...rules)
}

function ruleVersion(rule: Json): number {
  return isObject(rule) && isObject(rule.message) ? TRANSLATED_SINCE : 1
}

function membersVersion(json: JsonObject, since: Readonly<Record<string, number>>): number {
  return Math.max(1, ...Object.keys(json).map((name) => sinceOf(since, name)))
}

/** Only own members: anybody may write "constructor" too. */
function sinceOf(since: Readonly<Record<string, number>>, name: string): number {
  return Object.hasOwn(since, name) ? (since[name] ?? 1) : 1
}
