import { join } from 'node:path'
import type { LedgerError } from '../../../../src/base/errors.js'
import { openStore } from '../../../../src/node/store/store.js'
import type { Store, StoreOptions } from '../../../../src/node/store/store-types.js'
import { GENESIS, inDirectory } from './chain-maker.js'

/** A test with an empty store in a directory of its own; it is closed and removed afterwards. */
export function withStore(work: (store: Store, path: string) => Promise<void>, more: Partial<StoreOptions> = {}) {
  return () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'store')
      const store = await openStore({ path, genesis: GENESIS, ...more })
      try {
        await work(store, path)
      } finally {
        await store.close()
      }
    })
}

/** The code of what `work` throws. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    return (error as LedgerError).code
  }
  return 'nothing was thrown'
}

/** Everything that comes. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
