import { publicKeyOf } from '../../base/crypto.js'
import { LedgerError } from '../../base/errors.js'
import { keyText } from '../../base/keys.js'
import { writeError } from './disk-errors.js'
import { createFileDurably } from './durable-file.js'
import { isLocked, keyDocument, type NodeKey, readKeyDocument, type StoredKey } from './key-document.js'
import { type LockedKey, lockSeed, type ScryptCost, unlockSeed } from './key-lock.js'
import { readPrivateText } from './private-file.js'

export type { NodeKey } from './key-document.js'

/** Opens a key that is locked: whoever knows the passphrase, or where it is. @throws LedgerError PASSPHRASE_NEEDED, PASSPHRASE_WRONG */
export type Unlock = (key: LockedKey, path: string) => Promise<NodeKey>

/** A key file is a short JSON object; what is larger is none. */
const FILE_BYTES_MAX = 4096

/**
 * Writes a key to a new file that only its owner can read (docs/formats.md, Key file), locked when there is a passphrase.
 * Durable when the promise resolves; never replaces a file.
 * @throws LedgerError KEY_FILE when there is a file already, DISK_FULL
 */
export async function createKeyFile(
  path: string,
  seed: Uint8Array,
  passphrase: string | null = null
): Promise<NodeKey> {
  const key = { publicKey: keyText(publicKeyOf(seed)), seed }
  await createStoredKey(path, passphrase === null ? key : await lockKey(key, passphrase))
  return key
}

/** As {@link createKeyFile}, of a key as it is stored elsewhere. */
export async function createStoredKey(path: string, key: StoredKey): Promise<void> {
  try {
    await createFileDurably(path, keyFileText(key), 0o600)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw keyFileError(path, 'it exists already and is never replaced', error)
    throw writeError(path, error)
  }
}

/** The content of a key file. */
export function keyFileText(key: StoredKey): string {
  return `${JSON.stringify(keyDocument(key), null, 2)}\n`
}

/** @param cost @default COST_DEFAULT */
export async function lockKey({ publicKey, seed }: NodeKey, passphrase: string, cost?: ScryptCost): Promise<LockedKey> {
  return await lockSeed(publicKey, seed, passphrase, cost)
}

/**
 * Reads a key file as it is, without a passphrase.
 * @throws LedgerError KEY_FILE when it is missing, readable or writable by others, or not what {@link createKeyFile}
 * writes; `details.missing` is true when there is no file. The key itself never stands in a message.
 */
export async function readStoredKey(path: string): Promise<StoredKey> {
  const text = await readPrivateText({
    path,
    bytesMax: FILE_BYTES_MAX,
    groupOfRoot: false,
    fail: (why, cause) => keyFileError(path, why, cause),
    missing: (cause) => {
      const message = `the key file is missing: ${path}; restore a backup: ledger-node key restore FILE`
      return new LedgerError('KEY_FILE', message, { path, missing: true }, cause)
    }
  })
  const key = readKeyDocument(parsed(path, text))
  if (typeof key === 'string') throw keyFileError(path, `${key}; restore a backup`)
  return key
}

/** As {@link readStoredKey}; null when there is no file. */
export async function findStoredKey(path: string): Promise<StoredKey | null> {
  try {
    return await readStoredKey(path)
  } catch (error) {
    if (error instanceof LedgerError && error.details.missing === true) return null
    throw error
  }
}

/**
 * Reads a key file and opens it.
 * @param unlock @default what refuses a locked key
 * @throws LedgerError as {@link readStoredKey} and {@link Unlock}
 */
export async function readKeyFile(path: string, unlock: Unlock = noPassphrase): Promise<NodeKey> {
  return await openKey(await readStoredKey(path), path, unlock)
}

/** The private key in a stored one, from `path`. @throws LedgerError of {@link Unlock} */
export async function openKey(key: StoredKey, path: string, unlock: Unlock): Promise<NodeKey> {
  return isLocked(key) ? await unlock(key, path) : key
}

/**
 * Opens a locked key.
 * @throws LedgerError PASSPHRASE_WRONG; KEY_FILE when its seed is that of another public key
 */
export async function unlockKey(key: LockedKey, path: string, passphrase: string): Promise<NodeKey> {
  const seed = await unlockSeed(key, passphrase)
  if (seed === null) {
    const message = `the passphrase does not open ${path}`
    throw new LedgerError('PASSPHRASE_WRONG', message, { path, key: key.publicKey })
  }
  const publicKey = keyText(publicKeyOf(seed))
  if (publicKey !== key.publicKey) throw keyFileError(path, 'its seed and its public key do not belong together')
  return { publicKey, seed }
}

/** Refuses locked keys: where nobody is who knows the passphrase. */
export const noPassphrase: Unlock = async ({ publicKey }, path) => {
  const message = `${path} is locked with a passphrase, and none was given`
  throw new LedgerError('PASSPHRASE_NEEDED', message, { path, key: publicKey })
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Without the cause: its message may quote the file.
    throw keyFileError(path, 'it is not JSON; restore a backup')
  }
}

function keyFileError(path: string, why: string, cause?: unknown): LedgerError {
  return new LedgerError('KEY_FILE', `the key file ${path} is refused: ${why}`, { path }, cause)
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
