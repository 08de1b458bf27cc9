import { TIMEOUTS_DEFAULT, type TimeoutSettings } from '../../src/consensus/timeouts.js'
import type { QuorumRule } from '../../src/ledger/network-definition.js'
import { faultsOf } from '../../src/ledger/quorum.js'
import { type Fault, faultsFrom, wipeFrom } from './faults.js'
import { seededRandom } from './virtual-clock.js'

/** Everything about a run that is decided before it begins; all of it follows from the seed, unless set. */
export interface Scenario {
  readonly seed: number
  readonly voters: number
  /** Partners that keep a copy and do not vote. */
  readonly observers: number
  readonly quorum: QuorumRule
  /** Voters that are down until the network heals: more than f of them must stop everything. */
  readonly silent: number
  readonly timeouts: TimeoutSettings
  /** The first of the voters, who lie all the time. */
  readonly liars: number
  /** Usual delay of a message, milliseconds. */
  readonly delayMs: { readonly min: number; readonly spread: number }
  readonly skewMsMax: number
  /** Records appended before the network heals; after it every partner appends one more. */
  readonly records: number
  /** Virtual time, milliseconds, at which all trouble is over. */
  readonly healMs: number
  /** How long after that all may take to be equal again, with every record decided. */
  readonly budgetMs: number
  readonly faults: readonly Fault[]
  /** Whether messages go through JSON, as over a wire. */
  readonly wire: boolean
}

/** Convergence takes a round or two at the timeouts that the trouble has driven up, and the fetching of blocks. */
const BUDGET_MS = 90_000

/** Timers that run out while things are merely slow: many rounds. */
const TIMEOUTS_HASTY: TimeoutSettings = {
  propose: { firstMs: 300, growthMs: 100, capMs: 3_000 },
  prevote: { firstMs: 100, growthMs: 100, capMs: 2_000 },
  precommit: { firstMs: 100, growthMs: 100, capMs: 2_000 }
}

const VOTERS = [4, 4, 4, 4, 4, 4, 4, 5, 7, 1, 2, 3, 3]

export function scenarioOf(seed: number, set: Partial<Scenario> = {}): Scenario {
  const random = seededRandom(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const voters = set.voters ?? pick(VOTERS)
  const quorum = set.quorum ?? (voters === 3 && random() < 0.5 ? 'majority' : 'two-thirds')
  const observers = set.observers ?? (random() < 0.2 ? 1 : 0)
  const tooMany = faultsOf(voters, quorum) + 1
  const silent = set.silent ?? (voters > 1 && random() < 0.08 ? tooMany : 0)
  const canLie = quorum === 'two-thirds' && silent === 0 && random() < 0.3
  const liars = set.liars ?? (canLie ? Math.floor(random() * (faultsOf(voters, quorum) + 1)) : 0)
  const healMs = set.healMs ?? 15_000 + random() * 25_000
  const delayMs = pick([
    { min: 0.2, spread: 2 },
    { min: 5, spread: 20 },
    { min: 30, spread: 120 }
  ])
  const timeouts = random() < 0.4 ? TIMEOUTS_HASTY : TIMEOUTS_DEFAULT
  const skewMsMax = pick([0, 100, 200])
  const records = set.records ?? 30 + Math.floor(random() * 60)
  const faults = faultsFrom(random, { partners: voters + observers, count: pick([0, 10, 20, 30, 40]), untilMs: healMs })
  // With fewer voters the others are no quorum without it, or a lost log is more than the rule withstands.
  if (voters >= 4 && silent === 0 && liars === 0 && random() < 0.2)
    faults.push(wipeFrom(random, voters + observers, healMs))
  return {
    seed,
    voters,
    observers,
    quorum,
    silent,
    liars,
    timeouts,
    delayMs,
    skewMsMax,
    records,
    healMs,
    budgetMs: BUDGET_MS,
    faults,
    wire: random() < 0.05,
    ...set
  }
}
