/** Something that goes wrong at a time and for a while. Partners are named by their index. */
export type Fault = { readonly atMs: number; readonly forMs: number } & (
  | { readonly kind: 'crash'; readonly partner: number; readonly moment: 'now' | 'after-send' }
  /** A crash that takes the disk along. */
  | { readonly kind: 'wipe'; readonly partner: number }
  | { readonly kind: 'stop'; readonly partner: number }
  | { readonly kind: 'all-crash' }
  | { readonly kind: 'partition'; readonly group: readonly number[] }
  | { readonly kind: 'isolate'; readonly partner: number; readonly direction: 'in' | 'out' | 'both' }
  /** A voter falls silent in the middle of a round, and hears on. */
  | { readonly kind: 'mute-after-vote'; readonly partner: number }
  /**
   * One of four alone sees a block decided and falls silent, two are locked on it, and the fourth, who knows nothing of
   * it, may propose another: where locks are wrong, copies differ.
   */
  | { readonly kind: 'hidden-lock'; readonly partner: number; readonly ignorant: number }
  /** Messages of one type reach a partner rarely: what it knows differs from what the others know. */
  | { readonly kind: 'deaf'; readonly partner: number; readonly to: Deafness; readonly share: number }
  | { readonly kind: 'cut'; readonly from: number; readonly to: number }
  | { readonly kind: 'loss'; readonly share: number }
  | { readonly kind: 'duplicates'; readonly share: number }
  | { readonly kind: 'slow-links'; readonly partner: number; readonly factor: number }
  | { readonly kind: 'slow-disk'; readonly partner: number; readonly factor: number }
  | { readonly kind: 'pause'; readonly partner: number }
)

export type Deafness = 'proposal' | 'prevote' | 'precommit' | 'status'

/** Each as often as it stands here. */
const KINDS = [
  ...Array<Fault['kind']>(6).fill('crash'),
  ...Array<Fault['kind']>(3).fill('partition'),
  ...Array<Fault['kind']>(2).fill('isolate'),
  ...Array<Fault['kind']>(4).fill('mute-after-vote'),
  ...Array<Fault['kind']>(6).fill('deaf'),
  ...Array<Fault['kind']>(6).fill('hidden-lock'),
  ...Array<Fault['kind']>(2).fill('cut'),
  ...Array<Fault['kind']>(2).fill('loss'),
  ...Array<Fault['kind']>(2).fill('slow-links'),
  'stop',
  'all-crash',
  'duplicates',
  'slow-disk',
  'pause'
] as const

/** One partner loses its disk: at most one in a run, as they need the others to come back. */
export function wipeFrom(random: () => number, partners: number, untilMs: number): Fault {
  const atMs = random() * untilMs
  return { kind: 'wipe', atMs, forMs: random() * (untilMs - atMs), partner: Math.floor(random() * partners) }
}

/** Draws faults that begin and end before `untilMs`. */
export function faultsFrom(
  random: () => number,
  { partners, count, untilMs }: { readonly partners: number; readonly count: number; readonly untilMs: number }
): Fault[] {
  const below = (end: number): number => Math.floor(random() * end)

  function draw(): Fault {
    const kind = KINDS[below(KINDS.length)]!
    const atMs = random() * untilMs * 0.95
    // Most are short, some long.
    const forMs = Math.min(untilMs - atMs, 100 + random() ** 3 * 15_000)
    const partner = below(partners)
    const when = { atMs, forMs }
    switch (kind) {
      case 'crash':
        return { ...when, kind, partner, moment: random() < 0.5 ? 'now' : 'after-send' }
      case 'stop':
      case 'wipe':
      case 'pause':
        return { ...when, kind, partner }
      case 'all-crash':
        return { ...when, kind }
      case 'partition':
        return {
          ...when,
          kind,
          group: Array.from({ length: partners }, (_, index) => index).filter(() => random() < 0.5)
        }
      case 'isolate':
        return { ...when, kind, partner, direction: (['in', 'out', 'both'] as const)[below(3)]! }
      case 'mute-after-vote':
        return { ...when, kind, partner }
      case 'hidden-lock':
        return { ...when, kind, partner, ignorant: (partner + 1 + below(Math.max(1, partners - 1))) % partners }
      case 'deaf': {
        const to = (['proposal', 'prevote', 'precommit', 'status'] as const)[below(4)]!
        return { ...when, kind, partner, to, share: 0.5 + random() * 0.5 }
      }
      case 'cut':
        return { ...when, kind, from: partner, to: below(partners) }
      case 'loss':
        return { ...when, kind, share: random() * 0.5 }
      case 'duplicates':
        return { ...when, kind, share: random() * 0.5 }
      case 'slow-links':
        return { ...when, kind, partner, factor: 5 + random() * 45 }
      case 'slow-disk':
        return { ...when, kind, partner, factor: 20 + random() * 200 }
    }
  }

  return Array.from({ length: count }, draw).sort((a, b) => a.atMs - b.atMs)
}
