import { canonicalText } from '../base/canonical.js'
import type { Refusal } from '../base/errors.js'
import { recordId } from '../base/ids.js'
import { type BlockTime, judge } from './judge.js'
import { keep } from './keep-record.js'
import type { CompiledObject } from './model.js'
import type { Partner } from './partner-set.js'
import type { CheckedRecord } from './record.js'
import { effectsOf, effectWrites } from './record-effects.js'
import { recordEntry, recordKey, uniqueEntry, uniqueKey } from './record-state.js'
import type { StateEntry, StateReader, StateWrite } from './state.js'
import type { Verdict } from './verdict.js'

/** Where a record stands in its block, and under which key its history has it. */
export interface HistoryEntry {
  readonly object: string
  readonly key: string
  readonly batch: number
  readonly index: number
  readonly accepted: boolean
}

/** What the records of one block see and leave behind, one after the other. */
export interface RecordRun extends StateReader {
  /** What the result hash covers, in order of execution. */
  readonly lines: string[]
  readonly entries: HistoryEntry[]
  /** How many words on amendments each partner has said in this block so far. */
  readonly words: Map<string, number>
  write(key: string, entry: StateEntry, line: string): void
  /** The last entry of each key, in the order of these last writes. Each write has an entry object of its own. */
  writes(): StateWrite[]
}

/** A run on a state, which stays as it is. */
export function startRecordRun(state: StateReader): RecordRun {
  const overlay = new Map<string, StateEntry>()
  const written: StateWrite[] = []
  const lines: string[] = []
  return {
    lines,
    entries: [],
    words: new Map(),
    get: (key) => overlay.get(key) ?? state.get(key),
    write(key, entry, line) {
      overlay.set(key, entry)
      written.push({ key, entry })
      lines.push(line)
    },
    writes: () => written.filter(({ key, entry }) => overlay.get(key) === entry)
  }
}

/** Where a record stands among its author's and in the block. */
export interface RecordPlace {
  readonly batch: number
  readonly sequence: number
  readonly index: number
}

/** Judges a record and writes down what follows from the verdict. */
export function runRecord(
  run: RecordRun,
  author: Partner,
  block: BlockTime,
  record: CheckedRecord,
  place: RecordPlace
): Verdict {
  const verdict = judge(run, author, block, record)
  settle(run, author, block, record, place, verdict)
  return verdict
}

function settle(
  run: RecordRun,
  author: Partner,
  block: BlockTime,
  record: CheckedRecord,
  { batch, sequence, index }: RecordPlace,
  verdict: Refusal | null
): void {
  const { body, object, key } = record
  if (body === null || object === null) return
  const id = recordId(author.id, sequence, index)
  if (key !== null) run.entries.push({ object: object.name, key, batch, index, accepted: verdict === null })
  if (verdict === null && key !== null) {
    if (object.keeping === null) {
      settleNewest(run, object, key, id, block, record)
      const writes = effectWrites(run, effectsOf(object, key, body.data, block), { id, height: block.height })
      for (const { key: name, entry } of writes) run.write(name, entry, `${name} ${entry.text}\n`)
    } else keep(run, { author, block, id, position: { height: block.height, batch, index } }, { record, object, key })
  }
  if (body.unique !== undefined) {
    const name = uniqueKey(author.id, object.name, canonicalText(body.unique))
    // Once: a record that is refused as another one's double leaves the mark where it is.
    if (run.get(name) === undefined) run.write(name, uniqueEntry(id), `${name} ${id}\n`)
  }
}

function settleNewest(
  run: RecordRun,
  object: CompiledObject,
  key: string,
  id: string,
  block: BlockTime,
  record: CheckedRecord
): void {
  const line = `${recordKey(object.name, key)} ${id}\n`
  // Without a key a record has no successor, so no rule will ever ask for it: the line is hashed, nothing is kept.
  if (object.keyFields.length === 0) run.lines.push(line)
  else run.write(recordKey(object.name, key), recordEntry(id, block, record), line)
}
