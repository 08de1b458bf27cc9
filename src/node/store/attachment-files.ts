import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LedgerError } from '../../base/errors.js'
import { eraseFile, type OpenAttachment, openAttachment } from './attachment-file.js'
import { createFileDurably, makeDirectoryDurably, syncDirectory } from './durable-file.js'

/** Files held, and removals remembered: their names are kept in memory. */
const FILES_MAX = 200_000

const HASH = /^[0-9a-f]{64}$/
const INCOMING = 'incoming-'
const REMOVED = 'removed'

export interface AttachmentFilesOptions {
  /** The folder; it is made when it is missing. */
  readonly path: string
  /** Of all files together. */
  readonly bytesMax: number
}

/** What a file that comes in has to be. */
export interface IncomingLimits {
  readonly bytesMax: number
  /** When it is known; another one is refused. */
  readonly hash?: string
  /** Whether it may still be kept, asked when all of it is here. @default it may */
  readonly isWanted?: () => boolean
  /** Checked before each piece. */
  readonly signal?: AbortSignal
}

export interface HeldFile {
  readonly hash: string
  readonly bytes: number
}

/**
 * Files by the SHA-256 of their content, in folders of two levels: `ab/cd/abcd...`. A file is there whole or not at all;
 * what a crash leaves behind is cleared when the folder is opened.
 */
export interface AttachmentFiles {
  /** Bytes of all files. */
  readonly bytes: number
  /** Size of a file that is held; undefined when it is not. */
  sizeOf(hash: string): number | undefined
  /** Hashes after this one, in their order, as many as asked for. */
  held(after: string, limit: number): readonly HeldFile[]
  isRemoved(hash: string): boolean
  /**
   * Takes a file in; durable when the promise resolves. It is no longer remembered as removed then.
   * @throws LedgerError TOO_LARGE, LIMIT_EXCEEDED when the folder is full, VERIFICATION_FAILED for another hash than was
   * to come, DISK_FULL, NOT_FOUND when it is no longer wanted; whatever `chunks` throws. Nothing is left of it then.
   */
  put(chunks: AsyncIterable<Uint8Array>, limits: IncomingLimits): Promise<HeldFile>
  /**
   * Takes a file in that is not to be kept: it is gone when it is closed.
   * @throws LedgerError as put does
   */
  pass(chunks: AsyncIterable<Uint8Array>, limits: IncomingLimits): Promise<OpenAttachment>
  /** @returns null when it is not held. @throws LedgerError STORE_DAMAGED */
  open(hash: string): Promise<OpenAttachment | null>
  /** Deletes a file and remembers that, durably. */
  remove(hash: string): Promise<void>
  /** Deletes a file without remembering it. */
  drop(hash: string): Promise<void>
}

