import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { canonicalText } from '../base/canonical.js'
import { LedgerError } from '../base/errors.js'
import { isHash, isPartnerId } from '../base/ids.js'
import { homePaths } from './home.js'
import { readKeys } from './key-set.js'
import { readHome } from './read-home.js'
import { documentText, readDocument } from './sealed-document.js'
import { writeError } from './store/disk-errors.js'
import { createFileDurably, makeDirectoryDurably, syncDirectory } from './store/durable-file.js'
import { lockHome } from './store/home-lock.js'
import { isLocked, keyDocument, readKeyDocument, type StoredKey } from './store/key-document.js'
import { createStoredKey, lockKey } from './store/key-file.js'

/** What a backup of the keys of a home holds (docs/formats.md, Backups). */
export interface KeyBackup {
  /** Null when the home belonged to no network yet. */
  readonly partner: string | null
  readonly genesis: string | null
  /** RFC 3339 UTC. */
  readonly made: string
  readonly key: StoredKey
  /** The next key, when there is one. */
  readonly next: StoredKey | null
}

const TYPE = 'ledger key backup'
const BYTES_MAX = 16 * 1024

/**
 * The keys of a home, to be backed up. May run beside the node.
 * @param chooseLock asked for when a key is in clear: the passphrase to lock it with in the backup, null for none
 * @throws LedgerError KEY_FILE, STORE_DAMAGED
 */
export async function keysToBackUp(
  home: string,
  chooseLock: () => Promise<string | null>
): Promise<Pick<KeyBackup, 'key' | 'next'>> {
  const paths = homePaths(home)
  const { key, next } = await readKeys(paths)
  if (key === null) {
    throw new LedgerError('KEY_FILE', `there is no key to back up: ${paths.key} is missing`, { path: paths.key })
  }
  const isClear = !isLocked(key) || (next !== null && !isLocked(next))
  const passphrase = isClear ? await chooseLock() : null
  const kept = async (one: StoredKey): Promise<StoredKey> =>
    passphrase === null || isLocked(one) ? one : await lockKey(one, passphrase)
  return { key: await kept(key), next: next === null ? null : await kept(next) }
}

/**
 * Writes a backup to a new file that only its owner can read. Durable when the promise resolves.
 * @throws LedgerError BACKUP when there is a file already, DISK_FULL
 */
export async function createKeyBackup(path: string, { partner, genesis, made, key, next }: KeyBackup): Promise<void> {
  const keys = { key: keyDocument(key), next: next === null ? null : keyDocument(next) }
  await createNewFile(path, documentText(TYPE, { partner, genesis, made, ...keys }))
}

/** @throws LedgerError BACKUP when it cannot be read or is none */
export async function readKeyBackup(path: string): Promise<KeyBackup> {
  const { partner, genesis, made, ...keys } = readDocument(await textOf(path), TYPE, path)
  const key = readKeyDocument(keys.key)
  const next = keys.next === null ? null : readKeyDocument(keys.next)
  const fault = [key, next].find((one) => typeof one === 'string')
  if (fault !== undefined) throw new LedgerError('BACKUP', `a key in ${path} cannot be used: ${fault}`, { path })
  if ((partner !== null && !isPartnerId(partner)) || (genesis !== null && !isHash(genesis))) {
    throw new LedgerError('BACKUP', `${path} names no partner and network`, { path })
  }
  return { partner, genesis, made: String(made), key: key as StoredKey, next: next as StoredKey | null }
}

export interface RestoredKey {
  /** The public one. */
  readonly key: string
  /** False when it was there already. */
  readonly isNew: boolean
  /** Whether the home belongs to a network: then the node can be started. */
  readonly isFounded: boolean
}

/**
 * Puts the keys of a backup into a home that has none and whose node does not run; makes the home when it is missing. What
 * the key has signed before is not known then, which HOME/key.restored says until the home belongs to a network.
 * @throws LedgerError BACKUP when another key lies there or the home is another partner's, HOME_LOCKED, DISK_FULL
 */
export async function restoreKey(home: string, { partner, genesis, key, next }: KeyBackup): Promise<RestoredKey> {
  const paths = homePaths(home)
  await makeDirectoryDurably(home)
  const lock = await lockHome(home)
  try {
    const content = await readHome(home)
    if (content !== null && genesis !== null && content.genesis.hash !== genesis) {
      throw new LedgerError('BACKUP', `the backup is of another network than ${home}`, { genesis })
    }
    if (content !== null && partner !== null && content.partner !== partner) {
      const message = `the backup is of ${partner}, and ${home} is the home of ${content.partner}`
      throw new LedgerError('BACKUP', message, { partner })
    }
    const present = await readKeys(paths)
    for (const [path, there, wanted] of [
      [paths.key, present.key, key],
      [paths.nextKey, present.next, next]
    ] as const) {
      if (there === null || wanted === null || there.publicKey === wanted.publicKey) continue
      throw new LedgerError('BACKUP', `another key lies in ${path}: a key is never overwritten`, { path })
    }
    if (content === null && !existsSync(paths.restoredKey)) {
      await createFileDurably(paths.restoredKey, `${canonicalText({ key: key.publicKey })}\n`, 0o600)
    }
    if (next !== null && present.next === null) await createStoredKey(paths.nextKey, next)
    if (partner !== null && !existsSync(paths.partner)) {
      await createFileDurably(paths.partner, `${canonicalText({ partner })}\n`, 0o600)
    }
    if (present.key === null) await createStoredKey(paths.key, key)
    return { key: key.publicKey, isNew: present.key === null, isFounded: content !== null }
  } finally {
    await lock.release()
  }
}

/** Unlike a file of the home it may lie on a disk that knows neither links nor permissions. */
async function createNewFile(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await syncDirectory(dirname(resolve(path)))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new LedgerError('BACKUP', `${path} is there already and is never overwritten`, { path }, error)
    }
    throw writeError(path, error)
  }
}

async function textOf(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const bytes = Buffer.alloc(BYTES_MAX + 1)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      if (bytesRead <= BYTES_MAX) return bytes.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new LedgerError('BACKUP', `${path} cannot be read`, { path }, error)
  }
  throw new LedgerError('BACKUP', `${path} is no ${TYPE}: it is too large`, { path })
}
