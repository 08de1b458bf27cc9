import { TIMEOUTS_DEFAULT, type TimeoutSettings } from '../../src/consensus/timeouts.js'
import type { QuorumRule } from '../../src/ledger/network-definition.js'
import { faultsOf } from '../../src/ledger/quorum.js'
import { faultsFrom, lossesFrom, runUpFrom } from './fault-plan.js'
import type { Fault } from './faults.js'
import { filesOf, type PlannedFile } from './file-plan.js'
import { changesOf, type PlannedChange } from './governance-plan.js'
import type { Way } from './liar.js'
import type { Politics } from './lies-in-governance.js'
import { type RecoveryPlan, recoveryPlanOf } from './recovery-plan.js'
import { HEIGHTS_MIN } from './sums.js'
import { type VersionPlan, versionPlanOf } from './version-plan.js'
import { seededRandom } from './virtual-clock.js'
import type { Paths } from './virtual-network.js'

/** Everything about a run that is decided before it begins; all of it follows from the seed, unless set. */
export interface Scenario {
  readonly seed: number
  readonly voters: number
  /** Partners that keep a copy and do not vote. */
  readonly observers: number
  /** Partners that are admitted in the middle. */
  readonly joiners: number
  readonly quorum: QuorumRule
  /** The first of the voters, down until the network heals: more than f of them must stop everything. */
  readonly silent: number
  /** When they fall, milliseconds; 0: they are down from the beginning. */
  readonly silentFromMs: number
  /** The last of the voters but the fragile ones: they fall when the network heals, and never come back. */
  readonly gone: number
  readonly timeouts: TimeoutSettings
  /** The first of the voters, who lie all the time. */
  readonly liars: number
  /** How they lie; null: each as the seed says. */
  readonly ways: readonly Way[] | null
  /** The last of the voters, and all observers: their disks may lose what they held. */
  readonly fragile: number
  /** Usual delay of a message, milliseconds. */
  readonly delayMs: { readonly min: number; readonly spread: number }
  readonly paths: Paths
  /** Two voters, by index, that never reach each other; null: all do. */
  readonly strangers: readonly [number, number] | null
  readonly skewMsMax: number
  /** Records appended before the network heals; after it every partner appends a few more. */
  readonly records: number
  /** When all trouble is over and the chain is shorter than this, records are appended until it is not. */
  readonly heightsMin: number
  /** Virtual time, milliseconds, at which all trouble is over. */
  readonly healMs: number
  /** How long after that all may take to be equal again, with every record decided. */
  readonly budgetMs: number
  readonly faults: readonly Fault[]
  /** Changes of the partners, each to be in force in the end. */
  readonly changes: readonly PlannedChange[]
  /** Network files, one after the other, the last to be in force in the end. */
  readonly files: readonly PlannedFile[]
  /** How the version of the network goes on; null: it stays that of new networks. */
  readonly version: VersionPlan | null
  /** How the quorum is lost for good and a new epoch begins; null: it is not. */
  readonly recovery: RecoveryPlan | null
  /** What liars do about them; null: each as the seed says. */
  readonly politics: readonly Politics[] | null
  /** Whether messages go through JSON, as over a wire. */
  readonly wire: boolean
}

/**
 * Convergence takes a round or two at the timeouts that the trouble has driven up, and the fetching of blocks; with a lock that
 * one alone has, and whose votes all others need, as many rounds as it takes until that one proposes again.
 */
const BUDGET_MS = 120_000

/**
 * Where everything has to be asked for. A height takes three seconds there, and six or more where some lie; what is being
 * agreed on while the trouble ends takes up to thirty heights more.
 */
const SLOW_BUDGET_MS = 300_000

/** From many rounds back: whoever goes through them one after the other takes longer than this. */
const RUN_UP_BUDGET_MS = 35_000
const RUN_UP_MS = 90_000

/** Timers that run out while things are merely slow: many rounds. */
const TIMEOUTS_HASTY: TimeoutSettings = {
  propose: { firstMs: 300, growthMs: 100, capMs: 3_000 },
  prevote: { firstMs: 100, growthMs: 100, capMs: 2_000 },
  precommit: { firstMs: 100, growthMs: 100, capMs: 2_000 }
}

