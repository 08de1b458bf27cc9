import { LedgerError } from '../base/errors.js'
import type { VerifyReport } from './ledger-node.js'
import { readHome } from './read-home.js'
import { openStoppedChain } from './stopped-chain.js'
import { lockHome } from './store/home-lock.js'
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
    return await openStoppedChain(options.home, content, (chain) => verifyCopy(chain, options), options.signal)
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'STORE_DAMAGED') throw error
    const failure = { height: null, reason: error.message }
    return { ok: false, height: 0, records: 0, head: content.genesis.hash, failure }
  } finally {
    await lock.release()
  }
}
