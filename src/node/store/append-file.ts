import { constants, writeSync } from 'node:fs'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LedgerError } from '../../base/errors.js'
import { writeError } from './disk-errors.js'
import { renameDurably, syncDirectory } from './durable-file.js'
import { frameRecord, PREAMBLE, scanFrames } from './frames.js'

/** Bytes of one record, without its frame: a certificate or a proposal fits many times over. */
export const RECORD_BYTES_MAX = 8 * 1024 * 1024

/** Bytes of a whole file: it is read into memory to be opened. */
export const FILE_BYTES_MAX = 128 * 1024 * 1024

/**
 * A file of checksummed records that only grows. Appended records survive the end of the process, however it ends; they
 * survive a power failure once {@link AppendFile.sync} has resolved. After a failed write or sync every further one
 * throws: what the disk holds is unknown until the file is opened again.
 */
export interface AppendFile {
  /** Where the file is now. */
  readonly path: string
  /** Bytes of the file so far. */
  readonly size: number
  /** @throws LedgerError LIMIT_EXCEEDED (nothing is written then), DISK_FULL, CLOSED */
  append(record: string | Uint8Array): void
  /** Makes all that was appended before the call durable. Callers at the same time share one sync. */
  sync(): Promise<void>
  /** Syncs the file and gives it another name, replacing what has that name; durable when the promise resolves. */
  publish(path: string): Promise<void>
  /** Closes without syncing. */
  close(): Promise<void>
}

export interface OpenedAppendFile {
  readonly file: AppendFile
  /** The whole records, in order. */
  readonly records: readonly Uint8Array[]
  /** Bytes of a torn last record that were cut off. */
  readonly bytesCut: number
}

/**
 * Creates an empty file. Its name is durable when the promise resolves.
 * @throws LedgerError DISK_FULL; Error with code EEXIST when the file is there
 */
export async function createAppendFile(path: string): Promise<AppendFile> {
  const handle = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600)
  try {
    await handle.writeFile(PREAMBLE)
    await handle.sync()
    await syncDirectory(dirname(path))
  } catch (error) {
    await handle.close()
    throw writeError(path, error)
  }
  return appendFile(path, handle, PREAMBLE.length)
}

/**
 * Opens a file and checks all of it. A torn last record is cut off: its sync never resolved.
 * @throws LedgerError LOG_DAMAGED naming file and byte when anything else is wrong with it
 * @throws LedgerError DISK_FULL when a torn record cannot be cut off; Error with code ENOENT when there is no file
 */
export async function openAppendFile(path: string): Promise<OpenedAppendFile> {
  const handle = await open(path, constants.O_RDWR)
  try {
    const { size } = await handle.stat()
    if (size > FILE_BYTES_MAX) throw logDamaged(path, FILE_BYTES_MAX, 'it is larger than such a file can be')
    const { records, end } = readFrames(path, await readFile(handle))
    if (end < size) await cut(path, handle, end)
    return { file: appendFile(path, handle, end), records, bytesCut: size - end }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function readFrames(path: string, data: Buffer): { records: Uint8Array[]; end: number } {
  const scanned = scanFrames(data)
  if (scanned.damagedAt !== undefined) throw logDamaged(path, scanned.damagedAt, scanned.why)
  return scanned
}

async function cut(path: string, handle: FileHandle, end: number): Promise<void> {
  try {
    await handle.truncate(end)
    await handle.sync()
  } catch (error) {
    throw writeError(path, error)
  }
}

/** LOG_DAMAGED with the place of the damage. */
export function logDamaged(path: string, offset: number, why: string): LedgerError {
  return new LedgerError('LOG_DAMAGED', `${path} is damaged at byte ${offset}: ${why}`, { path, offset, why })
}

function appendFile(initialPath: string, handle: FileHandle, initialSize: number): AppendFile {
  let path = initialPath
  let size = initialSize
  let failure: LedgerError | null = null
  /** The sync under way, what it covers, and the one that starts after it. */
  let running: Promise<void> | null = null
  let covered = initialSize
  let next: Promise<void> | null = null

  function fail(error: unknown): LedgerError {
    failure ??= writeError(path, error)
    return failure
  }

  async function runSync(): Promise<void> {
    next = null
    if (failure !== null) throw failure
    covered = size
    try {
      await handle.datasync()
    } catch (error) {
      throw fail(error)
    } finally {
      running = null
    }
  }

  function sync(): Promise<void> {
    if (failure !== null) return Promise.reject(failure)
    if (covered === size) return running ?? Promise.resolve()
    if (next !== null) return next
    if (running === null) {
      running = runSync()
      return running
    }
    next = running.then(() => {
      running = runSync()
      return running
    })
    return next
  }

  return {
    get path() {
      return path
    },
    get size() {
      return size
    },
    append(record) {
      if (failure !== null) throw failure
      const frame = frameRecord(record, size)
      if (frame.length > RECORD_BYTES_MAX || size + frame.length > FILE_BYTES_MAX) {
        throw new LedgerError('LIMIT_EXCEEDED', `${path} cannot take a record of ${frame.length} bytes`, { path })
      }
      try {
        // Into the page cache, where it survives a kill; a system call of microseconds is not worth a promise.
        for (let at = 0; at < frame.length; ) at += writeSync(handle.fd, frame, at, frame.length - at, size + at)
      } catch (error) {
        throw fail(error)
      }
      size += frame.length
    },
    sync,
    async publish(newPath) {
      await sync()
      try {
        await renameDurably(path, newPath)
      } catch (error) {
        throw fail(error)
      }
      path = newPath
    },
    async close() {
      failure ??= new LedgerError('CLOSED', `${path} is closed`)
      await running?.catch(() => {})
      await handle.close()
    }
  }
}
