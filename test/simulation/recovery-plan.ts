import { faultsOf, quorumOf } from '../../src/ledger/quorum.js'
import { seededRandom } from './virtual-clock.js'

/** How the quorum of a run is lost for good, and a new epoch begins. Partners are named by their index. */
export interface RecoveryPlan {
  /** Voters that are lost: so many that the others are no quorum, and not so many that these may not recover. */
  readonly lost: readonly number[]
  /** Milliseconds at which they fall, or a little later: as one of them has a block more than all survivors. */
  readonly lostMs: number
  /** Milliseconds from which on the operators of the survivors do something about it. */
  readonly operatorsMs: number
  /** Milliseconds at which the first of the lost comes back with its old disk, at the earliest; null: none does. */
  readonly returnMs: number | null
}

/** Share of runs that are about it. */
const RECOVERY_SHARE = 0.04

const VOTERS = [4, 4, 4, 5, 6, 7]

/** Drawn apart, so that what else a seed says does not depend on it. Null: the run is about something else. */
export function recoveryPlanOf(seed: number): { readonly voters: number; readonly recovery: RecoveryPlan } | null {
  const random = seededRandom(seed ^ 0x2ec0)
  if (random() >= RECOVERY_SHARE) return null
  const voters = VOTERS[Math.floor(random() * VOTERS.length)]!
  const least = faultsOf(voters, 'two-thirds') + 1
  const most = quorumOf(voters, 'two-thirds') - 1
  const survivors = least + Math.floor(random() * (most - least + 1))
  const ids = Array.from({ length: voters }, (_, index) => index)
  while (ids.length > voters - survivors) ids.splice(Math.floor(random() * ids.length), 1)
  const lostMs = 2_000 + random() * 6_000
  const operatorsMs = lostMs + 500 + random() * 5_000
  return { voters, recovery: { lost: ids, lostMs, operatorsMs, returnMs: random() < 0.7 ? operatorsMs + 4_000 : null } }
}
