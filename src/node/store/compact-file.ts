import { rm } from 'node:fs/promises'
import { LedgerError } from '../../base/errors.js'
import { type AppendFile, createAppendFile, logDamaged, openAppendFile } from './append-file.js'

/** Size at which a file is written anew with only what still counts. */
const COMPACT_BYTES = 1024 * 1024

/**
 * An append file of which only the newest part counts: when it has grown, it is replaced by a new one that begins with
 * `survivors()`. The same promises as {@link AppendFile}.
 */
export interface CompactFile {
  readonly path: string
  append(record: string): void
  sync(): Promise<void>
  close(): Promise<void>
}

export interface CompactFileOptions {
  readonly path: string
  /** First record of the file: whose it is. A file with another one is refused. */
  readonly head: string
  /** The records that say all that counts, asked for whenever the file is written anew. */
  readonly survivors: () => readonly string[]
  /** @default COMPACT_BYTES */
  readonly compactBytes?: number
}

/**
 * Creates the file with its head and survivors, durable when the promise resolves.
 * @throws LedgerError DISK_FULL
 */
export async function createCompactFile(options: CompactFileOptions): Promise<CompactFile> {
  const file = await successor(options)
  try {
    for (const record of options.survivors()) file.append(record)
    await file.publish(options.path)
  } catch (error) {
    await file.close()
    throw error
  }
  return compactFile(options, file)
}

/**
 * Opens the file and hands each record behind the head to `onRecord`.
 * @throws LedgerError LOG_DAMAGED; Error with code ENOENT when there is none
 */
export async function openCompactFile(
  options: CompactFileOptions,
  onRecord: (text: string) => void
): Promise<CompactFile> {
  await rm(successorPath(options.path), { force: true })
  const { file, records } = await openAppendFile(options.path)
  try {
    const [head, ...rest] = records.map((record) => new TextDecoder().decode(record))
    // The head is written before the file gets its name, so no crash leaves it out.
    if (head === undefined) throw logDamaged(options.path, 0, 'its first record is missing')
    if (head !== options.head) {
      throw new LedgerError('LOG_DAMAGED', `${options.path} belongs to another network, key or version: ${head}`, {
        path: options.path,
        found: head,
        expected: options.head
      })
    }
    for (const text of rest) onRecord(text)
  } catch (error) {
    await file.close()
    throw error
  }
  return compactFile(options, file)
}

function successorPath(path: string): string {
  return `${path}.new`
}

async function successor({ path, head }: CompactFileOptions): Promise<AppendFile> {
  await rm(successorPath(path), { force: true })
  const file = await createAppendFile(successorPath(path))
  file.append(head)
  return file
}

function compactFile(options: CompactFileOptions, opened: AppendFile): CompactFile {
  const { path, survivors, compactBytes = COMPACT_BYTES } = options
  let current = opened
  let limit = Math.max(compactBytes, 2 * opened.size)
  /** Until it resolves, `current` may not have its name yet, and nothing is durable. */
  let compacting: Promise<void> | null = null
  let failure: unknown = null

  async function compact(): Promise<void> {
    const old = current
    let fresh: AppendFile | null = null
    try {
      fresh = await successor(options)
      // Nothing may be appended between these two: the survivors stand for all appended before.
      for (const record of survivors()) fresh.append(record)
      current = fresh
      await fresh.publish(path)
      limit = Math.max(compactBytes, 2 * fresh.size)
    } catch (error) {
      failure = error
      throw error
    } finally {
      const unused = current === old ? fresh : old
      // A sync that began on the old file must not find it closed.
      await unused?.sync().catch(() => {})
      await unused?.close()
    }
  }

  return {
    path,
    append(record) {
      if (failure !== null) throw failure
      current.append(record)
      if (current.size < limit || compacting !== null) return
      compacting = compact().finally(() => {
        compacting = null
      })
      // Whoever syncs next is told of a failure.
      compacting.catch(() => {})
    },
    async sync() {
      if (failure !== null) throw failure
      await compacting
      await current.sync()
    },
    async close() {
      await compacting?.catch(() => {})
      await current.close()
    }
  }
}
