import type { Fault, FaultKind } from './faults.js'

/** How often each kind is drawn, relative to the others. */
const WEIGHTS: Readonly<Partial<Record<FaultKind, number>>> = {
  crash: 6,
  partition: 3,
  isolate: 3,
  'mute-after-vote': 4,
  deaf: 6,
  'hidden-lock': 6,
  cut: 2,
  loss: 2,
  disorder: 1,
  clog: 2,
  'slow-links': 2,
  stop: 1,
  'all-crash': 1,
  duplicates: 1,
  'slow-disk': 1,
  'full-disk': 1,
  pause: 1,
  'clock-jump': 1
}

const KINDS = Object.entries(WEIGHTS).flatMap(([kind, weight]) => Array<FaultKind>(weight).fill(kind as FaultKind))

const MOMENTS = ['now', 'now', 'now', 'after-send', 'after-send', 'after-batch'] as const

export interface PlanOptions {
  readonly random: () => number
  readonly partners: number
  readonly count: number
  /** All of them are over by then. */
  readonly untilMs: number
}

/** Draws faults that lose nothing, in order of time. */
export function faultsFrom(options: PlanOptions): Fault[] {
  return Array.from({ length: options.count }, () => drawFault(options)).sort((a, b) => a.atMs - b.atMs)
}

function drawFault({ random, partners, untilMs }: PlanOptions): Fault {
  const below = (end: number): number => Math.floor(random() * end)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!
  const kind = pick(KINDS)
  const atMs = random() * untilMs * 0.95
  // Most are short, some long.
  const when = { atMs, forMs: Math.min(untilMs - atMs, 100 + random() ** 3 * 15_000) }
  const partner = below(partners)
  const flapMs = random() < 0.3 ? 50 + random() * 2_000 : null
  const direction = pick(['in', 'out', 'both'] as const)
  switch (kind) {
    case 'partition': {
      const group = Array.from({ length: partners }, (_, index) => index).filter(() => random() < 0.5)
      return { ...when, kind, group, flapMs }
    }
    case 'isolate':
      return { ...when, kind, partner, direction, flapMs }
    case 'clog':
      return { ...when, kind, partner, direction }
    case 'crash':
      return { ...when, kind, partner, moment: pick(MOMENTS) }
    case 'hidden-lock':
      return { ...when, kind, partner, ignorant: (partner + 1 + below(Math.max(1, partners - 1))) % partners }
    case 'deaf': {
      const to = pick(['proposal', 'prevote', 'precommit', 'status', 'batch'] as const)
      return { ...when, kind, partner, to, share: 0.5 + random() * 0.5 }
    }
    case 'cut':
      return { ...when, kind, from: partner, to: below(partners) }
    case 'loss':
    case 'duplicates':
    case 'disorder':
      return { ...when, kind, share: random() * 0.5 }
    case 'slow-links':
      return { ...when, kind, partner, factor: 5 + random() * 45 }
    case 'slow-disk':
      return { ...when, kind, partner, factor: 20 + random() * 200 }
    case 'clock-jump':
      return { ...when, kind, partner, byMs: (random() - 0.5) * 40_000 }
    case 'stop':
    case 'pause':
    case 'full-disk':
    case 'mute-after-vote':
      return { ...when, kind, partner }
    default:
      return { ...when, kind: 'all-crash' }
  }
}

/**
 * Draws what a disk loses.
 * @param fragile partners whom the others can do without, or who can begin anew
 * @param isNeeded whether nothing is decided without them: then a copy that is thrown away may be the only one
 */
export function lossesFrom(
  random: () => number,
  {
    fragile,
    isNeeded,
    count,
    untilMs
  }: {
    readonly fragile: readonly number[]
    readonly isNeeded: boolean
    readonly count: number
    readonly untilMs: number
  }
): Fault[] {
  return Array.from({ length: fragile.length === 0 ? 0 : count }, (): Fault => {
    const partner = fragile[Math.floor(random() * fragile.length)]!
    const atMs = untilMs * (0.1 + random() * 0.9)
    const when = { atMs, forMs: random() * (untilMs - atMs), partner }
    const dice = random()
    if (dice < 0.3) return { ...when, kind: 'wipe' }
    if (dice < 0.5) return { ...when, kind: 'old-disk', ageMs: random() * atMs }
    const ofLog = dice < 0.77 ? 'log-end' : 'log'
    const what = dice < 0.7 && !isNeeded ? 'store' : dice < 0.85 ? ofLog : 'guard'
    return { ...when, kind: 'flip', what, share: random() }
  })
}

/** The others go through many rounds without one who then has to catch up with them, as one of them is gone for good. */
export function runUpFrom(random: () => number, partners: number, untilMs: number): Fault[] {
  return [{ kind: 'no-proposals', atMs: 3_000, forMs: untilMs - 3_000, isolated: Math.floor(random() * partners) }]
}
