import { parseRecordId } from '../base/ids.js'
import { authorSequence } from '../ledger/author-sequence.js'
import { type GovernanceProposal, proposalIn } from '../ledger/governance-state.js'
import { partnerOf } from '../ledger/partner-set.js'
import type { Chain } from './chain.js'
import type { Timers } from './timers.js'

/** Milliseconds for which a proposal is waited for, and after which it is looked for again. */
const PATIENCE_MS = 5_000
const LOOK_MS = 50

/**
 * A proposal; null when there is none. Another node may show one a moment before the block that has it is here, so one
 * whose batch is still to come is waited for.
 */
export async function awaitedProposal(chain: Chain, timers: Timers, id: string): Promise<GovernanceProposal | null> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const found = proposalIn(chain.store.state, id)
    if (found !== null || waited >= PATIENCE_MS || !isToCome(chain, id)) return found
    await new Promise<void>((resolve) => timers.set(LOOK_MS, resolve))
  }
}

function isToCome({ rulebook, store }: Chain, id: string): boolean {
  const parts = parseRecordId(id)
  if (parts === null || partnerOf(rulebook.partners, parts.author) === undefined) return false
  return parts.sequence >= authorSequence(store.state, parts.author).next
}
