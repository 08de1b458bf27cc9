import type { Refusal } from '../../src/base/errors.js'
import type { JsonObject } from '../../src/base/json.js'
import { compileModel, type Model } from '../../src/ledger/model.js'
import { describeProblems, readNetworkFile } from '../../src/ledger/network-file.js'
import type { Partner } from '../../src/ledger/partner-set.js'
import { checkBody, encodeRecord } from '../../src/ledger/record.js'
import { runRecord, startRecordRun } from '../../src/ledger/record-run.js'
import { RULE_COST_MAX } from '../../src/ledger/rule-cost.js'
import type { StateEntry } from '../../src/ledger/state.js'
import { FOUNDED_AT } from './small-chain.js'

/** The model of a network file; throws with its mistakes. */
export function modelOfFile(file: string): Model {
  const read = readNetworkFile(file, 'network.yaml')
  if (!read.ok) throw new Error(describeProblems(read.problems))
  return compileModel(read.network, { ruleCostMax: RULE_COST_MAX })
}

/** What a network file is refused for: `PATH PROBLEM` of each mistake. */
export function problemsOfFile(file: string): string[] {
  const read = readNetworkFile(file, 'network.yaml')
  return read.ok ? [] : read.problems.map(({ path, problem }) => `${path} ${problem}`)
}

/** A partner that takes part. */
export function activePartner(id: string, role: string): Partner {
  return { id, incarnation: 0, key: '', role, state: 'active', voter: true }
}

export interface Judged {
  readonly id: string
  readonly verdict: Refusal | null
  /** What the result hash covers of it. */
  readonly lines: readonly string[]
}

/** Records judged one after the other as execution does, each in a block of its own, on a state in memory. */
export function judgedRecords(first: Model) {
  let model = first
  let height = 0
  const entries = new Map<string, StateEntry>()
  const state = { get: (key: string) => entries.get(key) }
  const sequences = new Map<string, number>()
  return {
    state,
    get height() {
      return height
    },
    /** From the next record on. */
    setModel(next: Model): void {
      model = next
    },
    /** @param time of the block, milliseconds since 1970 */
    judge(author: Partner, object: string, data: JsonObject, more: { unique?: string; time?: number } = {}): Judged {
      height++
      const { unique, time = FOUNDED_AT + height * 1000 } = more
      const body = { data, object, ...(unique === undefined ? {} : { unique }) }
      const sequence = sequences.get(author.id) ?? 0
      sequences.set(author.id, sequence + 1)
      const run = startRecordRun(state)
      const record = checkBody(model, encodeRecord(body), body)
      const place = { batch: 0, sequence, index: 0 }
      const verdict = runRecord(run, author, { height, time }, record, place)
      // Without what a run remembers: the next record reads what a node reads from its disk.
      for (const { key, entry } of run.writes()) entries.set(key, { text: entry.text })
      return { id: `${author.id}/${sequence}/0`, verdict, lines: run.lines }
    }
  }
}