/** How many voters there are, each as often as it stands here. */
const VOTERS = [
  ...Array<number>(40).fill(4),
  ...Array<number>(5).fill(5),
  ...Array<number>(4).fill(7),
  1,
  2,
  2,
  3,
  3,
  3,
  6,
  8,
  9,
  10,
  11,
  12,
  13
]

/** Partners who may be of no use for good or for a while: nobody may draw more of them than f in all. */
interface Weak {
  readonly liars: number
  readonly fragile: number
  readonly gone: number
}

/** Where the quorum is lost for good nothing else is out of order for good, and nobody comes or goes. */
export const RECOVERING = {
  quorum: 'two-thirds',
  // One may have a block more than the survivors too, and nobody throws its copy away yet.
  observers: 0,
  joiners: 0,
  silent: 0,
  liars: 0,
  fragile: 0,
  gone: 0,
  paths: 'all',
  strangers: null,
  changes: [],
  files: [],
  version: null
} as const satisfies Partial<Scenario>

export function scenarioOf(seed: number, set: Partial<Scenario> = {}): Scenario {
  const plan = Object.keys(set).length === 0 ? recoveryPlanOf(seed) : null
  return plan === null ? drawnFrom(seed, set) : drawnFrom(seed, { ...RECOVERING, ...plan })
}

