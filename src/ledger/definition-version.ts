import type { Json } from '../base/json.js'
import { isObject } from './network-members.js'
import { schemaVersion } from './schema-version.js'

/** Members of an object's definition that are younger than the first version, and since which there are. */
const OBJECT_SINCE: Readonly<Record<string, number>> = {}

/**
 * The least version of a network in which a network definition can stand: what judges by an earlier one does not know all that
 * it says. Reads what may be no definition at all, and says nothing of its mistakes.
 */
export function definitionVersion(network: Json): number {
  if (!isObject(network) || !isObject(network.objects)) return 1
  // Not spread: there is no bound on how many there are in what may be no definition.
  return Object.values(network.objects).reduce<number>((version, object) => Math.max(version, objectVersion(object)), 1)
}

function objectVersion(object: Json): number {
  if (!isObject(object)) return 1
  const fields = schemaVersion(object.fields)
  return Object.keys(object).reduce((version, name) => Math.max(version, sinceOf(OBJECT_SINCE, name)), fields)
}

/** Only own members: anybody may write "constructor" too. */
function sinceOf(since: Readonly<Record<string, number>>, name: string): number {
  return Object.hasOwn(since, name) ? (since[name] ?? 1) : 1
}
