import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { jsonPointer } from '../base/json-scan.js'
import { quote } from './finding.js'
import type { FormerNames } from './former-names.js'
import { newestRecord } from './record-state.js'
import type { StateReader, StateWrite } from './state.js'
import { keyPart, valuesOf } from './state-text.js'

/** Fields of an object whose values no two different things may share. */
export interface CompiledUnique {
  readonly object: string
  readonly fields: readonly string[]
  /** Whether the object has a key: then a thing is what stands under one key, else each record is a thing. */
  readonly hasKey: boolean
  /** How its state keys begin. */
  readonly stem: string
  /** How data of older records is read. */
  readonly present: FormerNames['present']
}

/** What an accepted record says of one unique list: these values are those of its thing. */
export interface Claim {
  readonly kind: 'claim'
  readonly stateKey: string
  readonly unique: CompiledUnique
  readonly values: readonly Json[]
  /** The record's key, canonical JSON; `[]` for an object without key. */
  readonly key: string
}

/** What stands in the state of values that were taken back. */
const FREE = 'free'

export function compileUnique(
  object: string,
  fields: readonly string[],
  hasKey: boolean,
  present: FormerNames['present']
): CompiledUnique {
  return { object, fields, hasKey, stem: `U:${object}/${keyPart(fields)}/`, present }
}

/** The claim of a record; null when a field is missing or null: such a record does not take part. */
export function claimOf(unique: CompiledUnique, key: string, data: JsonObject): Claim | null {
  const values = valuesOf(unique.fields, data)
  if (values === null) return null
  return { kind: 'claim', stateKey: unique.stem + keyPart(values), unique, values, key }
}

/**
 * DUPLICATE when another thing has the values. Under a key the state names the key that claimed them last: they are taken as
 * long as the newest record there has them, so that what a thing lets go of is free without being written.
 */
export function claimProblem(state: StateReader, claim: Claim): Refusal | null {
  const record = holderOf(state, claim)
  return record === null ? null : duplicate(claim, record)
}

/** Id of another thing's record that has the values; null when they are free, or this thing's own. */
function holderOf(state: StateReader, { stateKey, unique, values, key }: Claim): string | null {
  const text = state.get(stateKey)?.text
  if (text === undefined || text === FREE) return null
  if (!unique.hasKey) return text
  if (text === key) return null
  const newest = newestRecord(state, unique.object, text)
  if (newest === null) return null
  const { id, body } = newest
  const has = valuesOf(unique.fields, unique.present(body.data))
  return JSON.stringify(has) === JSON.stringify(values) ? id : null
}

/** @param id of the record that claims */
export function claimWrite(state: StateReader, { stateKey, unique, key }: Claim, id: string): StateWrite | null {
  const text = unique.hasKey ? key : id
  return state.get(stateKey)?.text === text ? null : { key: stateKey, entry: { text } }
}

/** Lets go of what this record claimed. Under a key nothing has to be written: its newest record says what it has. */
export function unclaimWrite(state: StateReader, { stateKey, unique }: Claim, id: string): StateWrite | null {
  if (unique.hasKey || state.get(stateKey)?.text !== id) return null
  return { key: stateKey, entry: { text: FREE } }
}

function duplicate({ unique, values }: Claim, record: string): Refusal {
  const { fields, object } = unique
  const told = fields.map((field, index) => `${field} ${quote(values[index])}`)
  const what = told.length === 1 ? `${told[0]} belongs` : `${told.join(', ')} together belong`
  const message = `${what} to another ${object}, by record ${record}`
  const path = fields.length === 1 ? { path: jsonPointer(fields) } : {}
  return { code: 'DUPLICATE', message, ...path, details: { fields, values, record } }
}
