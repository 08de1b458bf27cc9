import type { Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { CompiledObject } from './model.js'
import type { StateReader, StateWrite } from './state.js'
import { type Claim, claimOf, claimProblem, claimWrite, unclaimWrite } from './unique-claim.js'

/**
 * What an accepted record leaves in the state beside itself. Which effects a record has follows from the record and its block
 * alone; whether they may be, and what they write, from the state. All of it is pure: whoever runs records writes.
 */
export type RecordEffect = Claim

/**
 * The effects of a record. The data must have passed the object's schema.
 * @param key canonical JSON of the record's key; `[]` for an object without key
 */
export function effectsOf(object: CompiledObject, key: string, data: JsonObject): RecordEffect[] {
  return object.uniques.flatMap((unique) => claimOf(unique, key, data) ?? [])
}

/** Why the effects may not be, on this state; null when they may. */
export function effectProblem(state: StateReader, effects: readonly RecordEffect[]): Refusal | null {
  for (const effect of effects) {
    const problem = claimProblem(state, effect)
    if (problem !== null) return problem
  }
  return null
}

/** What the effects of an accepted record write: what stands there already is not written again. */
export function effectWrites(state: StateReader, effects: readonly RecordEffect[], id: string): StateWrite[] {
  return effects.flatMap((effect) => claimWrite(state, effect, id) ?? [])
}

/** What undoes the effects that a record had, as far as the state still has them from it. */
export function takeBackWrites(state: StateReader, effects: readonly RecordEffect[], id: string): StateWrite[] {
  return effects.flatMap((effect) => unclaimWrite(state, effect, id) ?? [])
}

/** State keys that the effects of a record may write, as far as they follow from the record alone. */
export function effectKeys(object: CompiledObject, key: string, data: JsonObject): string[] {
  return effectsOf(object, key, data).map(({ stateKey }) => stateKey)
}
