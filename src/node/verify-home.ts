import { LedgerError } from '../base/errors.js'
import { compileModel } from '../ledger/model.js'
import { openChain } from './chain.js'
import { keepEarlySets } from './early-sets.js'
import { homePaths } from './home.js'
import type { VerifyReport } from './ledger-node.js'
import { readHome } from './read-home.js'
import { readRecoveryFiles } from './recovery-files.js'
import { lockHome } from './store/home-lock.js'
import { openStore } from './store/store.js'
import { type VerifyOptions, verifyCopy } from './verify-copy.js'

/**
 * Verifies the copy of a node that is not running.
 * @throws LedgerError NOT_FOUNDED, STORE_FORMAT, HOME_LOCKED when the node runs after all
 */
export async function verifyHome(options: VerifyOptions & { readonly home: string }): Promise<VerifyReport> {
  const content = await readHome(options.home)
  if (content === null)
    throw new LedgerError('NOT_FOUNDED', `${options.home} holds no network yet`, { home: options.home })
  const lock = await lockHome(options.home)
  try {
    const { genesis, hash } = content.genesis
    const scope = { genesis: hash, epoch: 0 }
    const store = await openStore({ path: homePaths(options.home).store, genesis: hash })
    try {
      const model = compileModel(genesis.network, genesis.limits)
      const { known: recoveries } = await readRecoveryFiles(homePaths(options.home).recovery)
      const opening = { scope, genesis, model, store, recoveries }
      await keepEarlySets(opening, options.signal)
      return await verifyCopy(openChain(opening), options)
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'STORE_DAMAGED') throw error
    const failure = { height: null, reason: error.message }
    return { ok: false, height: 0, records: 0, head: content.genesis.hash, failure }
  } finally {
    await lock.release()
  }
}
