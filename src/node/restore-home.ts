import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LedgerError } from '../base/errors.js'
import { isHash, isPartnerId } from '../base/ids.js'
import { copyFile, fileHash, isBackupName, KEY_FILES, MANIFEST, SMALL_FILES, syncAll } from './backup-files.js'
import { BACKUP_TYPE, type HomeBackup } from './backup-home.js'
import { homePaths } from './home.js'
import { readDocument } from './sealed-document.js'
import { makeDirectoryDurably } from './store/durable-file.js'
import { lockHome } from './store/home-lock.js'
import { findStoredKey, readStoredKey } from './store/key-file.js'

export interface RestoreHomeOptions {
  readonly home: string
  readonly directory: string
  /**
   * Whether the operator says that the node has not run since the backup was made. Of a partner alone nobody could tell
   * otherwise, and its key would sign other blocks in the place of those made since.
   */
  readonly notRunSince: boolean
}

/** Files in a backup; a store of a very long chain has some tens of thousands. */
const FILES_MAX = 1_000_000
const MANIFEST_BYTES_MAX = 256 * 1024 * 1024

/**
 * Puts a backup into a home without a chain; makes the home when it is missing. Every file is checked before the first is
 * written, one that is there already must be the same, and the genesis comes last: what was interrupted can be done again.
 * @throws LedgerError BACKUP when it is damaged, does not fit what is there, or is one of a partner alone and `notRunSince`
 * is not said; HOME_LOCKED, DISK_FULL
 */
export async function restoreHome({ home, directory, notRunSince }: RestoreHomeOptions): Promise<HomeBackup> {
  const backup = await readManifest(directory)
  if (backup.whole && !notRunSince) throw unsaid(backup)
  await assertWhole(directory, backup)
  await makeDirectoryDurably(home)
  const lock = await lockHome(home)
  try {
    const missing = await missingIn(home, directory, backup)
    for (const name of inOrder(missing)) {
      await restoreFile(join(directory, name), join(home, name), backup.files[name])
    }
    await syncAll(home, Object.keys(backup.files))
    await rm(homePaths(home).restoredKey, { force: true })
    return backup
  } finally {
    await lock.release()
  }
}

/** Whole or not at all. */
async function restoreFile(from: string, to: string, hash: string | undefined): Promise<void> {
  const unfinished = `${to}.restoring`
  // Cut short by an interruption.
  await rm(unfinished, { force: true })
  if ((await copyFile(from, unfinished)) !== hash) {
    await rm(unfinished, { force: true })
    throw new LedgerError('BACKUP', `${from} changed while it was read`, { path: from })
  }
  await rename(unfinished, to)
}

function unsaid({ made, partner }: HomeBackup): LedgerError {
  const message = `${partner} voted alone when this backup was made, at ${made}: had its node run since, the key would sign a second time what it has signed then, and nobody could tell`
  const remedy = 'if the node has not run since, say so with --not-run-since; else found a new network'
  return new LedgerError('BACKUP', message, { remedy })
}

async function readManifest(directory: string): Promise<HomeBackup> {
  const path = join(directory, MANIFEST)
  const { partner, genesis, made, whole, files } = readDocument(await manifestText(path), BACKUP_TYPE, path)
  const fail = (why: string): LedgerError => new LedgerError('BACKUP', `${path} ${why}`, { path })
  if (!isPartnerId(partner) || !isHash(genesis) || typeof whole !== 'boolean')
    throw fail('names no partner and network')
  if (typeof files !== 'object' || files === null) throw fail('names no files')
  const entries = Object.entries(files)
  const isGood = entries.length <= FILES_MAX && entries.every(([name, hash]) => isBackupName(name) && isHash(hash))
  if (!isGood) throw fail('names files that belong to no home')
  return { partner, genesis, made: String(made), whole, files: files as HomeBackup['files'] }
}

async function manifestText(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      if ((await file.stat()).size > MANIFEST_BYTES_MAX) throw new Error('it is too large')
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new LedgerError('BACKUP', `${path} cannot be read: this is no whole backup of a home`, { path }, error)
  }
}

async function assertWhole(directory: string, { files }: HomeBackup): Promise<void> {
  for (const [name, hash] of Object.entries(files)) {
    if ((await fileHash(join(directory, name))) === hash) continue
    throw new LedgerError('BACKUP', `${join(directory, name)} is missing or damaged: its checksum does not hold`, {
      name
    })
  }
}

/** The files that the home lacks. @throws LedgerError BACKUP when what is there does not fit */
async function missingIn(home: string, directory: string, { files, whole }: HomeBackup): Promise<string[]> {
  const paths = homePaths(home)
  const refuse = (path: string): LedgerError =>
    new LedgerError('BACKUP', `${path} is there already, and is another one: restore into an empty home`, { path })
  if (!whole) {
    for (const path of [paths.store, paths.log, paths.guard]) if (existsSync(path)) throw refuse(path)
  }
  const missing: string[] = []
  for (const [name, hash] of Object.entries(files)) {
    const path = join(home, name)
    const present = await fileHash(path)
    if (present === null) missing.push(name)
    else if (present !== hash && !(await isSameKey(name, home, directory))) throw refuse(path)
  }
  return missing
}

/** A key that was restored before may be locked in another way. */
async function isSameKey(name: string, home: string, directory: string): Promise<boolean> {
  if (!(KEY_FILES as readonly string[]).includes(name)) return false
  const wanted = await findStoredKey(join(directory, name))
  return wanted !== null && (await readStoredKey(join(home, name))).publicKey === wanted.publicKey
}

/** The genesis last. */
function inOrder(names: readonly string[]): string[] {
  const small: readonly string[] = SMALL_FILES
  return [...names].sort((a, b) => small.indexOf(a) - small.indexOf(b))
}
