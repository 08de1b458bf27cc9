/** What was seen of a peer, since this node's start, that no honest node does, and what came of it. */
export interface MisconductSeen {
  /** How many times. */
  readonly seen: number
  /** How many times it was hung up on and kept away for a while because of it. */
  readonly hungUp: number
  /** The last of it: when, in milliseconds since 1970, and in words. */
  readonly last: { readonly time: number; readonly why: string } | null
}

/** Characters of a reason: it may quote what the peer sent. */
const WHY_CHARS_MAX = 300

const NOTHING: MisconductSeen = { seen: 0, hungUp: 0, last: null }

/** Remembers what is told of misconduct: of each partner, and of all strangers together. */
export interface MisconductRecord {
  /** @param partner its id; null for a stranger */
  add(partner: string | null, why: string, hungUp: boolean): void
  of(partner: string | null): MisconductSeen
}

/** @param now milliseconds since 1970 */
export function createMisconductRecord(now: () => number): MisconductRecord {
  const records = new Map<string | null, MisconductSeen>()
  const of = (partner: string | null): MisconductSeen => records.get(partner) ?? NOTHING
  return {
    add(partner, why, hungUp) {
      const before = of(partner)
      records.set(partner, {
        seen: before.seen + 1,
        hungUp: before.hungUp + (hungUp ? 1 : 0),
        last: { time: now(), why: why.slice(0, WHY_CHARS_MAX) }
      })
    },
    of
  }
}
