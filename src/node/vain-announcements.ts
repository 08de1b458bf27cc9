/**
 * Announced batches that a partner may not have when it is asked for them: so many at once, and then so many each second.
 * An honest one lacks some now and then: those that a block has voided which is not here yet, and all that it had listed,
 * when its copy is lost or put back meanwhile.
 */
const VAIN_AT_ONCE = 512
const VAIN_PER_SECOND = 8

/** Remembers who announces what it cannot give. */
export interface VainAnnouncements {
  /** A partner was asked for batches that it had announced, and has not got so many of them. */
  add(partner: string, batches: number): void
}

/**
 * @param now milliseconds; it may be set back
 * @param blame told of each answer by which a partner is over the bound
 */
export function createVainAnnouncements(
  now: () => number,
  blame: (partner: string, why: string) => void
): VainAnnouncements {
  const partners = new Map<string, { count: number; at: number }>()
  return {
    add(partner, batches) {
      const time = now()
      const { count, at } = partners.get(partner) ?? { count: 0, at: time }
      const forgiven = (Math.max(0, time - at) / 1000) * VAIN_PER_SECOND
      const left = Math.max(0, count - forgiven) + batches
      partners.set(partner, { count: Math.min(left, VAIN_AT_ONCE), at: time })
      if (left > VAIN_AT_ONCE) blame(partner, 'it announces batches and then has not got them, again and again')
    }
  }
}
