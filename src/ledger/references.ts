import type { Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { CompiledObject, CompiledReference } from './model.js'
import { newestData } from './record-state.js'
import { REFERENCE_ITEMS_MAX } from './reference-check.js'
import type { RuleInput } from './rules.js'
import type { StateReader } from './state.js'

type Referred = JsonObject | null | readonly (JsonObject | null)[]

const NOTHING: RuleInput['refs'] = {}

/** What a record refers to, as the state has it, by the names of the references. */
export function referredBy(state: StateReader, object: CompiledObject, data: JsonObject): RuleInput['refs'] {
  if (object.references.length === 0) return NOTHING
  const value: Record<string, Referred> = {}
  for (const reference of object.references) {
    const keys = reference.keysOf(data)
    const newest = (key: string): JsonObject | null => newestData(state, reference.object, key, reference.present)
    if (keys === null) value[reference.name] = null
    else if (typeof keys === 'string') value[reference.name] = newest(keys)
    else if (keys.length > REFERENCE_ITEMS_MAX) value[reference.name] = null
    else value[reference.name] = keys.map(newest)
  }
  return value
}

/** Refusal REFERENCE_MISSING of a record that refers to what is not there and has to be; null when all is there. */
export function referenceProblem(object: CompiledObject, data: JsonObject, refs: RuleInput['refs']): Refusal | null {
  for (const reference of object.references) {
    if (!reference.required) continue
    const missing = missingKey(reference.keysOf(data), refs[reference.name] ?? null)
    if (missing !== null) return referenceMissing(reference, missing)
  }
  return null
}

/** The first key that led to nothing; null when all led somewhere or there are none. */
function missingKey(keys: string | readonly string[] | null, found: Referred): string | null {
  if (keys === null) return null
  if (typeof keys === 'string') return found === null ? keys : null
  const index = Array.isArray(found) ? found.indexOf(null) : -1
  return index < 0 ? null : (keys[index] ?? null)
}

function referenceMissing(reference: CompiledReference, key: string): Refusal {
  return {
    code: 'REFERENCE_MISSING',
    message: `there is no ${reference.object} ${key}`,
    details: { reference: reference.name, object: reference.object, key: JSON.parse(key) }
  }
}
