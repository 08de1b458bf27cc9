import { canonicalText } from '../base/canonical.js'
import type { Json, JsonObject } from '../base/json.js'
import { amendmentIn } from '../ledger/amendment-state.js'
import type { CompiledObject } from '../ledger/model.js'
import type { RecordBody } from '../ledger/record.js'
import type { StateRecord } from '../ledger/record-state.js'
import { amendedByIn } from '../ledger/standing-record.js'
import type { StateReader } from '../ledger/state.js'
import type { ObjectLookup } from './known-objects.js'
import type { RecordView } from './ledger-node.js'
import type { CommittedRecord } from './record-reader.js'

/** RFC 3339 UTC with milliseconds. */
export function timeText(time: number): string {
  return new Date(time).toISOString()
}

/** A committed record as people and programs see it, with its data as it was written. */
export function viewOfCommitted(objects: ObjectLookup, state: StateReader, record: CommittedRecord): RecordView {
  const { id, author, height, time, body, refusal } = record
  const status = refusal === null ? 'accepted' : 'refused'
  const { data, ...parts } = partsOf(objects, body)
  const shape = { id, ...parts, author, height, time: timeText(time), status, data } as const
  if (refusal !== null) return { ...shape, refusal }
  const by = body === null ? null : amendedByIn(state, body.object, id)
  const amendment = body?.amends === undefined ? null : amendmentIn(state, id)
  return { ...shape, ...(by === null ? {} : { amendedBy: by }), ...(amendment && { amendment: amendment.state }) }
}

/** The newest accepted record of a key, from the state, as the model in force reads it. */
export function viewOfState(objects: ObjectLookup, record: StateRecord): RecordView {
  const author = record.id.slice(0, record.id.indexOf('/'))
  const { id, height, time, body } = record
  const { data, ...parts } = partsOf(objects, body)
  return presentView(objects, { id, ...parts, author, height, time: timeText(time), status: 'accepted', data })
}

/** A record of an own batch that no block has yet. */
export function viewOfPending(objects: ObjectLookup, id: string, author: string, body: RecordBody | null): RecordView {
  const { data, ...parts } = partsOf(objects, body)
  return { id, ...parts, author, status: 'pending', data }
}

/** A view of a record as the model in force reads it: fields under their names of today, removed ones left out. */
export function presentView<View extends RecordView>(objects: ObjectLookup, view: View): View {
  const object = objects.get(view.object)
  return object === undefined ? view : { ...view, data: object.present(view.data) }
}

function partsOf(objects: ObjectLookup, body: RecordBody | null) {
  const object = body === null ? undefined : objects.get(body.object)
  const unique = body?.unique === undefined ? {} : { unique: body.unique }
  const amends = body?.amends === undefined ? {} : { amends: body.amends }
  const data: JsonObject = body?.data ?? {}
  const key = object === undefined ? [] : keyOf(object, data)
  return { object: body?.object ?? '', key, ...unique, ...amends, data }
}

function keyOf({ keyFields, present }: CompiledObject, data: JsonObject): readonly Json[] {
  const values = present(data)
  return keyFields.map((field) => values[field] ?? null)
}

/** Canonical JSON array of a key, as state and history have it. */
export function keyText(key: readonly Json[]): string {
  return canonicalText([...key])
}
