import { canonicalText } from '../base/canonical.js'
import { assertInvariant, type Refusal } from '../base/errors.js'
import { amendProblem, ownerProblem, waitsForApproval } from './amend-right.js'
import { OPEN_AMENDMENTS_MAX, openAmendmentsOf } from './amendment-state.js'
import { sourceProblem } from './field-sources.js'
import { writersProblem } from './field-writers.js'
import { judgeAtPlace, type Original, originalOf } from './judge-kept.js'
import { keptEffectProblem } from './kept-effects.js'
import type { CompiledObject } from './model.js'
import type { Partner } from './partner-set.js'
import type { Amends, CheckedRecord } from './record.js'
import { effectProblem, effectsOf } from './record-effects.js'
import { newestData, uniqueKey } from './record-state.js'
import { referenceProblem, referredBy } from './references.js'
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
  const permission = permissionProblem(author, object, body.amends)
  if (permission !== null) return permission
  if (record.refusal !== null) return record.refusal
  assertInvariant(key !== null, 'a record of the right schema has a key')
  const found = body.amends === undefined ? null : originalOf(state, object, body.amends.record, key)
  if (found !== null && !found.ok) return found.refusal
  const problem = found === null ? null : amendingProblem(state, author, object, found.original)
  if (problem !== null) return problem
  return judgeContent(state, author, block, { record, original: found?.original ?? null })
}

/** A record whose schema is right, and what it amends. */
export interface Content {
  readonly record: CheckedRecord
  readonly original: Original | null
}

/** What references, rules and all else of the model say of a record whose author may write it. */
export function judgeContent(
  state: StateReader,
  author: Pick<Partner, 'id' | 'role'>,
  block: BlockTime,
  { record, original }: Content
): Refusal | null {
  const { body, object, key } = record
  assertInvariant(body !== null && object !== null && key !== null, 'a record that is judged has its schema')
  const { data } = body
  const refs = referredBy(state, object, data)
  const missing = referenceProblem(object, data, refs) ?? sourceProblem(state, object.sources, data)
  if (missing !== null) return missing
  const { id, role } = author
  const { keeping } = object
  if (keeping !== null) {
    const input = { record: data, refs, author: { id, role }, block }
    const kept = { object, keeping, key, input }
    return judgeAtPlace(state, kept, original) ?? keptEffectProblem(state, kept, original)
  }
  const effects = effectsOf(object, key, data, block)
  if (!object.hasRules && effects.length === 0 && object.writers.length === 0) return null
  const previous = object.keyFields.length === 0 ? null : newestData(state, object.name, key, object.present)
  const foreign = writersProblem(object.writers, role, data, previous)
  if (foreign !== null) return foreign
  // Written out: what is spread has another hidden class each time, which makes the rules slow.
  const input: RuleInput = { record: data, previous, refs, author: { id, role }, block }
  return object.checkRules(input) ?? effectProblem(state, effects, input)
}

function amendingProblem(
  state: StateReader,
  author: Partner,
  object: CompiledObject,
  { record }: Original
): Refusal | null {
  const foreign = ownerProblem(object, author, record)
  if (foreign !== null) return foreign
  const amend = object.keeping?.amend ?? null
  if (amend === null || !waitsForApproval(amend, author, record)) return null
  if (openAmendmentsOf(state, author.id) < OPEN_AMENDMENTS_MAX) return null
  return { code: 'NOT_PERMITTED', message: `${OPEN_AMENDMENTS_MAX} amendments of ${author.id} wait for approval` }
}

function permissionProblem(author: Partner, object: CompiledObject, amends: Amends | undefined): Refusal | null {
  if (author.state !== 'active') {
    return {
      code: 'NOT_PERMITTED',
      message: `partner ${author.id} is ${author.state}`,
      details: { state: author.state }
    }
  }
  if (amends !== undefined) return amendProblem(object, author)
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
