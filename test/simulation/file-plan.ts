import type { Threshold } from '../../src/ledger/network-definition.js'
import { seededRandom } from './virtual-clock.js'

/** What the next network file has that the one before has not. */
export interface FileSettings {
  /** Odometers that leave this remainder by 5 are refused; null: none are. */
  readonly remainder: number | null
  readonly quorum: 'two-thirds' | 'majority'
  readonly thresholds: Readonly<Partial<Record<'model' | 'suspend', Threshold>>>
}

/** Another network file in the middle of a run; each follows the one before. */
export interface PlannedFile {
  /** When it is proposed at the earliest, milliseconds. */
  readonly atMs: number
  readonly settings: FileSettings
  /** Whether somebody proposes another file at the same time, which has to become stale. */
  readonly hasRival: boolean
}

export interface FileGround {
  readonly quorum: 'two-thirds' | 'majority'
  /** Whether nobody lies or loses anything, and the partners stay as they are: then the quorum may be another one too. */
  readonly isCalm: boolean
  /** Trouble is over then, milliseconds. */
  readonly healMs: number
}

/** Share of runs in which the network file changes. */
const SHARE = 0.35

const THRESHOLDS: readonly FileSettings['thresholds'][] = [
  {},
  {},
  { suspend: 'two-thirds' },
  { model: 'majority' },
  { model: 'majority', suspend: 'one' }
]

/** Draws files, apart from all else that a seed says. */
export function filesOf(seed: number, { quorum, isCalm, healMs }: FileGround): PlannedFile[] {
  const random = seededRandom(seed ^ 0x30de)
  if (random() >= SHARE) return []
  const below = (end: number): number => Math.floor(random() * end)
  // Where one alone may suspend, a liar does: who is left is no question of this simulation.
  const thresholds = isCalm ? THRESHOLDS : THRESHOLDS.filter(({ suspend }) => suspend !== 'one')
  return Array.from({ length: 1 + below(4) }, (): PlannedFile => {
    const isOther = random() < 0.4
    return {
      atMs: healMs * (0.05 + random() * 0.6),
      settings: {
        remainder: random() < 0.2 ? null : below(5),
        quorum: isCalm && isOther ? (random() < 0.5 ? 'majority' : 'two-thirds') : quorum,
        thresholds: thresholds[below(thresholds.length)]!
      },
      hasRival: random() < 0.4
    }
  }).sort((a, b) => a.atMs - b.atMs)
}
