import { canonicalForm, canonicalText, readCanonical } from '../base/canonical.js'
import { accept, type Outcome, type Refusal, refuse } from '../base/errors.js'
import { parseRecordId } from '../base/ids.js'
import type { Json, JsonObject } from '../base/json.js'
import { UNIQUE_CHARS_MAX } from '../base/limits.js'
import type { CompiledObject, Model } from './model.js'
import { isSystemObject, REASON_CHARS_MAX, readSystemRecord, type SystemRecord } from './system-record.js'

/** The record that another one amends, and why. */
export interface Amends {
  readonly reason: string
  /** Id. */
  readonly record: string
}

/** What an author writes (docs/formats.md, "Record"). */
export interface RecordBody {
  /** Of an amendment: what it amends. */
  readonly amends?: Amends
  readonly data: JsonObject
  readonly object: string
  readonly unique?: string | number
}

/**
 * A record after its parse and its schema check under one model: all that can be said of it without the state.
 * A refusal here is what execution will say, whatever the state, as long as the model stays the same.
 */
export interface CheckedRecord {
  /** The author's exact bytes as text, without the newline. */
  readonly text: string
  /** Hash of the model it was checked under. */
  readonly model: string
  readonly refusal: Refusal | null
  /** Null when the text is no record at all. */
  readonly body: RecordBody | null
  /** Null when the model has no such object, or the record is one of the network about itself. */
  readonly object: CompiledObject | null
  /** Canonical JSON array of the key; `[]` for an object without key, null when it could not be worked out. */
  readonly key: string | null
  /** Set for a well-formed record of the network about itself. */
  readonly system: SystemRecord | null
}

/** Canonical text of a record. `data` must be JSON that canonicalText accepts. */
export function encodeRecord(body: RecordBody): string {
  return recordText(body, canonicalText(body.data))
}

function recordText({ amends: amended, object, unique: used }: Omit<RecordBody, 'data'>, data: string): string {
  const amends = amended === undefined ? '' : `"amends":${canonicalText({ ...amended })},`
  const unique = used === undefined ? '' : `,"unique":${canonicalText(used)}`
  return `{${amends}"data":${data},"object":${canonicalText(object)}${unique}}`
}

/** A record's canonical text, and the body that everybody reads from it. */
export interface WrittenRecord {
  readonly text: string
  readonly body: RecordBody
}

/** Writes a record whose data came from `readJson`: its author sees the members in the same order as every other partner. */
export function writeRecord(body: RecordBody): WrittenRecord {
  const data = canonicalForm(body.data)
  return { text: recordText(body, data.text), body: { ...body, data: data.value } }
}

/** Reads a record's exact text. Refusal MALFORMED with what is wrong. */
export function readRecord(text: string, bytesMax: number): Outcome<RecordBody> {
  const json = readCanonical(text, bytesMax)
  if (!json.ok) return json
  const value = json.value
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return malformed('is not an object')
  const { amends, data, object, unique } = value
  const members = Object.keys(value).length
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return malformed('has no data object')
  if (typeof object !== 'string') return malformed('names no object')
  if (amends !== undefined) return readAmending(value, { data, object })
  if (unique === undefined) return members === 2 ? accept({ data, object }) : malformed(UNKNOWN_MEMBER)
  if (members !== 3) return malformed(UNKNOWN_MEMBER)
  if (!isUnique(unique)) return malformed(NO_UNIQUE)
  return accept({ data, object, unique })
}

const UNKNOWN_MEMBER = 'has an unknown member'
const NO_UNIQUE = `has a unique value that is no integer or string of ${UNIQUE_CHARS_MAX}`

/** An amendment. In a network that does not know them yet its first member is one that nobody knows. */
function readAmending({ amends, unique, ...rest }: JsonObject, body: RecordBody): Outcome<RecordBody> {
  if (Object.keys(rest).length !== 2 || isSystemObject(body.object)) return malformed(UNKNOWN_MEMBER)
  const read = readAmends(amends)
  if (read === null)
    return malformed(`amends something else than {"reason","record"}, a text of up to ${REASON_CHARS_MAX} and an id`)
  if (unique === undefined) return accept({ amends: read, ...body })
  return isUnique(unique) ? accept({ amends: read, ...body, unique }) : malformed(NO_UNIQUE)
}

function readAmends(json: Json | undefined): Amends | null {
  if (json === null || typeof json !== 'object' || Array.isArray(json) || Object.keys(json).length !== 2) return null
  const { reason, record } = json
  if (typeof reason !== 'string' || reason === '' || reason.length > REASON_CHARS_MAX) return null
  return typeof record === 'string' && parseRecordId(record) !== null ? { reason, record } : null
}

/** An amendment as a network sees it that does not know them: no record at all. */
export function withoutAmends(record: CheckedRecord): CheckedRecord {
  if (record.body?.amends === undefined) return record
  const { text, model } = record
  const refusal: Refusal = { code: 'MALFORMED', message: `the record ${UNKNOWN_MEMBER}` }
  return { text, model, refusal, body: null, object: null, key: null, system: null }
}

/** Whether a value may stand as a record's `unique`. */
export function isUnique(value: unknown): value is string | number {
  if (typeof value === 'string') return value.length <= UNIQUE_CHARS_MAX
  return typeof value === 'number' && Number.isSafeInteger(value)
}

/** The parse and the schema check of a record's exact text. */
export function checkRecord(model: Model, text: string, bytesMax: number): CheckedRecord {
  const read = readRecord(text, bytesMax)
  if (!read.ok) {
    return { text, model: model.hash, refusal: read.refusal, body: null, object: null, key: null, system: null }
  }
  return checkBody(model, text, read.value)
}

/** {@link checkRecord} for text that was just made by {@link encodeRecord} from this body. */
export function checkBody(model: Model, text: string, body: RecordBody): CheckedRecord {
  if (isSystemObject(body.object)) return checkSystemBody(model, text, body)
  const object = model.objects.get(body.object)
  if (object === undefined) {
    const refusal = unknownObject(model, body.object)
    return { text, model: model.hash, refusal, body, object: null, key: null, system: null }
  }
  const refusal = object.checkSchema(body.data)
  const key = refusal === null ? object.keyOf(body.data) : null
  return { text, model: model.hash, refusal, body, object, key, system: null }
}

/** Refusal UNKNOWN_OBJECT. */
export function unknownObject({ network }: Model, name: string): Refusal {
  const message = network.removed?.includes(name)
    ? `the object ${name} was removed: its records can be read, and no new ones appended`
    : `there is no object "${name.slice(0, 64)}"`
  return { code: 'UNKNOWN_OBJECT', message }
}

/**
 * The record as it is under another model than the one it was checked under when it came in: a batch may wait for its block
 * while the model changes. Whether it is a record at all does not depend on the model.
 */
export function recordUnder(model: Model, record: CheckedRecord): CheckedRecord {
  if (record.model === model.hash || record.body === null) return record
  return checkBody(model, record.text, record.body)
}

function checkSystemBody(model: Model, text: string, body: RecordBody): CheckedRecord {
  const read = readSystemRecord(body.object, body.data)
  const system = read.ok ? read.value : null
  const refusal = read.ok ? null : read.refusal
  return { text, model: model.hash, refusal, body, object: null, key: null, system }
}

function malformed(problem: string): Outcome<never> {
  return refuse('MALFORMED', `the record ${problem}`)
}
