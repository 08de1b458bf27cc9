import { accept, type Outcome, refuse } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { readJson } from '../base/strict-json.js'
import { decodeUtf8, utf8Length } from '../base/utf8.js'
import type { Model } from '../ledger/model.js'
import { type Amends, type CheckedRecord, checkBody, isUnique, unknownObject, writeRecord } from '../ledger/record.js'

/** What an author wants to append to: the object, the field that makes the record unique, and what it amends. */
export interface DraftTarget {
  readonly object: string
  readonly amends?: Amends
  readonly keyField?: string
}

/** Bytes of an input line as JSON text; bytes that are no UTF-8 are a refusal. */
export function draftOfBytes(
  model: Model,
  recordBytesMax: number,
  target: DraftTarget,
  bytes: Uint8Array
): Outcome<CheckedRecord> {
  const text = decodeUtf8(bytes)
  return text.ok ? draftOfText(model, recordBytesMax, target, text.value) : text
}

/**
 * Makes a record of a user's JSON: reads it strictly, fills in what the author may leave out, writes the canonical text
 * and checks it against the schema. A record of the wrong schema is refused here and never sent.
 */
export function draftOfText(
  model: Model,
  recordBytesMax: number,
  target: DraftTarget,
  text: string
): Outcome<CheckedRecord> {
  const object = model.objects.get(target.object)
  if (object === undefined) return { ok: false, refusal: unknownObject(model, target.object) }
  const json = readJson(text)
  if (!json.ok) return json
  if (!isObject(json.value)) return refuse('MALFORMED', 'a record must be a JSON object')
  const data = object.normalise(json.value)
  if (!data.ok) return data
  const unique = uniqueOf(data.value, target.keyField)
  if (!unique.ok) return unique
  const member = unique.value === undefined ? {} : { unique: unique.value }
  const amends = target.amends === undefined ? {} : { amends: target.amends }
  const written = writeRecord({ ...amends, data: data.value, object: target.object, ...member })
  const bytes = utf8Length(written.text)
  if (bytes > recordBytesMax) {
    return refuse('TOO_LARGE', `the record has ${bytes} bytes; at most ${recordBytesMax} are allowed`, {
      details: { bytes, bytesMax: recordBytesMax }
    })
  }
  const record = checkBody(model, written.text, written.body)
  return record.refusal === null ? accept(record) : { ok: false, refusal: record.refusal }
}

function uniqueOf(data: JsonObject, keyField: string | undefined): Outcome<string | number | undefined> {
  if (keyField === undefined) return accept(undefined)
  const value = Object.hasOwn(data, keyField) ? data[keyField] : undefined
  if (isUnique(value)) return accept(value)
  const path = `/${keyField.replaceAll('~', '~0').replaceAll('/', '~1')}`
  const problem = value === undefined ? 'is missing' : 'is no integer or text of at most 256 characters'
  return refuse('SCHEMA', `the key field ${keyField} ${problem}`, { path })
}

function isObject(json: Json): json is JsonObject {
  return json !== null && typeof json === 'object' && !Array.isArray(json)
}
