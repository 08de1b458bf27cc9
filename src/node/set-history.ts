import { LedgerError } from '../base/errors.js'
import { MEMBERSHIP_KEY, SET_PREFIX } from '../ledger/membership.js'
import { foundingSet, type PartnerSet } from '../ledger/partner-set.js'
import type { Chain, CommittedBlock } from './chain.js'

/** A set that the chain decided, and the height from which it is in force. */
export interface DecidedSet {
  readonly from: number
  readonly set: PartnerSet
}

/**
 * Chains of the first states of this software changed their partners without keeping every set: their results come out
 * otherwise here, and who was away could not be told who the partners are.
 * @throws LedgerError STORE_FORMAT
 */
function refuseEarlierChain(chain: Chain, setsKept: number): void {
  if (setsKept > 0 || chain.store.state.get(MEMBERSHIP_KEY) === undefined) return
  const message =
    'the chain was written by an earlier version, whose changes of partners this one cannot check; ' +
    'export its records with the version that wrote it, and found the network anew'
  throw new LedgerError('STORE_FORMAT', message, {})
}

/**
 * Every partner set there ever was, for receipts and for partners that were away.
 * @throws LedgerError STORE_FORMAT
 */
export async function openSetHistory(chain: Chain) {
  const founding = foundingSet(chain.genesis)
  const decided: DecidedSet[] = []

  function add(key: string, text: string): void {
    decided.push({ from: Number(key.slice(SET_PREFIX.length)), set: JSON.parse(text) as PartnerSet })
  }

  for await (const { key, entry } of chain.store.states(SET_PREFIX)) add(key, entry.text)
  decided.sort((a, b) => a.from - b.from)
  refuseEarlierChain(chain, decided.length)

  return {
    /** Oldest first. */
    decided: (): readonly DecidedSet[] => decided,
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
