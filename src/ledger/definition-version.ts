import type { Json } from '../base/json.js'
import { isObject } from './network-members.js'

/** Members of an object's definition that are younger than the first version, and since which there are. */
const OBJECT_SINCE: Readonly<Record<string, number>> = { amend: 3, order: 3 }

/** Since which version the message of a rule may be one for each language. */
const TRANSLATED_SINCE = 3

/**
 * The least version of a network in which a network definition can stand: what judges by an earlier one does not know all that
 * it says. Reads what may be no definition at all, and says nothing of its mistakes.
 */
export function definitionVersion(network: Json): number {
  if (!isObject(network) || !isObject(network.objects)) return 1
  return Math.max(1, ...Object.values(network.objects).map(objectVersion))
}

function objectVersion(object: Json): number {
  if (!isObject(object)) return 1
  const members = Object.keys(object).map((name) => sinceOf(OBJECT_SINCE, name))
  const rules = Array.isArray(object.rules) ? object.rules.map(ruleVersion) : []
  return Math.max(1, ...members, ...rules)
}

function ruleVersion(rule: Json): number {
  return isObject(rule) && isObject(rule.message) ? TRANSLATED_SINCE : 1
}

/** Only own members: anybody may write "constructor" too. */
function sinceOf(since: Readonly<Record<string, number>>, name: string): number {
  return Object.hasOwn(since, name) ? (since[name] ?? 1) : 1
}
