import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { LedgerError } from '../base/errors.js'
import { compileModel } from '../ledger/model.js'
import { openChain } from './chain.js'
import { type HomePaths, homePaths } from './home.js'
import { type HomeContent, readHome } from './read-home.js'
import { orphansPath, readRecoveryFiles } from './recovery-files.js'
import { orphansHere } from './recovery-orphans.js'
import { barredBy } from './recovery-standing.js'
import { replaceFileDurably } from './store/durable-file.js'
import { lockHome } from './store/home-lock.js'
import { putAside } from './store/put-aside.js'
import { openStore } from './store/store.js'
import type { BatchBody } from './store/store-types.js'

/**
 * Throws the copy of the chain away, to be fetched again from the others; never the key, the guard or the log. Batches that
 * no block has yet are kept: own numbers cannot be used again, and what was voted for must not get lost.
 */
export async function resyncHome({ home }: { readonly home: string }): Promise<void> {
  const content = await readHome(home)
  if (content === null) throw new LedgerError('NOT_FOUNDED', `${home} holds no network yet`, { home })
  const paths = homePaths(home)
  const lock = await lockHome(home)
  try {
    if (!existsSync(paths.peers) && !existsSync(paths.invitation)) {
      throw new LedgerError('NOT_PERMITTED', 'nobody else is known who has a copy: this one is not thrown away', {
        home
      })
    }
    const isOrphaned = await putOrphansDown(content, paths)
    // Of an epoch that is over they count for nothing; its blocks stay, for whoever wants to know.
    const kept = isOrphaned ? [] : await uncommittedOf(paths.store, content.genesis.hash)
    if (isOrphaned) await putAside(paths.store)
    await rm(paths.store, { recursive: true, force: true })
    const store = await openStore({ path: paths.store, genesis: content.genesis.hash })
    await store.putBatches(kept)
    await store.close()
  } finally {
    await lock.release()
  }
}

/** Whether the copy is of an epoch that is over; then what that leaves behind is written down first. */
async function putOrphansDown(content: HomeContent, paths: HomePaths): Promise<boolean> {
  const files = await readRecoveryFiles(paths.recovery)
  if (files.known.length === 0) return false
  const { genesis, hash } = content.genesis
  try {
    const store = await openStore({ path: paths.store, genesis: hash })
    try {
      const model = compileModel(genesis.network, genesis.limits)
      const scope = { genesis: hash, epoch: 0 }
      const chain = openChain({ scope, genesis, model, store, recoveries: files.known })
      if (barredBy(chain, files)?.kind !== 'over') return false
      const lines = [...orphansHere({ chain, self: content.partner, files })].map((one) => `${JSON.stringify(one)}\n`)
      await replaceFileDurably(orphansPath(paths.recovery, chain.scope.epoch), lines.join(''), 0o600)
      return true
    } finally {
      await store.close()
    }
  } catch (error) {
    // A store that cannot be opened tells nothing.
    if (error instanceof LedgerError && error.code === 'STORE_DAMAGED') return false
    throw error
  }
}

/** Batches that no block has yet: own ones, and those that this node may have voted for. */
async function uncommittedOf(path: string, genesis: string): Promise<BatchBody[]> {
  try {
    const store = await openStore({ path, genesis })
    try {
      const own = new Map(store.outbox().map(({ sequence, hash }) => [hash, sequence]))
      return store.uncommitted().map((hash) => {
        const sequence = own.get(hash)
        return { hash, text: store.readBatch(hash) ?? '', ...(sequence === undefined ? {} : { own: sequence }) }
      })
    } finally {
      await store.close()
    }
  } catch (error) {
    // A store that cannot be opened gives nothing back; the guard then tells what was signed.
    if (error instanceof LedgerError) return []
    throw error
  }
}
