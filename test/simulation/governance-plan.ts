import { seededRandom } from './virtual-clock.js'

/**
 * - `pause`: suspended, and reinstated later
 * - `leave`: removed for good
 * - `role`: an observer for a while
 * - `rotate`: another key, which the partner holds beforehand
 * - `replace`: another key after the old one was lost; until that is in force the partner is down
 * - `usurp`: a key that nobody holds: the partner's node stops
 */
export type PlanKind = 'pause' | 'leave' | 'role' | 'rotate' | 'replace' | 'usurp'

/** What happens to the first proposal of a change; the next one is agreed to. */
export type Doubt = 'none' | 'no' | 'withdrawn' | 'expires'

/** A change of the partners in the middle of a run. */
export interface PlannedChange {
  readonly kind: PlanKind
  /** Whom it is about: index of a voter or an observer. */
  readonly partner: number
  readonly atMs: number
  /** By the partner's own word; else by the ballots of all. */
  readonly isOwn: boolean
  /** Milliseconds until what can be undone is. */
  readonly backAfterMs: number
  /** Whether the disk is lost together with the key. */
  readonly wipes: boolean
  readonly doubt: Doubt
}

export interface GovernanceGround {
  readonly voters: number
  readonly observers: number
  readonly liars: number
  readonly fragile: number
  readonly gone: number
  readonly hasStrangers: boolean
  /** Trouble is over then, milliseconds. */
  readonly healMs: number
}

/** Share of runs in which partners change. */
const GOVERNED_SHARE = 0.5

const KINDS: readonly PlanKind[] = ['pause', 'pause', 'leave', 'leave', 'role', 'rotate', 'rotate', 'replace', 'usurp']

const DOUBTS: readonly Doubt[] = ['none', 'none', 'none', 'no', 'withdrawn', 'expires']

/** How many may be of no use while two thirds still agree: on blocks under either rule, and on changes. */
const spare = (voters: number): number => Math.ceil(voters / 3) - 1

/**
 * Draws changes that leave enough honest partners at any time, whichever of them are in force: drawn apart, so that what
 * else a seed says does not depend on it.
 */
export function changesOf(seed: number, ground: GovernanceGround): PlannedChange[] {
  const random = seededRandom(seed ^ 0x60e5)
  if (random() >= GOVERNED_SHARE) return []
  return changesFrom(random, ground, 2 + Math.floor(random() * 6))
}

/** Draws so many changes, and keeps those that the others can do with; each is of another partner. */
export function changesFrom(random: () => number, ground: GovernanceGround, count: number): PlannedChange[] {
  const { voters, observers, liars, fragile, gone, hasStrangers, healMs } = ground
  const below = (end: number): number => Math.floor(random() * end)
  const weak = liars + fragile + gone
  const planned = new Map<number, PlannedChange>()
  let out = 0
  let down = 0

  /** Whether the others can do without it, as voters are counted then. */
  function fits(kind: PlanKind, partner: number): boolean {
    if (kind === 'rotate') return true
    if (partner >= voters) return kind !== 'role'
    if (hasStrangers) return false
    if (kind === 'replace' || kind === 'usurp') return partner >= liars && weak + down + 1 <= spare(voters - out)
    // A liar less is better, whenever it is.
    if (partner < liars) return kind !== 'role'
    return voters - out - 1 > 0 && weak + down <= spare(voters - out - 1)
  }

  /** Liars do not ask to leave; who is down or has no key says nothing. */
  function isHeard(kind: PlanKind, partner: number): boolean {
    const isGone = partner >= voters - fragile - gone && partner < voters - fragile
    return partner >= liars && !isGone && (kind === 'pause' || kind === 'leave' || kind === 'rotate')
  }

  for (let n = 0; n < count; n++) {
    const kind = KINDS[below(KINDS.length)]!
    const partner = below(voters + observers)
    const change: PlannedChange = {
      kind,
      partner,
      atMs: healMs * (0.05 + random() * 0.75),
      isOwn: random() < 0.5 && isHeard(kind, partner),
      backAfterMs: 500 + random() ** 2 * 12_000,
      wipes: random() < 0.5,
      doubt: DOUBTS[below(DOUBTS.length)]!
    }
    if (planned.has(partner) || !fits(kind, partner)) continue
    planned.set(partner, change)
    if (partner < voters && (kind === 'replace' || kind === 'usurp')) down++
    else if (partner >= liars && partner < voters && kind !== 'rotate') out++
  }
  return [...planned.values()]
}

/** Whether the partner is one no more when all is over. */
export function isForGood({ kind }: PlannedChange): boolean {
  return kind === 'leave' || kind === 'usurp'
}
