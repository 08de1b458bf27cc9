import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { LedgerError } from '../../base/errors.js'

/** Bytes that are read, hashed or overwritten in one go: a few milliseconds of work. */
const PIECE_BYTES = 256 * 1024

/** A file that holds what its hash says, open for reading. */
export interface OpenAttachment {
  readonly bytes: number
  /**
   * Its content, once. Ends with STORE_DAMAGED before the last piece when it is not what was checked any more, so that
   * nobody ever has all of it and takes it for good.
   */
  chunks(): AsyncGenerator<Uint8Array>
  /** To be called in the end, also when the chunks were read. */
  close(): Promise<void>
}

/**
 * Opens a file whose name is the hash of its content, and reads it once to see whether it is.
 * @returns null when there is none
 * @throws LedgerError STORE_DAMAGED
 */
export async function openAttachment(path: string, hash: string): Promise<OpenAttachment | null> {
  const file = await open(path, constants.O_RDONLY).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw damaged(hash, error.message, error)
  })
  if (file === null) return null
  try {
    const { size } = await file.stat()
    for await (const _ of checked(file, hash));
    return { bytes: size, chunks: () => checked(file, hash), close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The content of a file, the last piece only when the whole has this hash. */
async function* checked(file: FileHandle, hash: string): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  let held: Uint8Array | null = null
  for (let position = 0; ; ) {
    // A new buffer each time: whoever takes the pieces may still be sending the one before.
    const buffer = Buffer.allocUnsafe(PIECE_BYTES)
    const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, position).catch((error: Error) => {
      throw damaged(hash, error.message, error)
    })
    if (bytesRead === 0) break
    if (held !== null) yield held
    position += bytesRead
    held = buffer.subarray(0, bytesRead)
    digest.update(held)
  }
  if (digest.digest('hex') !== hash) throw damaged(hash, 'its content is not what was put in')
  if (held !== null) yield held
}

function damaged(hash: string, why: string, cause?: unknown): LedgerError {
  return new LedgerError('STORE_DAMAGED', `attachment ${hash} is damaged here: ${why}`, { hash }, cause)
}

/**
 * Removes a file and overwrites what it held, unless that has another name too, as in a copy made of links. What the disk
 * itself or a snapshot keeps of it is out of reach. The name is gone durably once the folder is synced.
 */
export async function eraseFile(path: string): Promise<void> {
  const file = await open(path, constants.O_RDWR).catch(() => null)
  try {
    await rm(path, { force: true })
    if (file === null) return
    const { nlink, size } = await file.stat()
    if (nlink > 0) return
    const zeros = Buffer.alloc(Math.min(size, PIECE_BYTES))
    for (let position = 0; position < size; position += zeros.length) {
      await file.write(zeros, 0, Math.min(zeros.length, size - position), position)
    }
    await file.sync()
  } finally {
    await file?.close()
  }
}
