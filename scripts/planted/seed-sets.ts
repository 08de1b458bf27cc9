import type { Fault } from '../../test/simulation/faults.js'
import type { PlannedFile } from '../../test/simulation/file-plan.js'
import type { PlanKind, PlannedChange } from '../../test/simulation/governance-plan.js'
import type { Way } from '../../test/simulation/liar.js'
import type { Scenario } from '../../test/simulation/scenario.js'

/** What is not drawn from the seed: for bugs that few seeds would show. */
export interface SeedSet {
  readonly name: string
  readonly scenario: Partial<Scenario>
}

/** Four voters of whom nobody is out of order for good. */
const FOUR: Partial<Scenario> = { voters: 4, observers: 0, joiners: 0, liars: 0, fragile: 0, gone: 0, silent: 0 }

/** Somebody joins six of whom nobody is out of order for good: more than half of their votes are not two thirds. */
export const SOMEBODY_JOINS: SeedSet = {
  name: 'somebody joins',
  scenario: { ...FOUR, voters: 6, joiners: 1, faults: [] }
}

/** One of four lies, in these ways. */
export function liarWho(...ways: readonly Way[]): SeedSet {
  return { name: `a liar: ${ways.join(', ')}`, scenario: { ...FOUR, liars: 1, ways } }
}

/** Whatever is signed comes only to those who ask for it; to follow from afar takes longer so. */
export const NO_SENDS: SeedSet = { name: 'no sends', scenario: { ...FOUR, paths: 'no-sends', budgetMs: 180_000 } }

const CRASHING_MS = 25_000

const SLOW: readonly Fault[] = [0, 1, 2, 3].map((partner) => {
  return { kind: 'slow-disk', atMs: 0, forMs: CRASHING_MS, partner, factor: 40 }
})

const CRASHES: readonly Fault[] = Array.from({ length: 40 }, (_, n) => {
  const moment = n % 3 === 0 ? 'now' : 'after-send'
  return { kind: 'crash', atMs: 1_500 + n * 550, forMs: 300, partner: n % 4, moment }
})

/** Disks are slow, and one node after the other falls while something is being written. */
export const CRASHES_ON_SLOW_DISKS: SeedSet = {
  name: 'crashes on slow disks',
  scenario: { ...FOUR, healMs: CRASHING_MS, faults: [...SLOW, ...CRASHES] }
}

/** Disks are slow, and one after the other is heard by nobody, announces a batch, and falls. */
export const UNHEARD_BATCHES: SeedSet = {
  name: 'unheard batches',
  scenario: {
    ...FOUR,
    healMs: CRASHING_MS,
    records: 200,
    faults: [
      ...SLOW,
      ...Array.from({ length: 20 }, (_, n): Fault[] => {
        const when = { atMs: 1_500 + n * 1_100, partner: n % 4 }
        return [
          { ...when, kind: 'isolate', forMs: 900, direction: 'out', flapMs: null },
          { ...when, kind: 'crash', forMs: 300, moment: 'after-batch' }
        ]
      }).flat()
    ]
  }
}

const LOCKING_MS = 40_000

/** Again and again one alone sees a block decided and falls silent, while another knows nothing of it and may propose. */
export const HIDDEN_LOCKS: SeedSet = {
  name: 'hidden locks',
  scenario: {
    ...FOUR,
    healMs: LOCKING_MS,
    faults: Array.from({ length: 9 }, (_, n) => {
      return {
        kind: 'hidden-lock',
        atMs: 1_000 + n * 4_000,
        forMs: 3_500,
        partner: n % 4,
        ignorant: (n + 1 + (n % 3)) % 4
      }
    })
  }
}

/** One node falls again and again, at once after it has sent something, and finds the end of its log gone. */
export const CUT_LOGS: SeedSet = {
  name: 'cut logs',
  scenario: {
    ...FOUR,
    healMs: CRASHING_MS,
    faults: [
      { kind: 'slow-disk', atMs: 0, forMs: CRASHING_MS, partner: 3, factor: 40 },
      ...Array.from({ length: 40 }, (_, n): Fault => {
        const share = 0.5 + (n % 5) / 10
        return { kind: 'flip', atMs: 1_500 + n * 550, forMs: 200, partner: 0, what: 'log-end', share }
      })
    ]
  }
}

