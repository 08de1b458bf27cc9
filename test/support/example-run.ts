import { readdirSync, readFileSync } from 'node:fs'
import { canonicalText } from '../../src/base/canonical.js'
import type { Refusal } from '../../src/base/errors.js'
import type { JsonObject } from '../../src/base/json.js'
import { compileModel, type Model } from '../../src/ledger/model.js'
import { describeProblems, readNetworkFile } from '../../src/ledger/network-file.js'
import { RULE_COST_MAX } from '../../src/ledger/rule-cost.js'
import { activePartner, judgedRecords } from './judged-records.js'

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
  const run = judgedRecords(model)
  const partner = activePartner(author.id, author.role)

  /** The canonical data of an accepted record, or why it is refused. */
  return function append(name: string, data: JsonObject): { accepted: string } | { refused: Refusal } {
    const normalised = model.objects.get(name)?.normalise(data)
    if (normalised?.ok === false) return { refused: normalised.refusal }
    const record = normalised?.value ?? data
    const { verdict } = run.judge(partner, name, record)
    return verdict === null ? { accepted: canonicalText(record) } : { refused: verdict }
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
