import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LedgerError } from '../base/errors.js'
import { writeError } from './store/disk-errors.js'
import { makeDirectoryDurably, syncDirectory } from './store/durable-file.js'

/** What says that a backup is whole: it is written last. */
export const MANIFEST = 'backup.json'

/** The keys, which may be locked on the way. */
export const KEY_FILES = ['key', 'key.next'] as const

/**
 * What a home is found by, and which recoveries it knows and has signed; the genesis comes last, for without it no node
 * starts.
 */
export const SMALL_FILES = [
  'config.yaml',
  'ports.json',
  'invitation.json',
  'invitations.json',
  'peers.json',
  'recovery',
  'partner.json',
  'genesis.json'
] as const

/** What only the backup of a partner alone has: its chain, and what it has signed. */
export const WHOLE_FILES = ['store', 'log', 'sign-guard', 'refusals.ndjson'] as const

/** Names below a home, and in LevelDB's directory; nothing that leads elsewhere. */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/

const DEPTH_MAX = 4

const FOLDERS: readonly string[] = ['store', 'log', 'recovery']

/** Whether a backup may hold a file under this name. */
export function isBackupName(name: string): boolean {
  const [first = '', ...below] = name.split('/')
  const known: readonly string[] = [...KEY_FILES, ...SMALL_FILES, ...WHOLE_FILES]
  if (!known.includes(first) || below.length >= DEPTH_MAX) return false
  return below.length === 0 || (FOLDERS.includes(first) && below.every((segment) => SEGMENT.test(segment)))
}

/** Names of the regular files at or below a name, in order. */
export async function filesBelow(root: string, name: string): Promise<string[]> {
  const info = await lstat(join(root, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (info === null) return []
  if (info.isFile()) return isBackupName(name) ? [name] : []
  if (!info.isDirectory()) return []
  const found = await Promise.all(
    (await readdir(join(root, name))).sort().map((child) => filesBelow(root, `${name}/${child}`))
  )
  return found.flat()
}

/** SHA-256 of a file, hex; null when there is none. */
export async function fileHash(path: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new LedgerError('BACKUP', `${path} cannot be read`, { path }, error)
  }
  return hash.digest('hex')
}

/**
 * Copies a file to a new one for its owner only, content durable; {@link syncAll} makes the names so.
 * @returns SHA-256 of the content, hex
 */
export async function copyFile(from: string, to: string): Promise<string> {
  return await writeNew(to, createReadStream(from))
}

/** As {@link copyFile}, of a text. */
export async function writeFile(to: string, text: string): Promise<string> {
  return await writeNew(to, [Buffer.from(text, 'utf8')])
}

async function writeNew(path: string, content: AsyncIterable<unknown> | Iterable<unknown>): Promise<string> {
  const hash = createHash('sha256')
  try {
    await makeDirectoryDurably(join(path, '..'))
    const file = await open(path, 'wx', 0o600)
    try {
      for await (const piece of content) {
        hash.update(piece as Uint8Array)
        await file.write(piece as Uint8Array)
      }
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw writeError(path, error)
  }
  return hash.digest('hex')
}

/** Makes the names of files durable. */
export async function syncAll(root: string, names: readonly string[]): Promise<void> {
  for (const folder of new Set(names.map((name) => join(root, name, '..')))) await syncDirectory(folder)
}
