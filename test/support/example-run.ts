import { readdirSync, readFileSync } from 'node:fs'
import { canonicalText } from '../../src/base/canonical.js'
import type { Refusal } from '../../src/base/errors.js'
import type { JsonObject } from '../../src/base/json.js'
import { compileModel, type Model } from '../../src/ledger/model.js'
import { describeProblems, readNetworkFile } from '../../src/ledger/network-file.js'
import { RULE_COST_MAX } from '../../src/ledger/rule-cost.js'

/** Where the example networks and their samples are, from the root of the project. */
export const EXAMPLES = 'config/networks'

/** Compiles an example network; throws with its mistakes. */
export function compileExample(name: string): Model {
  const file = `${EXAMPLES}/${name}.yaml`
  const read = readNetworkFile(readFileSync(file, 'utf8'), file)
  if (!read.ok) throw new Error(describeProblems(read.problems))
  if (read.warnings.length > 0) throw new Error(describeProblems(read.warnings))
  return compileModel(read.network, { ruleCostMax: RULE_COST_MAX })
}

/** Judges records one after the other, as intake and execution do, on a state in memory. */
export function exampleRun(model: Model, author = { id: 'p1', role: 'tryout' }) {
  const state = new Map<string, JsonObject>()
  let height = 0
  const find = (object: string, key: string): JsonObject | null => state.get(object + key) ?? null

  /** The canonical data of an accepted record, or why it is refused. */
  return function append(name: string, data: JsonObject): { accepted: string } | { refused: Refusal } {
    const object = model.objects.get(name)
    if (object === undefined) return { refused: { code: 'UNKNOWN_OBJECT', message: name } }
    if (!object.mayAppend(author.role)) return { refused: { code: 'NOT_PERMITTED', message: author.role } }
    const normalised = object.normalise(data)
    if (!normalised.ok) return { refused: normalised.refusal }
    const record = normalised.value
    const schema = object.checkSchema(record)
    if (schema !== null) return { refused: schema }
    const refs: Record<string, JsonObject | null | (JsonObject | null)[]> = {}
    for (const reference of object.references) {
      const keys = reference.keysOf(record)
      if (keys === null) refs[reference.name] = null
      else if (typeof keys === 'string') refs[reference.name] = find(reference.object, keys)
      else refs[reference.name] = keys.map((key) => find(reference.object, key))
      const found = refs[reference.name]
      const missing = keys !== null && (Array.isArray(found) ? found.includes(null) : found === null)
      if (reference.required && missing) return { refused: { code: 'REFERENCE_MISSING', message: reference.name } }
    }
    const key = object.keyOf(record)
    const previous = object.keyFields.length === 0 ? null : find(name, key)
    height++
    const block = { height, time: 1_760_000_000_000 + height * 1000 }
    const refused = object.checkRules({ record, previous, refs, author, block })
    if (refused !== null) return { refused }
    state.set(name + key, record)
    return { accepted: canonicalText(record) }
  }
}

/** The records of a file of newline-delimited JSON. */
export function readRecords(file: string): JsonObject[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonObject)
}

/** Names of the files in a folder that end so. */
export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
}
