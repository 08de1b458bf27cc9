import { assertInvariant } from '../base/errors.js'
import type { Genesis } from './genesis.js'
import type { StateEntry, StateReader } from './state.js'

/**
 * Newest version of a network whose blocks this software can judge. Whoever changes what a verdict, a state value or a hash
 * depends on raises it, and keeps judging as before in networks of an earlier version (docs/decisions/0008).
 */
export const VERSION_MAX = 3

/** Most that a version may be: a bound on what others may write, not on what software knows. */
export const VERSION_NUMBER_MAX = 1_000_000

/** State key of the versions. Absent while the one of the genesis is in force. */
export const VERSION_KEY = 'v:'

/** What a chain has decided about its version, as of one state. As with the partner sets there are always two. */
export interface Versions {
  /** In force at the height after this state. */
  readonly now: number
  /** In force from the height after that one on, until another change. */
  readonly next: number
}

/** The version in which a network begins: networks of before there were versions have a genesis of format 1. */
export function foundingVersion({ format }: Pick<Genesis, 'format'>): number {
  return format
}

/** The versions after a state; `founding` is that of the genesis. */
export function versionsIn(state: StateReader, founding: number): Versions {
  const entry = state.get(VERSION_KEY)
  if (entry === undefined) return { now: founding, next: founding }
  entry.memo ??= readVersions(entry.text)
  return entry.memo as Versions
}

export function versionsEntry({ now, next }: Versions): StateEntry {
  return { text: `[${now},${next}]` }
}

function readVersions(text: string): Versions {
  const [now, next] = JSON.parse(text) as [number, number]
  assertInvariant(Number.isSafeInteger(now) && Number.isSafeInteger(next), 'stored versions have their form')
  return { now, next }
}
