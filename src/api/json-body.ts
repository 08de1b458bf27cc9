import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { readJson } from '../base/strict-json.js'
import { decodeUtf8 } from '../base/utf8.js'

/**
 * The body of a request that is read whole.
 * @throws LedgerError USAGE when it is no JSON object
 */
export function jsonObjectOf(body: unknown): JsonObject {
  const text = Buffer.isBuffer(body) ? decodeUtf8(body) : null
  const read = text?.ok === true ? readJson(text.value) : null
  const value = read?.ok === true ? read.value : null
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new LedgerError('USAGE', 'the body must be a JSON object')
}

/** What is the matter with one member of a body. */
export function wrong(member: string, problem: string): LedgerError {
  return new LedgerError('USAGE', `'${member}' ${problem}`)
}
