import { SET_PREFIX } from '../ledger/membership.js'
import { foundingSet, type PartnerSet } from '../ledger/partner-set.js'
import type { Chain, CommittedBlock } from './chain.js'

/** A set that the chain decided, and the height from which it is in force. */
export interface DecidedSet {
  readonly from: number
  readonly set: PartnerSet
}

/** Every partner set there ever was, for receipts and for partners that were away. */
export async function openSetHistory(chain: Chain) {
  const founding = foundingSet(chain.genesis)
  const decided: DecidedSet[] = []
  const keys = new Set(founding.partners.map(({ key }) => key))

  function add(key: string, text: string): void {
    const set = JSON.parse(text) as PartnerSet
    decided.push({ from: Number(key.slice(SET_PREFIX.length)), set })
    for (const partner of set.partners) keys.add(partner.key)
  }

  for await (const { key, entry } of chain.store.states(SET_PREFIX)) add(key, entry.text)
  decided.sort((a, b) => a.from - b.from)

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
      for (const { key, entry } of block.executed.execution.writes) if (key.startsWith(SET_PREFIX)) add(key, entry.text)
    }
  }
}

export type SetHistory = Awaited<ReturnType<typeof openSetHistory>>
