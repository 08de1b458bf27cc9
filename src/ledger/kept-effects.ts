import { assertInvariant, type Refusal } from '../base/errors.js'
import type { KeptRecord, Original } from './judge-kept.js'
import type { CompiledObject } from './model.js'
import { claimsOf, countsOf, effectProblem, effectWrites, type RecordEffect, takeBackWrites } from './record-effects.js'
import { type Newcomer, type StandingRun, stand } from './record-standing.js'
import { newestRecord, presentDataOf, type StateRecord } from './record-state.js'
import type { RuleInput } from './rules.js'
import { LAST_PLACE } from './sort-text.js'
import type { StateEntry, StateReader, StateWrite } from './state.js'

/**
 * Effects of records of an object whose records are ordered or amended. What they add to counters belongs to each that stands; what
 * is claimed belongs to whichever is the newest of its key, which an amendment may change under two keys.
 */

/** Stands for the id of a record that is only judged; no record has it. */
const UNKNOWN_ID = '?'

/** Looks at the effects before each is written. */
type Look = (state: StateReader, effects: readonly RecordEffect[]) => Refusal | null

/** Why the effects of a record may not be, once it stands; null when they may. Writes nothing. */
export function keptEffectProblem(state: StateReader, kept: KeptRecord, original: Original | null): Refusal | null {
  const { object, key, input } = kept
  if (object.uniques.length === 0 && object.limits.length === 0) return null
  const { author, block, record: data } = input
  // Its id and place are not known yet: it comes after all of its date.
  const place = original?.record.place ?? LAST_PLACE
  const body = { data, object: object.name }
  const owner = original?.record.owner ?? author.id
  const record = { id: UNKNOWN_ID, ...block, body, place, role: author.role, owner, since: block, text: '{}' }
  const whole: RuleInput = { ...input, previous: null }
  const look: Look = (run, effects) => effectProblem(run, effects, whole)
  return write(scratchRun(state), { object, key, original, record }, look)
}

/** Lets an accepted record stand, and writes its effects. */
export function standWithEffects(run: StandingRun, newcomer: Newcomer): void {
  const problem = write(run, newcomer, () => null)
  assertInvariant(problem === null, 'the effects of an accepted record may be')
}

function write(run: StandingRun, newcomer: Newcomer, look: Look): Refusal | null {
  const { object, key, original, record } = newcomer
  if (object.uniques.length === 0 && object.limits.length === 0) {
    stand(run, newcomer)
    return null
  }
  if (original !== null) {
    const { id, since } = original.record
    const data = presentDataOf(original.record, object.present)
    const isThing = object.keyFields.length === 0
    const had = [...countsOf(object, data, since), ...(isThing ? claimsOf(object, original.key, data) : [])]
    writeAll(run, takeBackWrites(run, had, { id, height: since.height }))
  }
  // An amendment counts from its approval on, and is taken back by that.
  const { id, since } = record
  const counts = countsOf(object, presentDataOf(record, object.present), since)
  const tooMuch = look(run, counts)
  if (tooMuch !== null) return tooMuch
  writeAll(run, effectWrites(run, counts, { id, height: since.height }))
  const keys = [...new Set(original === null ? [key] : [key, original.key])]
  const before = keys.map((each) => newestId(run, object, each))
  stand(run, newcomer)
  if (object.keyFields.length === 0) return claim(run, object, key, record, look)
  for (const [at, each] of keys.entries()) {
    const newest = newestRecord(run, object.name, each)
    if (newest === null || (newest.id === before[at] && newest.id !== id)) continue
    const problem = claim(run, object, each, newest, look)
    if (problem !== null) return problem
  }
  return null
}

function claim(run: StandingRun, object: CompiledObject, key: string, record: StateRecord, look: Look): Refusal | null {
  const { id, height } = record
  const claims = claimsOf(object, key, presentDataOf(record, object.present))
  const problem = look(run, claims)
  if (problem === null) writeAll(run, effectWrites(run, claims, { id, height }))
  return problem
}

function newestId(run: StandingRun, { name }: CompiledObject, key: string): string | null {
  return newestRecord(run, name, key)?.id ?? null
}

function writeAll(run: StandingRun, writes: readonly StateWrite[]): void {
  for (const { key, entry } of writes) run.write(key, entry, `${key} ${entry.text}\n`)
}

/** A run whose writes nobody keeps. */
function scratchRun(state: StateReader): StandingRun {
  const overlay = new Map<string, StateEntry>()
  return {
    lines: [],
    get: (key) => overlay.get(key) ?? state.get(key),
    write: (key, entry) => void overlay.set(key, entry)
  }
}
