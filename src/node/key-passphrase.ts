import { rm } from 'node:fs/promises'
import { LedgerError } from '../base/errors.js'
import { homePaths } from './home.js'
import { readKeys } from './key-set.js'
import { writeError } from './store/disk-errors.js'
import { lockHome } from './store/home-lock.js'
import { isLocked, type NodeKey, type StoredKey } from './store/key-document.js'
import { keyFileText, lockKey, openKey, type Unlock, unlockKey } from './store/key-file.js'
import type { ScryptCost } from './store/key-lock.js'
import { replacePrivateFile } from './store/private-file.js'

export interface ChangePassphraseOptions {
  readonly home: string
  /** Opens what is locked by now. */
  readonly unlock: Unlock
  /** Asked for once the present keys are open; null leaves them in clear. */
  readonly choose: () => Promise<string | null>
  /** @default COST_DEFAULT; others are for tests */
  readonly cost?: ScryptCost
}

/**
 * Sets, changes or removes the passphrase of the keys of a home whose node does not run: it might take up the next key
 * meanwhile. Each file is replaced whole. Interrupted between the two, the same call with the same passphrases ends it.
 * @returns the public keys
 * @throws LedgerError HOME_LOCKED, KEY_FILE, PASSPHRASE_NEEDED, PASSPHRASE_WRONG, DISK_FULL
 */
export async function changePassphrase(options: ChangePassphraseOptions): Promise<readonly string[]> {
  const { home, unlock, choose, cost } = options
  const paths = homePaths(home)
  const lock = await lockHome(home)
  try {
    const { key, next } = await readKeys(paths)
    const files = [
      { path: paths.key, stored: key },
      { path: paths.nextKey, stored: next }
    ].flatMap(({ path, stored }) => (stored === null ? [] : [{ path, stored }]))
    const [first, ...others] = files
    if (first === undefined) {
      throw new LedgerError('KEY_FILE', `there is no key in ${home}`, { path: paths.key, missing: true })
    }
    const opened = [{ path: first.path, key: await openKey(first.stored, first.path, unlock) }]
    const passphrase = await choose()
    for (const { path, stored } of others)
      opened.push({ path, key: await openEither(stored, path, unlock, passphrase) })
    // The one in use comes last: while it has the former passphrase, that is the one which is asked for.
    for (const { path, key } of opened.reverse()) await replaceKey(path, key, passphrase, cost)
    return opened.map(({ key }) => key.publicKey)
  } finally {
    await lock.release()
  }
}

/** A change that was interrupted has locked it with the new passphrase already. */
async function openEither(key: StoredKey, path: string, unlock: Unlock, chosen: string | null): Promise<NodeKey> {
  try {
    return await openKey(key, path, unlock)
  } catch (error) {
    const isWrong = error instanceof LedgerError && error.code === 'PASSPHRASE_WRONG'
    if (!isWrong || chosen === null || !isLocked(key)) throw error
    return await unlockKey(key, path, chosen)
  }
}

async function replaceKey(path: string, key: NodeKey, passphrase: string | null, cost?: ScryptCost): Promise<void> {
  const stored = passphrase === null ? key : await lockKey(key, passphrase, cost)
  // Before the only other copy goes.
  if (isLocked(stored)) await unlockKey(stored, path, passphrase ?? '')
  try {
    await replacePrivateFile(path, keyFileText(stored))
    // Left over from a crash while a key was written.
    await rm(`${path}.new`, { force: true })
  } catch (error) {
    throw writeError(path, error)
  }
}
