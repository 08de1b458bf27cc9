import { LedgerError } from '../../src/base/errors.js'
import type { VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** Milliseconds until somebody looks after a node that has stopped by itself. */
const LOOK_MS = 1_000

/**
 * What an operator does about a node that stopped by itself, where the documentation says what to do: a damaged copy is
 * thrown away and fetched again; where an epoch ends a node starts again. A node whose disk is full starts when the fault is over.
 * @returns whether it had a reason to stop
 */
export function lookAfter(partner: VirtualPartner, error: unknown, clock: VirtualClock): boolean {
  const code = error instanceof LedgerError ? error.code : null
  if (code === 'DISK_FULL') return partner.disk.full > 0
  if (code === 'EPOCH_CHANGED' && partner.recoveries.known.length > 0) {
    clock.plan(LOOK_MS, () => partner.isDown && partner.start())
    return true
  }
  if (code !== 'STORE_DAMAGED' || partner.content.damaged.size === 0) return false
  clock.plan(LOOK_MS, () => {
    if (!partner.isDown || partner.content.damaged.size === 0) return
    partner.disk.resync()
    partner.start()
  })
  return true
}
