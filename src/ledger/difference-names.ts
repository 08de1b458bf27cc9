import type { Json, JsonObject } from '../base/json.js'
import { isObject } from './network-members.js'

/** What becomes of the names of an object's fields in a change of the network file. */
export interface NamesAfter {
  /** What a field of before is called afterwards: itself, unless an alias says otherwise; null when it is removed. */
  nameOf(field: string): string | null
  /** The field of before that a field of afterwards was, where that had another name; undefined where it had not. */
  formerOf(field: string): string | undefined
}

/** Reads both definitions of one object; what is no definition has no former names. */
export function namesAfter(before: Json | undefined, after: Json | undefined): NamesAfter {
  const aliases = memberOf(after, 'aliases')
  const removed = isObject(after) && Array.isArray(after.removed) ? after.removed : []
  const fields = memberOf(memberOf(before, 'fields'), 'properties')
  return {
    nameOf(field) {
      if (removed.includes(field)) return null
      const now = Object.hasOwn(aliases, field) ? aliases[field] : undefined
      return typeof now === 'string' ? now : field
    },
    formerOf: (field) =>
      Object.keys(aliases).find((former) => aliases[former] === field && Object.hasOwn(fields, former))
  }
}

/** The members of a member; none where there is no such object. */
function memberOf(json: Json | undefined, name: string): JsonObject {
  const member = isObject(json) && Object.hasOwn(json, name) ? json[name] : undefined
  return isObject(member) ? member : {}
}
