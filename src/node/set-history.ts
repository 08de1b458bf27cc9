import { SET_PREFIX } from '../ledger/membership.js'
import { foundingSet, type PartnerSet } from '../ledger/partner-set.js'
import type { Recovery } from '../ledger/recovery.js'
import { keptRecovery, RECOVERY_PREFIX } from '../ledger/recovery-state.js'
import type { Chain, CommittedBlock } from './chain.js'

/** A set that the chain decided, and the height from which it is in force. */
export interface DecidedSet {
  readonly from: number
  readonly set: PartnerSet
  /** What put it in force, where that was no block. */
  readonly recovery?: Recovery
}

/** Every partner set that ever was in force, for receipts and for partners that were away. */
export async function openSetHistory(chain: Chain) {
  const founding = foundingSet(chain.genesis)
  const decided: DecidedSet[] = []
  const keys = new Set(founding.partners.map(({ key }) => key))

  function add(key: string, text: string): void {
    if (key.startsWith(RECOVERY_PREFIX)) {
      const { document, signatures, set } = keptRecovery(text)
      place({ from: document.height + 1, set, recovery: { document, signatures } })
    } else {
      place({ from: Number(key.slice(SET_PREFIX.length)), set: JSON.parse(text) as PartnerSet })
    }
  }

  function place(one: DecidedSet): void {
    // Whatever comes of it, these were partners' keys.
    for (const partner of one.set.partners) keys.add(partner.key)
    decided.push(one)
    decided.sort((a, b) => a.set.epoch - b.set.epoch || a.from - b.from)
    // What an epoch decided for heights after its end never came into force.
    const ends = new Map(
      decided.flatMap(({ set, from, recovery }) => (recovery === undefined ? [] : [[set.epoch - 1, from] as const]))
    )
    const inForce = decided.filter(({ set, from }) => from <= (ends.get(set.epoch) ?? Number.POSITIVE_INFINITY))
    decided.splice(0, decided.length, ...inForce)
  }

  for (const prefix of [SET_PREFIX, RECOVERY_PREFIX]) {
    for await (const { key, entry } of chain.store.states(prefix)) add(key, entry.text)
  }

  return {
    /** Oldest first. */
    decided: (): readonly DecidedSet[] => decided,
    /** Whether this was ever a partner's key. */
    hasKey: (key: string): boolean => keys.has(key),
    /** The set in force at a height that is decided, or the next one. */
    at(height: number): PartnerSet {
      return decided.findLast(({ from }) => from <= height)?.set ?? founding
    },
    committed(block: CommittedBlock): void {
      for (const { key, entry } of block.executed.execution.writes) {
        if (key.startsWith(SET_PREFIX) || key.startsWith(RECOVERY_PREFIX)) add(key, entry.text)
      }
    }
  }
}

export type SetHistory = Awaited<ReturnType<typeof openSetHistory>>