/** @throws LedgerError DISK_FULL */
export async function openAttachmentFiles({ path, bytesMax }: AttachmentFilesOptions): Promise<AttachmentFiles> {
  const removedPath = join(path, REMOVED)
  const held = new Map<string, number>()
  const removed = new Set<string>()
  /** The names of `held` in their order, while they stay the same. */
  let sorted: readonly string[] | null = null
  let total = 0
  let incoming = 0
  let passing = 0
  let serial = 0
  let last: Promise<unknown> = Promise.resolve()

  const pathOf = (hash: string): string => join(path, hash.slice(0, 2), hash.slice(2, 4), hash)

  /** One after the other: what is put in must not come back behind its removal. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work, work)
    last = result.catch(() => {})
    return result
  }

  function note(hash: string, bytes: number | null): void {
    total += (bytes ?? 0) - (held.get(hash) ?? 0)
    if (bytes === null) held.delete(hash)
    else held.set(hash, bytes)
    sorted = null
  }

  async function erase(hash: string): Promise<void> {
    await eraseFile(pathOf(hash))
    note(hash, null)
    await syncDirectory(dirname(pathOf(hash))).catch(ignoreMissing)
  }

  async function publish(temporary: string, hash: string, bytes: number, isWanted: () => boolean): Promise<void> {
    if (!isWanted()) throw new LedgerError('NOT_FOUND', `attachment ${hash} was removed here meanwhile`, { hash })
    const target = pathOf(hash)
    await makeDirectoryDurably(dirname(target))
    await rename(temporary, target)
    await syncDirectory(dirname(target))
    note(hash, bytes)
    if (!removed.has(hash)) return
    await rm(join(removedPath, hash), { force: true })
    await syncDirectory(removedPath)
    removed.delete(hash)
  }

  /** Writes to a temporary file and works out the hash on the way. */
  async function receive(
    file: FileHandle,
    chunks: AsyncIterable<Uint8Array>,
    limits: IncomingLimits
  ): Promise<HeldFile> {
    const digest = createHash('sha256')
    let bytes = 0
    try {
      for await (const chunk of chunks) {
        limits.signal?.throwIfAborted()
        bytes += chunk.length
        incoming += chunk.length
        if (bytes > limits.bytesMax) {
          throw new LedgerError('TOO_LARGE', `the file has more than ${limits.bytesMax} bytes`, {
            max: limits.bytesMax
          })
        }
        if (total + passing + incoming > bytesMax) throw noRoom(bytesMax)
        digest.update(chunk)
        await file.writeFile(chunk)
      }
      limits.signal?.throwIfAborted()
      const hash = digest.digest('hex')
      if (limits.hash !== undefined && limits.hash !== hash) {
        throw new LedgerError('VERIFICATION_FAILED', `what came is not attachment ${limits.hash}`, { hash })
      }
      await file.sync()
      return { hash, bytes }
    } finally {
      incoming -= bytes
    }
  }

  /** Receives into a temporary file, which is left only when all is well. */
  async function takeIn(chunks: AsyncIterable<Uint8Array>, limits: IncomingLimits) {
    const temporary = join(path, `${INCOMING}${serial++}`)
    const file = await writing(path, () => open(temporary, 'wx', 0o600))
    try {
      const received = await writing(path, () => receive(file, chunks, limits)).finally(() => file.close())
      return { ...received, temporary }
    } catch (error) {
      await eraseFile(temporary)
      throw error
    }
  }

  await writing(path, async () => {
    await makeDirectoryDurably(removedPath)
    await clearIncoming(path)
    for (const name of await readdir(removedPath)) if (HASH.test(name)) removed.add(name)
  })
  for await (const { hash, bytes } of filesBelow(path)) {
    note(hash, bytes)
    // A removal that a crash cut short.
    if (removed.has(hash)) await erase(hash)
  }

  return {
    get bytes() {
      return total
    },
    sizeOf: (hash) => held.get(hash),
    held(after, limit) {
      sorted ??= [...held.keys()].sort()
      const first = sorted.findIndex((hash) => hash > after)
      const page = first < 0 ? [] : sorted.slice(first, first + limit)
      return page.map((hash) => ({ hash, bytes: held.get(hash) ?? 0 }))
    },
    isRemoved: (hash) => removed.has(hash),
    async put(chunks, limits) {
      if (held.size >= FILES_MAX) throw new LedgerError('LIMIT_EXCEEDED', `there are ${FILES_MAX} attachments here`)
      const { temporary, ...received } = await takeIn(chunks, limits)
      try {
        const { hash, bytes } = received
        await writing(path, () => inTurn(() => publish(temporary, hash, bytes, limits.isWanted ?? (() => true))))
        return received
      } finally {
        await rm(temporary, { force: true })
      }
    },
    async pass(chunks, limits) {
      const { temporary, hash } = await takeIn(chunks, limits)
      const file = await openAttachment(temporary, hash).catch(async (error: unknown) => {
        await eraseFile(temporary)
        throw error
      })
      if (file === null) throw new LedgerError('STORE_DAMAGED', `${temporary} has disappeared`)
      passing += file.bytes
      return {
        ...file,
        async close() {
          await file.close()
          if (!existsSync(temporary)) return
          passing -= file.bytes
          await eraseFile(temporary)
        }
      }
    },
    async open(hash) {
      const file = await openAttachment(pathOf(hash), hash)
      if (file === null) note(hash, null)
      return file
    },
    remove: (hash) =>
      writing(path, () =>
        inTurn(async () => {
          if (!removed.has(hash)) {
            if (removed.size >= FILES_MAX)
              throw new LedgerError('LIMIT_EXCEEDED', `${FILES_MAX} removals are remembered`)
            // First: a crash from here on ends with the file deleted.
            await createFileDurably(join(removedPath, hash), '', 0o600)
            removed.add(hash)
          }
          await erase(hash)
        })
      ),
    drop: (hash) => writing(path, () => inTurn(() => erase(hash)))
  }
}

function noRoom(bytesMax: number): LedgerError {
  const message = `the attachments here may have ${bytesMax} bytes together; remove some, or raise attachments.bytesMax`
  return new LedgerError('LIMIT_EXCEEDED', message, { max: bytesMax })
}

/** Whatever the operating system says while writing is that it refuses to. */
async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LedgerError || !(error instanceof Error) || !('syscall' in error)) throw error
    throw new LedgerError('DISK_FULL', `cannot write to ${path}: ${error.message}`, { path }, error)
  }
}

async function clearIncoming(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (name.startsWith(INCOMING)) await eraseFile(join(path, name))
  }
  await syncDirectory(path)
}

async function* filesBelow(path: string): AsyncGenerator<HeldFile> {
  for (const first of await namesIn(path, /^[0-9a-f]{2}$/)) {
    for (const second of await namesIn(join(path, first), /^[0-9a-f]{2}$/)) {
      for (const hash of await namesIn(join(path, first, second), HASH)) {
        if (!hash.startsWith(first + second)) continue
        const { size } = await stat(join(path, first, second, hash))
        yield { hash, bytes: size }
      }
    }
  }
}

async function namesIn(path: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(path)).filter((name) => pattern.test(name))
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
