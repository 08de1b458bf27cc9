import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { votersOf } from '../ledger/partner-set.js'
import {
  copyFile,
  filesBelow,
  KEY_FILES,
  MANIFEST,
  SMALL_FILES,
  syncAll,
  WHOLE_FILES,
  writeFile
} from './backup-files.js'
import { homePaths } from './home.js'
import { keysToBackUp } from './key-backup.js'
import { type HomeContent, readHome } from './read-home.js'
import { documentText } from './sealed-document.js'
import { openStoppedChain } from './stopped-chain.js'
import { makeDirectoryDurably } from './store/durable-file.js'
import { type HomeLock, lockHome } from './store/home-lock.js'
import { keyFileText } from './store/key-file.js'

export interface BackupHomeOptions {
  readonly home: string
  /** Where the backup goes: a directory that is empty or not there. */
  readonly directory: string
  readonly withKey: boolean
  /** Asked for when a key is in clear: the passphrase to lock it with in the backup, null for none. */
  readonly chooseLock: () => Promise<string | null>
  /** Whether other partners vote, as the node says that runs on the home. */
  readonly askNode: () => Promise<boolean>
  /** RFC 3339 UTC. */
  readonly made: string
}

/** What `backup.json` says; see docs/formats.md, Backups. */
export interface HomeBackup {
  readonly partner: string
  readonly genesis: string
  readonly made: string
  /** Whether it holds chain and guard too, as that of a partner alone must. */
  readonly whole: boolean
  /** Names of the files, each with its SHA-256. */
  readonly files: Readonly<Record<string, string>>
}

export const BACKUP_TYPE = 'ledger home backup'

/**
 * Backs up a home, also while its node runs. Where other partners vote that is who the node is and whom it asks: the chain
 * is fetched from them again, and guard and log stay out, so that a restore is a rejoin. A partner that votes alone has
 * nobody to ask, so everything is copied, with the node stopped.
 * @throws LedgerError BACKUP when the directory is not empty, or the node of a partner alone runs; NOT_FOUNDED, KEY_FILE,
 * STORE_DAMAGED, DISK_FULL
 */
export async function backupHome(options: BackupHomeOptions): Promise<HomeBackup> {
  const { home } = options
  const content = await readHome(home)
  if (content === null) throw new LedgerError('NOT_FOUNDED', `${home} holds no network yet`, { home })
  const lock = await lockIfStopped(home)
  try {
    const whole = lock === null ? !(await options.askNode()) : !(await othersVote(home, content))
    if (whole && lock === null) {
      const message = `${content.partner} votes alone: nobody else could give its chain back, so that is copied too, and must not change meanwhile`
      throw new LedgerError('BACKUP', message, { home, remedy: 'stop the node, and run the command again' })
    }
    return await writeBackup(options, content, whole)
  } finally {
    await lock?.release()
  }
}

/** Null when a node runs. */
async function lockIfStopped(home: string): Promise<HomeLock | null> {
  return await lockHome(home).catch((error: unknown) => {
    if (error instanceof LedgerError && error.code === 'HOME_LOCKED') return null
    throw error
  })
}

async function othersVote(home: string, content: HomeContent): Promise<boolean> {
  return await openStoppedChain(home, content, async ({ rulebook }) =>
    [rulebook.partners, rulebook.nextPartners].some((set) => votersOf(set).some(({ id }) => id !== content.partner))
  )
}

async function writeBackup(options: BackupHomeOptions, content: HomeContent, whole: boolean): Promise<HomeBackup> {
  const { home, directory, withKey, chooseLock, made } = options
  await makeEmptyDirectory(directory)
  const files: Record<string, string> = {}
  if (withKey) {
    const keys = await keysToBackUp(home, chooseLock)
    for (const [name, key] of [
      [KEY_FILES[0], keys.key],
      [KEY_FILES[1], keys.next]
    ] as const) {
      if (key !== null) files[name] = await writeFile(join(directory, name), keyFileText(key))
    }
  }
  for (const top of whole ? [...WHOLE_FILES, ...SMALL_FILES] : SMALL_FILES) {
    for (const name of await filesBelow(home, top)) {
      files[name] = await copyFile(join(home, name), join(directory, name))
    }
  }
  if (whole && files['sign-guard'] === undefined) {
    const message = `${homePaths(home).guard} is missing: nothing could be started from such a backup`
    throw new LedgerError('BACKUP', message, { home })
  }
  await syncAll(directory, Object.keys(files))
  const backup = { partner: content.partner, genesis: content.genesis.hash, made, whole, files }
  await writeFile(join(directory, MANIFEST), documentText(BACKUP_TYPE, backup as unknown as JsonObject))
  await syncAll(directory, [MANIFEST])
  return backup
}

async function makeEmptyDirectory(directory: string): Promise<void> {
  await makeDirectoryDurably(directory).catch((error: unknown) => {
    throw new LedgerError('BACKUP', `${directory} cannot be made`, { directory }, error)
  })
  if ((await readdir(directory)).length === 0) return
  throw new LedgerError('BACKUP', `${directory} is not empty; nothing in it is overwritten`, { directory })
}
