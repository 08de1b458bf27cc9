/** Messages of one type are heard rarely: what a partner knows then differs from what the others know. */
export type Deafness = 'proposal' | 'prevote' | 'precommit' | 'status' | 'batch'

/** How one direction between two partners is at present. Faults overlap, so what they change is counted or summed up. */
export interface Link {
  /** Nothing gets through while it is above 0. */
  blocked: number
  /** While it is above 0 everything is held up, and comes in one go when it is 0 again. */
  clogged: number
  readonly held: (() => void)[]
  /** Share of messages that are lost, of 1. */
  loss: number
  /** Share of messages that arrive twice, of 1. */
  duplicates: number
  /** Share of messages that are overtaken by many others, of 1. */
  disorder: number
  /** Share of messages of a type that are lost besides. */
  readonly deaf: Record<Deafness, number>
  /** Factor on the delay. */
  slowness: number
}

/** Share of messages that are late anyway, so that order is lost now and then. */
const LATE_SHARE = 0.02

const LATE_FACTOR = 10

/** Most milliseconds by which a message is late on a link in disorder. */
const DISORDER_MS_MAX = 3_000

export function goodLink(): Link {
  return {
    blocked: 0,
    clogged: 0,
    held: [],
    loss: 0,
    duplicates: 0,
    disorder: 0,
    slowness: 1,
    deaf: { proposal: 0, prevote: 0, precommit: 0, status: 0, batch: 0 }
  }
}

/** Makes a link good again; gives what it held up. */
export function mend(link: Link): (() => void)[] {
  const held = link.held.splice(0)
  Object.assign(link, { ...goodLink(), held: link.held })
  return held
}

/** Milliseconds that one message takes. */
export function delayOn(
  link: Link,
  { min, spread }: { readonly min: number; readonly spread: number },
  random: () => number
): number {
  const late = random() < LATE_SHARE ? LATE_FACTOR : 1
  const usual = (min + random() ** 2 * spread) * link.slowness * late
  return link.disorder > 0 && random() < link.disorder ? usual + random() * DISORDER_MS_MAX : usual
}
