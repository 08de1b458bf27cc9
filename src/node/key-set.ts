import type { HomePaths } from './home.js'
import type { StoredKey } from './store/key-document.js'
import { findStoredKey } from './store/key-file.js'

/** The keys of a home as they are stored; null for one that is not there. */
export interface KeySet {
  readonly key: StoredKey | null
  readonly next: StoredKey | null
}

/**
 * Reads both keys of a home, whose node may take up the next one meanwhile: then they are read again, since between the
 * two it would be missed.
 * @throws LedgerError KEY_FILE
 */
export async function readKeys({ key, nextKey }: Pick<HomePaths, 'key' | 'nextKey'>): Promise<KeySet> {
  for (;;) {
    const read = { key: await findStoredKey(key), next: await findStoredKey(nextKey) }
    if ((await findStoredKey(key))?.publicKey === read.key?.publicKey) return read
  }
}
