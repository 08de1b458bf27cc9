import { compileModel } from '../ledger/model.js'
import { type Chain, openChain } from './chain.js'
import { keepEarlySets } from './early-sets.js'
import { homePaths } from './home.js'
import type { HomeContent } from './read-home.js'
import { readRecoveryFiles } from './recovery-files.js'
import { openStore } from './store/store.js'

/**
 * Looks at the chain of a home whose node does not run, and which the caller has locked.
 * @throws LedgerError STORE_FORMAT, STORE_DAMAGED, LOG_DAMAGED
 */
export async function openStoppedChain<T>(
  home: string,
  { genesis: { genesis, hash } }: HomeContent,
  look: (chain: Chain) => Promise<T>,
  signal?: AbortSignal
): Promise<T> {
  const store = await openStore({ path: homePaths(home).store, genesis: hash })
  try {
    const model = compileModel(genesis.network, genesis.limits)
    const { known: recoveries } = await readRecoveryFiles(homePaths(home).recovery)
    const opening = { scope: { genesis: hash, epoch: 0 }, genesis, model, store, recoveries }
    await keepEarlySets(opening, signal)
    return await look(openChain(opening))
  } finally {
    await store.close()
  }
}
