import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { LedgerError } from '../../base/errors.js'
import { replaceFileDurably } from './durable-file.js'

/** Permission bits of group and others. */
const OTHERS = 0o077

/** The bit that lets a group read. */
const GROUP_READ = 0o040

/** A file that is somebody's secret, and how its faults are told. */
export interface PrivateFile {
  readonly path: string
  /** What is larger is no such file. */
  readonly bytesMax: number
  /**
   * Whether the group may read a file of root's that this user does not own. That is how systemd gives credentials: the
   * access list for the service's user shows as the group's bits.
   */
  readonly groupOfRoot: boolean
  readonly fail: (why: string, cause?: unknown) => LedgerError
  /** The error when there is no file. */
  readonly missing: (cause: unknown) => LedgerError
}

/**
 * Reads a file that only its owner may have access to. A pipe serves too.
 * @throws LedgerError of the file's `fail` and `missing`
 */
export async function readPrivateText(target: PrivateFile): Promise<string> {
  const { path, bytesMax, fail, missing } = target
  const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw isMissing ? missing(error) : fail('it cannot be read', error)
  })
  try {
    // Of the open file, so that nobody can exchange it between check and use.
    const { mode, uid } = await file.stat()
    const tolerated = target.groupOfRoot && uid === 0 && process.geteuid?.() !== 0 ? GROUP_READ : 0
    if ((mode & OTHERS & ~tolerated) !== 0) throw fail(`other users have access to it; run: chmod 600 ${path}`)
    return await bounded(file, bytesMax, fail)
  } catch (error) {
    throw error instanceof LedgerError ? error : fail('it cannot be read', error)
  } finally {
    await file.close()
  }
}

/** The size that the system tells is not that of a pipe, and a file may grow meanwhile. */
async function bounded(file: FileHandle, bytesMax: number, fail: PrivateFile['fail']): Promise<string> {
  const bytes = Buffer.alloc(bytesMax + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, null)
    length += bytesRead
    if (length > bytesMax) throw fail('it is too large')
    if (bytesRead === 0) return bytes.toString('utf8', 0, length)
  }
}

/**
 * Puts other content in the place of a private file, durable when the promise resolves, and overwrites the former one, of
 * which no name is left. What the disk itself or a snapshot keeps of it is out of reach.
 */
export async function replacePrivateFile(path: string, content: string): Promise<void> {
  // One that may not be written by its owner either cannot be overwritten, only replaced.
  const former = await open(path, constants.O_RDWR).catch(() => null)
  try {
    await replaceFileDurably(path, content, 0o600)
    if (former === null) return
    const { nlink, size } = await former.stat()
    if (nlink > 0) return
    await former.write(Buffer.alloc(size), 0, size, 0)
    await former.sync()
  } finally {
    await former?.close()
  }
}
