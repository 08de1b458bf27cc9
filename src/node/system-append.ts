import { blameOf } from '../base/errors.js'
import { recordId } from '../base/ids.js'
import type { CheckedRecord } from '../ledger/record.js'
import type { Chain } from './chain.js'
import { isVersionKnown, unknownVersion } from './known-version.js'
import type { OwnBatches } from './own-batches.js'
import type { SystemOutcome } from './replica-types.js'
import type { SignRight } from './sign-right.js'

export interface SystemAppendDependencies {
  readonly chain: Chain
  readonly self: string
  readonly own: Pick<OwnBatches, 'add'>
  readonly right: Pick<SignRight, 'barred' | 'rejoining'>
}

/** Appends a record of the network about itself; resolves when a block has decided it. */
export async function appendSystemRecord(
  { chain, self, own, right }: SystemAppendDependencies,
  record: CheckedRecord
): Promise<SystemOutcome> {
  if (right.barred !== null) return { ok: false, code: 'NOT_PERMITTED', message: right.barred }
  if (right.rejoining()) return { ok: false, code: 'NOT_PERMITTED', message: 'this node has to rejoin first' }
  if (!isVersionKnown(chain)) return { ok: false, code: 'VERSION_UNKNOWN', message: unknownVersion(chain).message }
  if (record.refusal !== null) return { ok: false, code: record.refusal.code, message: record.refusal.message }
  const { batch, index } = own.add(record)
  const decision = await batch.decided
  const verdict = decision.verdicts[index] ?? null
  const id = recordId(self, batch.sequence ?? 0, index)
  if (verdict === null) return { ok: true, height: decision.height, id }
  return { ok: false, code: verdict.code, message: verdict.message, blame: blameOf(verdict) }
}
