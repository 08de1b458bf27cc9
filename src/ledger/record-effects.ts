import type { Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { BlockTime } from './judge.js'
import { type Count, countOf, countProblem, countWrite, uncountWrite } from './limit-count.js'
import type { CompiledObject } from './model.js'
import type { RuleInput } from './rules.js'
import type { StateReader, StateWrite } from './state.js'
import { type Claim, claimOf, claimProblem, claimWrite, unclaimWrite } from './unique-claim.js'

/**
 * What an accepted record leaves in the state beside itself: values that are its thing's, and additions to counters. Which
 * effects a record has follows from the record and its block alone; whether they may be, and what they write, from the state.
 * All of it is pure: whoever runs records writes. No two effects of one record have the same state key.
 */
export type RecordEffect = Claim | Count

/** Which record has effects, and in which block it stands. */
export interface EffectSource {
  readonly id: string
  readonly height: number
}

/**
 * The effects of a record. The data must have passed the object's schema.
 * @param key canonical JSON of the record's key; `[]` for an object without key
 * @param block null when it is not known yet: effects that depend on its time are left out
 */
export function effectsOf(
  object: CompiledObject,
  key: string,
  data: JsonObject,
  block: BlockTime | null
): RecordEffect[] {
  return [...claimsOf(object, key, data), ...countsOf(object, data, block)]
}

/** Of a record that becomes the newest of its key, whenever that was written: what its thing has then. */
export function claimsOf({ uniques }: CompiledObject, key: string, data: JsonObject): RecordEffect[] {
  return uniques.map((unique) => claimOf(unique, key, data)).filter((claim) => claim !== null)
}

/** Of a record that is accepted, wherever it stands among those of its key. */
export function countsOf({ limits }: CompiledObject, data: JsonObject, block: BlockTime | null): RecordEffect[] {
  return limits.map((limit) => countOf(limit, data, block)).filter((count) => count !== null)
}

/** Why the effects may not be, on this state; null when they may. */
export function effectProblem(state: StateReader, effects: readonly RecordEffect[], input: RuleInput): Refusal | null {
  for (const effect of effects) {
    const problem = effect.kind === 'claim' ? claimProblem(state, effect) : countProblem(state, effect, input)
    if (problem !== null) return problem
  }
  return null
}

/** What the effects of an accepted record write: what stands there already is not written again. */
export function effectWrites(
  state: StateReader,
  effects: readonly RecordEffect[],
  { id, height }: EffectSource
): StateWrite[] {
  const writeOf = (effect: RecordEffect): StateWrite | null => {
    return effect.kind === 'claim' ? claimWrite(state, effect, id) : countWrite(state, effect, height)
  }
  return effects.map(writeOf).filter((write) => write !== null)
}

/** What undoes the effects that a record had, as far as the state has them from it. */
export function takeBackWrites(
  state: StateReader,
  effects: readonly RecordEffect[],
  { id, height }: EffectSource
): StateWrite[] {
  const writeOf = (effect: RecordEffect): StateWrite | null => {
    return effect.kind === 'claim' ? unclaimWrite(state, effect, id) : uncountWrite(state, effect, height)
  }
  return effects.map(writeOf).filter((write) => write !== null)
}

/** The state as it is after these writes. */
export function stateAfter(state: StateReader, writes: readonly StateWrite[]): StateReader {
  const written = new Map(writes.map(({ key, entry }) => [key, entry]))
  return { get: (key) => written.get(key) ?? state.get(key) }
}

/** State keys that the effects of a record may write, as far as they follow from the record alone. */
export function effectKeys(object: CompiledObject, key: string, data: JsonObject): string[] {
  return effectsOf(object, key, data, null).map(({ stateKey }) => stateKey)
}
