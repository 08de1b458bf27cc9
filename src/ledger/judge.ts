import { canonicalText } from '../base/canonical.js'
import { assertInvariant, type Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { CompiledObject, CompiledReference } from './model.js'
import type { Partner } from './partner-set.js'
import type { CheckedRecord } from './record.js'
import { newestData, recordKey, uniqueKey } from './record-state.js'
import type { RuleInput } from './rules.js'
import type { StateReader } from './state.js'

/** What rules may know of the block. */
export interface BlockTime {
  readonly height: number
  /** Milliseconds since 1970. */
  readonly time: number
}

/**
 * Judges one record on a state: what execution says of it, and intake beforehand.
 * @returns null when accepted
 */
export function judge(state: StateReader, author: Partner, block: BlockTime, record: CheckedRecord): Refusal | null {
  const { body, object, key } = record
  if (body === null || object === null) {
    assertInvariant(record.refusal !== null, 'a record without object was refused')
    return record.refusal
  }
  if (body.unique !== undefined) {
    const first = state.get(uniqueKey(author.id, object.name, canonicalText(body.unique)))
    if (first !== undefined) return duplicate(body.unique, first.text)
  }
  const permission = permissionProblem(author, object)
  if (permission !== null) return permission
  if (record.refusal !== null) return record.refusal
  assertInvariant(key !== null, 'a record of the right schema has a key')
  const refs = referencesOf(state, object, record)
  if (!refs.ok) return refs.refusal
  if (!object.hasRules) return null
  const previous = object.keyFields.length === 0 ? null : newestData(state, object.name, key, object.present)
  return object.checkRules({
    record: body.data,
    previous,
    refs: refs.value,
    author: { id: author.id, role: author.role },
    block
  })
}

/** Every state key that {@link judge} reads for a record, but for `unique`. Empty when it is refused without the state. */
export function stateKeysOf(record: CheckedRecord): string[] {
  const { body, object, key } = record
  if (body === null || object === null || key === null) return []
  const keys = object.keyFields.length === 0 ? [] : [recordKey(object.name, key)]
  for (const reference of object.references) {
    const targets = reference.keysOf(body.data)
    if (targets === null) continue
    for (const target of typeof targets === 'string' ? [targets] : targets) {
      keys.push(recordKey(reference.object, target))
    }
  }
  return keys
}

function permissionProblem(author: Partner, object: CompiledObject): Refusal | null {
  if (author.state !== 'active') {
    return {
      code: 'NOT_PERMITTED',
      message: `partner ${author.id} is ${author.state}`,
      details: { state: author.state }
    }
  }
  if (object.mayAppend(author.role)) return null
  return {
    code: 'NOT_PERMITTED',
    message: `role ${author.role} may not append ${object.name}`,
    details: { role: author.role, object: object.name }
  }
}

function duplicate(unique: string | number, first: string): Refusal {
  const message = `${JSON.stringify(unique)} was used before, by record ${first}`
  return { code: 'DUPLICATE', message, details: { unique, record: first } }
}

type Referred = JsonObject | null | readonly (JsonObject | null)[]
type Refs = { readonly ok: true; readonly value: RuleInput['refs'] } | { readonly ok: false; readonly refusal: Refusal }

const NO_REFS: Refs = { ok: true, value: {} }

function referencesOf(state: StateReader, object: CompiledObject, record: CheckedRecord): Refs {
  if (object.references.length === 0) return NO_REFS
  assertInvariant(record.body !== null, 'a record that is judged has a body')
  const value: Record<string, Referred> = {}
  for (const reference of object.references) {
    const keys = reference.keysOf(record.body.data)
    const newest = (key: string): JsonObject | null => newestData(state, reference.object, key, reference.present)
    if (keys === null) value[reference.name] = null
    else if (typeof keys === 'string') value[reference.name] = newest(keys)
    else value[reference.name] = keys.map(newest)
    const missing = reference.required ? missingKey(keys, value[reference.name] ?? null) : null
    if (missing !== null) return { ok: false, refusal: referenceMissing(reference, missing) }
  }
  return { ok: true, value }
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