function drawnFrom(seed: number, set: Partial<Scenario>): Scenario {
  const random = seededRandom(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const voters = set.voters ?? pick(VOTERS)
  const quorum = set.quorum ?? (voters === 3 && random() < 0.5 ? 'majority' : 'two-thirds')
  const f = faultsOf(voters, quorum)
  const observers = set.observers ?? [1, 2][Math.floor(random() / 0.08)] ?? 0
  const silent = set.silent ?? (voters > 1 && random() < 0.06 ? f + 1 : 0)
  const mayRunUp =
    set.faults === undefined &&
    set.recovery == null &&
    quorum === 'two-thirds' &&
    f === 1 &&
    silent === 0 &&
    random() < 0.03
  // One is gone then: there is no room for a liar.
  const isRunUp = mayRunUp && (set.liars ?? 0) === 0
  const weak = weakOf(random, { f, quorum, voters, silent, isRunUp }, set)
  const joiners =
    set.joiners ?? (silent === 0 && !isRunUp && voters < 13 ? ([1, 2][Math.floor(random() / 0.06)] ?? 0) : 0)
  const healMs = set.healMs ?? (isRunUp ? RUN_UP_MS : 15_000 + random() * 25_000)
  const delayMs = pick([
    { min: 0.2, spread: 2 },
    { min: 5, spread: 20 },
    { min: 30, spread: 120 }
  ])
  const way = set.paths ?? (isRunUp ? 'all' : pick<Paths>([...Array<Paths>(12).fill('all'), 'no-pulls', 'no-sends']))
  // What a liar sends to some reaches the others by pulls only: without them it can hold up a round for good.
  const paths = set.paths === undefined && way === 'no-pulls' && weak.liars > 0 ? 'all' : way
  // Asking takes a second at each step: hasty timers would run out every time.
  const isHasty = isRunUp || (random() < 0.4 && paths !== 'no-sends')
  const partners = voters + observers + joiners
  const fragile = fragileOf({ voters, observers, fragile: weak.fragile })
  const count = voters > 7 ? pick([10, 20]) : pick([0, 20, 20, 20, 20, 25, 25, 25, 30, 30, 40])
  const drawn = isRunUp
    ? runUpFrom(random, voters - weak.gone, healMs)
    : faultsFrom({ random, partners, count, untilMs: healMs })
  const strangers = paths === 'no-pulls' || voters < 4 ? null : strangersOf(seed, voters, weak)
  const hasStrangers = (set.strangers ?? strangers) !== null
  // Where the run is about something else nobody comes or goes.
  const isPlain = set.faults === undefined && set.ways === undefined && set.paths === undefined && !isRunUp
  const mayRaise = isPlain && silent === 0 && (set.changes ?? []).length === 0
  const version = mayRaise ? versionPlanOf(seed, voters + observers, healMs) : null
  const losses = lossesFrom(random, { fragile, isNeeded: f === 0, count: pick([1, 1, 2, 3]), untilMs: healMs })
  // Nobody can propose anything before version 2.
  const mayPropose = isPlain && silent === 0 && version?.founded !== 1
  const changes = mayPropose ? changesOf(seed, { voters, observers, ...weak, hasStrangers, healMs }) : []
  const isCalm = weak.liars + weak.fragile + weak.gone + (set.changes ?? changes).length === 0 && !hasStrangers
  return {
    seed,
    voters,
    observers,
    joiners,
    quorum,
    silent,
    silentFromMs: silent > 0 ? silentFrom(seed, healMs) : 0,
    ...weak,
    ways: null,
    timeouts: isHasty ? TIMEOUTS_HASTY : TIMEOUTS_DEFAULT,
    delayMs,
    paths,
    strangers,
    skewMsMax: pick([0, 100, 200]),
    records: voters > 7 ? 40 : 60 + Math.floor(random() * 60),
    heightsMin: isWhole({ voters, silent, isRunUp, paths }, set) ? HEIGHTS_MIN : 0,
    healMs,
    budgetMs: isRunUp ? RUN_UP_BUDGET_MS : paths === 'no-sends' ? SLOW_BUDGET_MS : BUDGET_MS,
    faults: isRunUp ? drawn : [...drawn, ...losses],
    changes,
    files: mayPropose ? filesOf(seed, { quorum, isCalm, healMs }) : [],
    version,
    recovery: null,
    politics: null,
    wire: random() < 0.03,
    ...set
  }
}

/**
 * Whether a run is to be long: not one of so many partners or so slow that it costs as much as several others, and not one
 * that is about something else.
 */
function isWhole(
  { voters, silent, isRunUp, paths }: { voters: number; silent: number; isRunUp: boolean; paths: Paths },
  set: Partial<Scenario>
): boolean {
  const isPlain = set.records === undefined && silent === 0 && !isRunUp && paths !== 'no-sends'
  return voters >= 4 && voters <= 7 && isPlain
}

/** Half of those who fall silent do so from the beginning. Drawn apart, so that what else a seed says does not depend on it. */
function silentFrom(seed: number, healMs: number): number {
  const random = seededRandom(seed ^ 0x51e7)
  return random() < 0.5 ? 0 : healMs * (0.2 + random() * 0.4)
}

function weakOf(
  random: () => number,
  given: { f: number; quorum: QuorumRule; voters: number; silent: number; isRunUp: boolean },
  set: Partial<Scenario>
): Weak {
  const { f, quorum, voters, silent, isRunUp } = given
  if (isRunUp) return { liars: 0, fragile: 0, gone: 1 }
  // A majority of a few is safe only while nobody lies or loses its log.
  const most = quorum === 'majority' || silent > 0 ? 0 : f
  const dice = random()
  // Where everybody is needed, one who lost its guard begins anew; nobody does without its copy, though.
  if (f === 0 && voters > 1 && silent === 0) return { liars: 0, fragile: set.fragile ?? (dice < 0.5 ? 1 : 0), gone: 0 }
  const share = 1 + Math.floor(random() * most)
  const liars = set.liars ?? (dice < 0.4 ? Math.min(share, most) : 0)
  const left = Math.max(0, most - liars)
  const fragile = set.fragile ?? (dice > 0.3 && dice < 0.65 ? Math.min(share, left) : 0)
  const canGo = silent > 0 || voters < 4 ? 0 : Math.max(0, f - liars - fragile)
  return { liars, fragile, gone: set.gone ?? (random() < 0.15 ? Math.min(1, canGo) : 0) }
}

/**
 * Two honest voters that are there in the end: with one of four gone or lying, only one other stands between them. Drawn
 * apart, so that what else a seed says does not depend on it.
 */
function strangersOf(seed: number, voters: number, { liars, fragile, gone }: Weak): readonly [number, number] | null {
  const random = seededRandom(seed ^ 0x57a9)
  if (random() >= 0.15) return null
  const ids = Array.from({ length: voters }, (_, index) => index)
  const lasting = ids.filter((id) => id >= liars && (id < voters - fragile - gone || id >= voters - fragile))
  const take = (): number => lasting.splice(Math.floor(random() * lasting.length), 1)[0]!
  return [take(), take()]
}

/** Indexes of those whose disk may lose something. */
function fragileOf({ voters, observers, fragile }: { voters: number; observers: number; fragile: number }): number[] {
  const first = voters - fragile
  // An observer can always be done without, where there are others.
  const count = fragile > 0 && voters > 1 ? fragile + observers : fragile
  return Array.from({ length: count }, (_, index) => first + index)
}
