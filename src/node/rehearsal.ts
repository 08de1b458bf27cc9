import { assertInvariant } from '../base/errors.js'
import { recordId } from '../base/ids.js'
import type { Model } from '../ledger/model.js'
import { startRecordRun } from '../ledger/record-run.js'
import { type Rehearsed, rehearseBatch } from '../ledger/rehearsal.js'
import type { Verdict } from '../ledger/verdict.js'
import type { Chain } from './chain.js'
import { createRecordReader, type ReadBlock } from './record-reader.js'
import { timeText } from './record-view.js'
import type { RehearsalDifference, RehearsalGroup, RehearsalOptions, RehearsalReport } from './rehearsal-types.js'
import { openScratchState } from './scratch-state.js'
import type { SetHistory } from './set-history.js'

/**
 * Judges every record of this copy again as if a model had been in force from the first block on, in a state of its own: what
 * a network would hold that was founded with it and was given the same batches in the same blocks. Blocks committed
 * meanwhile are left out.
 * @throws LedgerError STORE_DAMAGED when a block cannot be read; DISK_FULL
 */
export async function rehearse(
  { chain, sets }: { readonly chain: Chain; readonly sets: SetHistory },
  model: Model,
  options: RehearsalOptions = {}
): Promise<RehearsalReport> {
  const { height: tip } = chain.tip
  const count = createCount()
  const reader = createRecordReader(chain)
  const scratch = await openScratchState()
  try {
    for (let height = 1; height <= tip; height++) {
      const stored = reader.block(height)
      assertInvariant(stored !== null, 'a block below the tip is there')
      const { header, batches, refusals } = stored
      const run = startRecordRun(scratch.reader)
      const block = { height, time: header.time }
      const ground = { model, partners: sets.at(height), block, recordBytesMax: chain.limits.recordBytesMax }
      for (const [batch, ref] of batches.entries()) {
        options.signal?.throwIfAborted()
        const { author, sequence, hash } = ref
        const { records } = reader.batch(hash, height)
        for (const rehearsed of rehearseBatch(run, ground, { batch, author, sequence, records })) {
          const before = refusals.get(`${batch}/${rehearsed.index}`) ?? null
          if (!count.add(author, rehearsed, before)) continue
          await options.onDifference?.(differenceOf(ref, block, rehearsed, before))
        }
        await breathe()
      }
      await scratch.write(run.writes())
      options.onProgress?.(height, tip)
    }
  } finally {
    await scratch.close()
  }
  return { height: tip, ...count.report() }
}

function differenceOf(
  { author, sequence }: ReadBlock['batches'][number],
  { height, time }: { readonly height: number; readonly time: number },
  { index, record, verdict }: Rehearsed,
  before: Verdict
): RehearsalDifference {
  return {
    id: recordId(author, sequence, index),
    object: record.body?.object ?? '',
    author,
    height,
    time: timeText(time),
    data: record.body?.data ?? {},
    verdict: verdict === null ? 'accepted' : 'refused',
    refusal: verdict ?? before!
  }
}

/** Counts records, and of those that would be judged otherwise how many there are of each kind. */
function createCount() {
  const groups = new Map<string, RehearsalGroup>()
  const total = { records: 0, refused: 0, accepted: 0 }
  return {
    /** Whether the record would be judged otherwise. */
    add(partner: string, { record, verdict }: Rehearsed, before: Verdict): boolean {
      total.records++
      const refusal = verdict ?? before
      if (refusal === null || (verdict !== null && before !== null)) return false
      const kind = verdict === null ? 'accepted' : 'refused'
      total[kind]++
      const { code, rule = null } = refusal
      const object = record.body?.object ?? ''
      const name = JSON.stringify([kind, partner, object, code, rule])
      const count = (groups.get(name)?.count ?? 0) + 1
      groups.set(name, { verdict: kind, partner, object, code, rule, count })
      return true
    },
    /** Groups with the most records first. */
    report: () => ({ ...total, groups: [...groups.values()].sort((a, b) => b.count - a.count) })
  }
}

/** Lets the node go on with its work between two batches. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
