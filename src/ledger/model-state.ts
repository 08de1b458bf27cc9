import { canonicalText } from '../base/canonical.js'
import { assertInvariant } from '../base/errors.js'
import { compiledModel } from './compiled-models.js'
import type { Model } from './model.js'
import type { NetworkDefinition } from './network-definition.js'
import type { StateEntry, StateReader } from './state.js'

/** State key of the models that are decided. Absent while the genesis' model is in force. */
export const MODELS_KEY = 'm:'

/** State keys of all definitions that were ever decided begin so; their values are canonical texts. */
export const MODEL_PREFIX = 'M:'

/** State key of the definition that is in force from a height on. */
export function modelKey(height: number): string {
  return `${MODEL_PREFIX}${height}`
}

/** A model, and the height from which it is in force; 0 for that of the genesis. */
export interface DecidedModel {
  readonly from: number
  readonly model: Model
}

/** The models that the chain has decided, as of one state: as with the partners, a change decided at H acts at H + 2. */
export interface Models {
  /** In force at the height after this state. */
  readonly now: DecidedModel
  /** In force from the height after that one on, until another change; the same as `now` when none is under way. */
  readonly next: DecidedModel
}

/** Whether a change is decided and not in force. */
export function areModelsSettling({ now, next }: Models): boolean {
  return now.from !== next.from
}

/** The models after a state; `founding` is that of the genesis. */
export function modelsIn(state: StateReader, founding: Model): Models {
  const entry = state.get(MODELS_KEY)
  if (entry === undefined) {
    const first = { from: 0, model: founding }
    return { now: first, next: first }
  }
  entry.memo ??= readModels(state, founding, entry.text)
  return entry.memo as Models
}

/** Names each model by its hash and the height from which it is in force; the definitions stand elsewhere. */
export function modelsEntry(models: Models): StateEntry {
  const { now, next } = models
  const named = ({ from, model }: DecidedModel): { from: number; hash: string } => ({ from, hash: model.hash })
  return {
    text: canonicalText({ next: areModelsSettling(models) ? named(next) : null, now: named(now) }),
    memo: models
  }
}

interface NamedModel {
  readonly from: number
  readonly hash: string
}

function readModels(state: StateReader, founding: Model, text: string): Models {
  const { now, next } = JSON.parse(text) as { readonly now: NamedModel; readonly next: NamedModel | null }
  const first = decidedModel(state, founding, now)
  return { now: first, next: next === null ? first : decidedModel(state, founding, next) }
}

function decidedModel(state: StateReader, founding: Model, { from, hash }: NamedModel): DecidedModel {
  const model = from === 0 ? founding : modelFrom(state, founding, from)
  assertInvariant(model.hash === hash, 'a stored model is the one that was decided')
  return { from, model }
}

function modelFrom(state: StateReader, founding: Model, from: number): Model {
  const entry = state.get(modelKey(from))
  assertInvariant(entry !== undefined, 'a model that was decided is kept')
  const compiled = compiledModel(JSON.parse(entry.text) as NetworkDefinition, founding.limits)
  assertInvariant(compiled.ok, 'a model that was decided has no mistakes')
  return compiled.value
}
