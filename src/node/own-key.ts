import { generateSeed } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { homePaths } from './home.js'
import { makeDirectoryDurably } from './store/durable-file.js'
import type { StoredKey } from './store/key-document.js'
import { createKeyFile, findStoredKey, type NodeKey, noPassphrase, openKey, type Unlock } from './store/key-file.js'

/** How locked keys are opened, and how new ones are made. */
export interface KeyAccess {
  /** @default what refuses a locked key */
  readonly unlock?: Unlock
  /** The passphrase that a new key is locked with. @default none, a key in clear */
  readonly lockWith?: () => Promise<string | null>
}

/**
 * The key in a home, or a new one where there is none: a key is never replaced. Makes the home when it is missing.
 * @throws LedgerError KEY_FILE, DISK_FULL, and those of the access
 */
export async function ownKeyOf(home: string, access: KeyAccess = {}): Promise<NodeKey> {
  return await openKey(await storedKeyOf(home, access), homePaths(home).key, access.unlock ?? noPassphrase)
}

/** As {@link ownKeyOf}; one that is there is not opened. */
export async function storedKeyOf(home: string, { lockWith }: KeyAccess = {}): Promise<StoredKey> {
  const { key } = homePaths(home)
  const present = await findStoredKey(key)
  if (present !== null) return present
  const passphrase = (await lockWith?.()) ?? null
  await makeDirectoryDurably(home)
  return await createKeyFile(key, generateSeed(), passphrase)
}

/**
 * Holds who this node is, by its home, against who it is by its key.
 * @param partners of the genesis, or of the chain: one who joined later stands only there
 * @throws LedgerError KEY_FILE when the partner has another key, STORE_DAMAGED when the key is another partner's
 */
export function assertOwnKey(
  home: string,
  self: string,
  key: string,
  partners: readonly { readonly id: string; readonly key: string }[]
): void {
  const paths = homePaths(home)
  const named = partners.find((partner) => partner.key === key)
  if (named?.id === self) return
  if (named !== undefined) {
    const message = `${paths.partner} names ${self}, but the key is that of ${named.id}; restore it from a backup`
    throw new LedgerError('STORE_DAMAGED', message, { path: paths.partner, partner: self, key })
  }
  const expected = partners.find(({ id }) => id === self)?.key
  if (expected === undefined) return
  const message = `${paths.key} is not the key of partner ${self}, which is ${expected}; restore a backup`
  throw new LedgerError('KEY_FILE', message, { partner: self, key })
}
