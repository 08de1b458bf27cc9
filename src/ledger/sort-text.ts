import { assertInvariant } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { readDate, readDateTime, writeDateTime } from './rfc3339.js'

/**
 * Texts by which the records of a key are sorted, as UTF-16 code units: the date that orders them, if there is one, a space,
 * and the place at which the record came in, so that of two with one date the earlier one comes first.
 */

/** Where a record stands: height of its block, position of its batch in it, and its own in the batch. */
export interface RecordPosition {
  readonly height: number
  readonly batch: number
  readonly index: number
}

/** Digits, of base 36, of height, batch and index. */
const DIGITS = [8, 4, 4] as const

/** Comes after every place. */
export const LAST_PLACE = '~'

export function placeText({ height, batch, index }: RecordPosition): string {
  return [height, batch, index].map((count, at) => base36(count, DIGITS[at] ?? 0)).join('')
}

function base36(count: number, digits: number): string {
  const text = count.toString(36).padStart(digits, '0')
  assertInvariant(text.length === digits, 'a place in the chain has a bound')
  return text
}

export function sortText(date: string, place: string): string {
  return `${date} ${place}`
}

/** Sorts after all that have this date. */
export function sortAfter(date: string): string {
  return sortText(date, LAST_PLACE)
}

/**
 * The date of a record as text that sorts as dates do: `2024-08-04`, or a time in UTC without what says nothing, such as
 * `2024-08-04T07:10:38` or `2024-08-04T07:10:38.5`. Empty where the field holds no date, as in data from before there was an
 * order, and where no field orders.
 */
export function dateText(field: string | null, data: JsonObject): string {
  const value = field !== null && Object.hasOwn(data, field) ? data[field] : undefined
  if (typeof value !== 'string') return ''
  if (readDate(value) !== null) return value
  const instant = readDateTime(value)
  // The space that follows sorts before the point of a fraction.
  return instant === null ? '' : writeDateTime(instant).replace(/\.?0*Z$/, '')
}