/** Three divides their number. */
export const SIX_VOTERS: SeedSet = { name: 'six voters', scenario: { ...FOUR, voters: 6 } }

const CHANGING_MS = 25_000

function change(kind: PlanKind, partner: number, atMs: number, more: Partial<PlannedChange> = {}): PlannedChange {
  return { kind, partner, atMs, isOwn: false, backAfterMs: 3_000, wipes: false, doubt: 'none', ...more }
}

/** Five voters of whom one pauses, one leaves, two have other keys and one is an observer for a while. */
export const PARTNERS_CHANGE: SeedSet = {
  name: 'partners change',
  scenario: {
    ...FOUR,
    voters: 5,
    healMs: CHANGING_MS,
    faults: [],
    changes: [
      change('rotate', 0, 1_000, { isOwn: true }),
      change('role', 1, 3_000, { doubt: 'expires' }),
      change('rotate', 2, 4_000, { doubt: 'no' }),
      change('pause', 3, 6_000, { doubt: 'withdrawn' }),
      change('leave', 4, 9_000)
    ]
  }
}

function file(atMs: number, remainder: number | null, more: Partial<PlannedFile['settings']> = {}): PlannedFile {
  return { atMs, settings: { remainder, quorum: 'two-thirds', thresholds: {}, ...more }, hasRival: remainder === 2 }
}

/** One network file after the other: other rules, other thresholds, another quorum; six voters, so that a majority is less. */
export const FILES_CHANGE: SeedSet = {
  name: 'files change',
  scenario: {
    ...FOUR,
    voters: 6,
    records: 160,
    healMs: CHANGING_MS,
    faults: [],
    changes: [],
    files: [
      file(1_000, 1),
      file(3_000, 2, { thresholds: { model: 'majority' } }),
      file(6_000, 3, { thresholds: { model: 'majority', suspend: 'one' }, quorum: 'majority' }),
      file(9_000, 4),
      file(12_000, null, { thresholds: { model: 'majority' }, quorum: 'majority' }),
      file(15_000, 0)
    ]
  }
}

/** Two leave while the others vote on changes that both may have voted on. */
export const VOTERS_LEAVE: SeedSet = {
  name: 'voters leave',
  scenario: {
    ...FOUR,
    voters: 7,
    healMs: CHANGING_MS,
    faults: [],
    changes: [0, 1, 2, 3, 4].map((partner) => {
      return change(partner < 2 ? 'leave' : 'role', partner, 1_000 + partner * 500, { isOwn: partner < 2 })
    })
  }
}

/** Four agree to version 2, then vote on version 3, which one of them knows later. */
export const VERSIONS: SeedSet = {
  name: 'versions',
  scenario: {
    ...FOUR,
    healMs: CHANGING_MS,
    faults: [],
    changes: [],
    version: { founded: 1, raiseMs: 1_000, nextMs: 8_000, behind: [3], upgradeMs: 18_000 }
  }
}

/** Two of four are lost for good; the others go on in a new epoch, and one of the lost comes back. */
export const QUORUM_LOST: SeedSet = {
  name: 'quorum lost',
  scenario: {
    ...FOUR,
    quorum: 'two-thirds',
    paths: 'all',
    strangers: null,
    changes: [],
    files: [],
    version: null,
    recovery: { lost: [1, 3], lostMs: 4_000, operatorsMs: 6_000, returnMs: 9_000 }
  }
}

/** A liar meddles in everything, and goes on with what was taken from it: the membership, or the key. */
export function meddlerWho(kind: 'leave' | 'pause' | 'rotate'): SeedSet {
  return {
    name: `a meddler: ${kind}`,
    scenario: {
      ...FOUR,
      voters: 5,
      liars: 1,
      ways: [],
      politics: ['storm', 'meddling', 'old ballots', 'ghost'],
      healMs: CHANGING_MS,
      faults: [],
      changes: [change(kind, 0, 4_000, { backAfterMs: 9_000 }), change('pause', 3, 8_000), change('rotate', 1, 2_000)]
    }
  }
}
