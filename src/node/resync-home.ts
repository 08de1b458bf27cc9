import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { LedgerError } from '../base/errors.js'
import { homePaths } from './home.js'
import { readHome } from './read-home.js'
import { lockHome } from './store/home-lock.js'
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
    const kept = await uncommittedOf(paths.store, content.genesis.hash)
    await rm(paths.store, { recursive: true, force: true })
    const store = await openStore({ path: paths.store, genesis: content.genesis.hash })
    await store.putBatches(kept)
    await store.close()
  } finally {
    await lock.release()
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
