import { LedgerError } from '../base/errors.js'
import { EARLY_KEY } from '../ledger/early-chain.js'
import { MEMBERSHIP_KEY, SET_PREFIX } from '../ledger/membership.js'
import { RECOVERY_PREFIX } from '../ledger/recovery-state.js'
import type { StateWrite } from '../ledger/state.js'
import { openChain } from './chain.js'
import { openScratchState } from './scratch-state.js'
import { runAgain } from './verify-copy.js'

/**
 * Completes the store of an early chain, whose version did not keep the partner sets: runs every block again, each checked
 * against its hashes and certificate, and adds the sets that come out. Does nothing to any other store. To be called
 * before the chain is opened.
 * @throws LedgerError STORE_FORMAT when the blocks come out otherwise, STORE_DAMAGED when one cannot be read
 */
export async function keepEarlySets(options: Parameters<typeof openChain>[0], signal?: AbortSignal): Promise<void> {
  const { store } = options
  if (store.state.get(MEMBERSHIP_KEY) === undefined) return
  // A recovery may be the first change; whoever knew of them kept the sets.
  for (const prefix of [SET_PREFIX, RECOVERY_PREFIX]) for await (const _ of store.states(prefix, { limit: 1 })) return
  const scratch = await openScratchState()
  try {
    const failure = await runAgain(openChain(options), scratch, signal === undefined ? {} : { signal })
    if (failure !== null) throw unreadable(failure)
    const writes: StateWrite[] = []
    for await (const { key, entry } of scratch.all()) {
      if (key.startsWith(SET_PREFIX) || key === EARLY_KEY) writes.push({ key, entry })
    }
    await store.putStates(writes)
  } finally {
    await scratch.close()
  }
}

function unreadable({ height, reason }: { readonly height: number | null; readonly reason: string }): LedgerError {
  const where = height === null ? '' : `block ${height}: `
  const message =
    `the chain was written by an earlier version, and this one cannot check it (${where}${reason}); export its records ` +
    'with the version that wrote it, and found the network anew'
  return new LedgerError('STORE_FORMAT', message, { height, reason })
}
