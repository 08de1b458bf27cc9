import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { jsonPointer } from '../base/json-scan.js'
import { pathText, quote } from './finding.js'
import { newestRecord } from './record-state.js'
import type { StateReader } from './state.js'

/** A field whose values are keys of another object's records: `from` in its schema. */
export interface FieldSource {
  /** Where in the data: names of members, and null for each item of a list. */
  readonly steps: readonly (string | null)[]
  /** The object whose key has one field, of the same type. */
  readonly object: string
}

/** REFERENCE_MISSING with the path of the first value that no record has as its key. */
export function sourceProblem(state: StateReader, sources: readonly FieldSource[], data: JsonObject): Refusal | null {
  for (const { steps, object } of sources) {
    for (const { value, path } of valuesAt(data, steps, [])) {
      if (newestRecord(state, object, JSON.stringify([value])) === null) return missing(object, value, path)
    }
  }
  return null
}

type Path = readonly (string | number)[]

/** What is missing or null is not held against anything. */
function* valuesAt(
  json: Json | undefined,
  [step, ...rest]: readonly (string | null)[],
  path: Path
): Generator<{ readonly value: Json; readonly path: Path }> {
  if (json === undefined || json === null) return
  if (step === undefined) yield { value: json, path }
  else if (step === null) {
    for (const [index, item] of (json as Json[]).entries()) yield* valuesAt(item, rest, [...path, index])
  } else if (Object.hasOwn(json as JsonObject, step)) {
    yield* valuesAt((json as JsonObject)[step], rest, [...path, step])
  }
}

function missing(object: string, value: Json, path: Path): Refusal {
  const message = `${pathText(path)} is ${quote(value)}, and there is no such ${object}: append it first, or correct the value`
  return { code: 'REFERENCE_MISSING', message, path: jsonPointer(path), details: { object, key: [value] } }
}
