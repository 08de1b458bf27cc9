import { canonicalText } from '../base/canonical.js'
import { assertInvariant } from '../base/errors.js'
import { recordId } from '../base/ids.js'
import type { Json, JsonObject } from '../base/json.js'
import { judgeApproval } from './amendment-judge.js'
import type { BlockTime } from './judge.js'
import { settleApproval } from './keep-record.js'
import type { Model } from './model.js'
import type { NetworkDefinition } from './network-definition.js'
import { type PartnerSet, partnerOf } from './partner-set.js'
import { type CheckedRecord, checkRecord, encodeRecord } from './record.js'
import { type RecordRun, runRecord } from './record-run.js'
import { isSystemObject } from './system-record.js'
import type { Verdict } from './verdict.js'

/** A batch as it stands in a committed block. */
export interface RehearsedBatch {
  /** Position in the block. */
  readonly batch: number
  readonly author: string
  readonly sequence: number
  /** Exact texts. */
  readonly records: readonly string[]
}

/** What a record would have been under another model. */
export interface Rehearsed {
  readonly index: number
  readonly record: CheckedRecord
  readonly verdict: Verdict
}

/** What a batch is judged by when it is rehearsed. */
export interface RehearsalGround {
  readonly model: Model
  /** In force at the block. */
  readonly partners: PartnerSet
  readonly block: BlockTime
  readonly recordBytesMax: number
}

/**
 * Judges a committed batch as if another model had been in force from the first block on. What follows from the verdicts is
 * written into the run, so that the next record sees what this model would have let in. Each stands for one with the names of
 * this model. Records of the network about itself are left out, as who is a partner stays as it was decided, but for words on
 * amendments: they count, and are not told.
 */
export function rehearseBatch(run: RecordRun, ground: RehearsalGround, batch: RehearsedBatch): Rehearsed[] {
  const { model, partners, block, recordBytesMax } = ground
  const { author, sequence } = batch
  const partner = partnerOf(partners, author)
  assertInvariant(partner !== undefined, 'the author of a committed batch is a partner')
  const rehearsed: Rehearsed[] = []
  batch.records.forEach((text, index) => {
    const record = recordNow(model, text, recordBytesMax)
    if (record.system?.object === '_approve') {
      const { height, time } = block
      const wordsBefore = run.words.get(author) ?? 0
      run.words.set(author, wordsBefore + 1)
      const place = { height, time, id: recordId(author, sequence, index), wordsBefore }
      const verdict = judgeApproval({ state: run, ...place, model, partners, latest: partners }, partner, record.system)
      if (verdict.ok) settleApproval(run, verdict.effect)
    }
    if (record.body !== null && isSystemObject(record.body.object)) return
    const verdict = runRecord(run, partner, block, record, { batch: batch.batch, sequence, index })
    rehearsed.push({ index, record, verdict })
  })
  return rehearsed
}

/**
 * A record as its author would have written it had the names of the model been in use: what an alias leads to under its name of
 * today, and what was removed left out. Otherwise each record from before a renaming would be refused for that alone.
 */
function recordNow(model: Model, text: string, bytesMax: number): CheckedRecord {
  const record = checkRecord(model, text, bytesMax)
  const { body, object } = record
  if (body === null || object === null) return record
  const data = object.present(body.data)
  return data === body.data ? record : checkRecord(model, encodeRecord({ ...body, data }), bytesMax)
}

/** Whether records could be judged otherwise under another network definition. */
export function touchesRecords(before: NetworkDefinition, after: NetworkDefinition): boolean {
  return judged(before) !== judged(after)
}

/** All of a definition that a verdict depends on. */
function judged({ objects, roles }: NetworkDefinition): string {
  const appends = Object.entries(roles).map(([name, { append }]): [string, Json] => [name, append])
  const kinds = Object.entries(objects).map(([name, object]): [string, Json] => {
    const { title: _, references, rules, ...rest } = object
    const tests = rules.map(({ id, expr }) => ({ id, expr }))
    const limits = (object.limits ?? []).map(({ message: _, ...limit }): Json => ({ ...limit }))
    const others = { references: references as unknown as Json, rules: tests, limits }
    return [name, { ...(rest as unknown as JsonObject), ...others }]
  })
  return canonicalText({ appends: Object.fromEntries(appends), kinds: Object.fromEntries(kinds) })
}
