import { assertInvariant } from '../base/errors.js'
import { type PartnerSet, partnerSetText } from './partner-set.js'
import type { StateEntry, StateReader } from './state.js'

/** State key of the partner sets. Absent while the founding set is in force. */
export const MEMBERSHIP_KEY = 'p:'

/** State keys of all sets that were ever decided begin so. */
export const SET_PREFIX = 'P:'

/** State key of the set that is in force from a height on. */
export function setKey(height: number): string {
  return `${SET_PREFIX}${height}`
}

/**
 * The partner sets that the chain has decided, as of one state. A change decided at height H acts at H + 2, so there are
 * always two: that of the next height, and that of the one after (design: consensus, point 15).
 */
export interface Membership {
  /** In force at the height after this state. */
  readonly now: PartnerSet
  /** In force from the height after that one on, until another change. */
  readonly next: PartnerSet
}

/** What a change of the partners does to a set. */
export type SetChange = (set: PartnerSet) => PartnerSet

/** The sets after a state; `founding` is that of the genesis. */
export function membershipIn(state: StateReader, founding: PartnerSet): Membership {
  const entry = state.get(MEMBERSHIP_KEY)
  if (entry === undefined) return { now: founding, next: founding }
  entry.memo ??= readMembership(entry.text)
  return entry.memo as Membership
}

export function membershipEntry(membership: Membership): StateEntry {
  const next = membership.next === membership.now ? 'null' : partnerSetText(membership.next)
  return { text: `[${partnerSetText(membership.now)},${next}]`, memo: membership }
}

function readMembership(text: string): Membership {
  const [now, next] = JSON.parse(text) as [PartnerSet, PartnerSet | null]
  assertInvariant(now !== undefined, 'a stored membership has its form')
  return { now, next: next ?? now }
}
