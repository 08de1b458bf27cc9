import { BrokenPromise } from './broken-promise.js'
import type { PartnerHistory } from './partner-history.js'

const MARK = '/ledger-version/'

/** The version of the network from block to block, worked out in plain steps. */
export function createVersionHistory(founded: number, partners: PartnerHistory) {
  const marks = new Map<string, number>()
  let now = founded
  let next = founded
  let latest = founded
  /** What must stand in the state. */
  let text: string | undefined

  return {
    now: (): number => now,
    latest: (): number => latest,
    decide(version: number): void {
      latest = version
    },
    /** A partner tells its addresses. */
    told(partner: string, addresses: readonly string[]): void {
      const mark = addresses.find((address) => address.startsWith(MARK))
      marks.set(partner, mark === undefined ? 1 : Number(mark.slice(MARK.length)))
    },
    /** The block is over, and its proposals are settled. */
    turn(): void {
      const active = partners.all().filter(({ state }) => state === 'active')
      if (latest === 1) latest = Math.min(...active.map(({ id }) => marks.get(id) ?? 1))
      if (now !== next || latest !== next) text = `[${next},${latest}]`
      now = next
      next = latest
    },
    /** Holds what stands in the state in the end against it. */
    check(stands: string | undefined): void {
      if (stands !== text) throw new BrokenPromise('the version is what was agreed', `${stands}, and must be ${text}`)
    }
  }
}

export type VersionHistory = ReturnType<typeof createVersionHistory>
