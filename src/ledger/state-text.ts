import { sha256Hex } from '../base/crypto.js'
import type { Json, JsonObject } from '../base/json.js'

/** UTF-16 code units that a part of a state key has as it is; of a longer one its hash stands there. */
const PART_CHARS_MAX = 256

/**
 * A list as a part of a state key: canonical JSON, or `#` and its SHA-256 where that is long. JSON.stringify writes strings,
 * safe integers and booleans as canonical JSON does.
 */
export function keyPart(list: readonly Json[]): string {
  const text = JSON.stringify(list)
  return text.length <= PART_CHARS_MAX ? text : `#${sha256Hex(text)}`
}

/** The values of these fields; null when one of them is missing or null. */
export function valuesOf(fields: readonly string[], data: JsonObject): readonly Json[] | null {
  const values: Json[] = []
  for (const field of fields) {
    const value = Object.hasOwn(data, field) ? data[field] : undefined
    if (value === undefined || value === null) return null
    values.push(value)
  }
  return values
}
