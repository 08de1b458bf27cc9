import type { Refusal } from '../base/errors.js'
import { type CheckedRecord, withoutAmends } from './record.js'

/** Objects that are younger than the first version, and since which version there are records of them. */
const SINCE: Readonly<Record<string, number>> = { _approve: 3, _ballot: 2, _proposal: 2, _support: 2, _withdraw: 2 }

/** Since when records may amend others. */
const AMENDS_SINCE = 3

/** Names of the network's own objects that a network of this version does not have. */
export function isUnknownObject(version: number, object: string): boolean {
  return Object.hasOwn(SINCE, object) && (SINCE[object] ?? 0) > version
}

/**
 * A record as a network of this version sees it. Of an object that is younger it is one of no object at all, well-formed or
 * not: to the byte what software says of it that has never heard of that object.
 */
export function recordInVersion(version: number, record: CheckedRecord): CheckedRecord {
  const { body } = record
  if (body === null) return record
  if (body.amends !== undefined && version < AMENDS_SINCE) return withoutAmends(record)
  if (!isUnknownObject(version, body.object)) return record
  const refusal: Refusal = { code: 'UNKNOWN_OBJECT', message: `there is no object "${body.object.slice(0, 64)}"` }
  return { ...record, refusal, system: null }
}
