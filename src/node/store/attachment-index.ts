import { rm } from 'node:fs/promises'
import { LedgerError } from '../../base/errors.js'
import type { Logger } from '../log.js'
import { damaged } from './disk-errors.js'
import { prefixEnd } from './layout.js'
import { type LevelDatabase, openLevelDatabase } from './level-database.js'

/** What the chain says of one file. */
export interface AttachmentRow {
  /** Id of the first accepted record that has it. */
  readonly record: string
  /** Of that record. */
  readonly author: string
  /** The largest size that a record says. At most one can be right, and a lie must not keep the right one out. */
  readonly bytes: number
}

/** A block by its height and hash. */
export interface BlockMark {
  readonly height: number
  readonly hash: string
}

export interface AttachmentIndexOptions {
  /** Folder of the database. */
  readonly path: string
  /** Hash of the network. */
  readonly genesis: string
  /** Hash of a block of the chain; undefined when there is none of this height. */
  readonly hashAt: (height: number) => string | undefined
  readonly log: Logger
}

/**
 * Which files the records of the chain have, and which of them are still to be fetched. Everything here follows from the
 * chain, so that it is made anew when it is of another chain, or damaged.
 */
export interface AttachmentIndex {
  /** Of the newest block whose records are here. */
  readonly height: number
  get(hash: string): AttachmentRow | undefined
  /**
   * Takes the files of the next block.
   * @param areWanted whether they are to be fetched
   */
  add(block: BlockMark, rows: readonly (readonly [hash: string, row: AttachmentRow])[], areWanted: boolean): void
  /** Hashes that are still to be fetched. */
  wanted(): AsyncGenerator<string>
  /** It is here, or not to be fetched any more. */
  settle(hash: string): void
  close(): Promise<void>
}

const MARK = 'mark'
const ROW = 'a'
const WANTED = 'w'

/** Blocks without files after which the mark is written all the same: as many may be read again at a start. */
const MARK_EVERY = 256

interface Mark extends BlockMark {
  readonly genesis: string
}

/** @throws LedgerError DISK_FULL, HOME_LOCKED */
export async function openAttachmentIndex(options: AttachmentIndexOptions): Promise<AttachmentIndex> {
  const { path, genesis, log } = options
  const before = await open(options)
  if (before !== null) return createIndex(before.database, before.mark, log)
  await rm(path, { recursive: true, force: true })
  const database = await openLevelDatabase(path, { create: true })
  return createIndex(database, { genesis, height: 0, hash: genesis }, log)
}

/** The index that is there, if it is of this chain. */
async function open({ path, genesis, hashAt, log }: AttachmentIndexOptions) {
  let database: LevelDatabase | null = null
  try {
    database = await openLevelDatabase(path, { create: true })
    const text = database.getText(MARK)
    const mark = text === undefined ? null : markOf(text)
    if (mark !== null && mark.genesis === genesis && (mark.height === 0 || hashAt(mark.height) === mark.hash)) {
      return { database, mark }
    }
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'STORE_DAMAGED') throw error
    log.warn('the index of attachments is damaged and is made anew', { error })
  }
  await database?.close()
  return null
}

/** @throws LedgerError STORE_DAMAGED for what is no mark, whatever its checksum says */
function markOf(text: string): Mark {
  try {
    return JSON.parse(text) as Mark
  } catch (error) {
    throw damaged('the mark of the index of attachments', 'it is not JSON', error)
  }
}

function createIndex(database: LevelDatabase, opened: Mark, log: Logger): AttachmentIndex {
  let mark = opened
  let written = opened.height
  /** What is not written yet; null deletes. */
  let pending = new Map<string, string | null>()
  /** What is being written: until it is, it has to be found here. */
  let writing: ReadonlyMap<string, string | null> = new Map()
  let flushing: Promise<void> | null = null
  let isBroken = false

  function read(key: string): string | undefined {
    const text = pending.has(key) ? pending.get(key) : writing.get(key)
    if (text !== undefined) return text ?? undefined
    try {
      return database.getText(key)
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== 'STORE_DAMAGED') throw error
      const remedy = 'stop the node and delete the folder attachment-index of its home: it is made anew'
      throw new LedgerError('STORE_DAMAGED', `the index of attachments cannot be read; ${remedy}`, {}, error)
    }
  }

  /** Not durable: what a crash takes along is read from the chain again. */
  async function flush(): Promise<void> {
    while (pending.size > 0 && !isBroken) {
      writing = pending
      pending = new Map()
      const { height } = mark
      const batch = database.batch()
      for (const [key, text] of writing) {
        if (text === null) batch.delete(key)
        else batch.putText(key, text)
      }
      batch.putText(MARK, JSON.stringify(mark))
      await batch.write({ sync: false }).catch((error: unknown) => {
        isBroken = true
        log.error('the index of attachments cannot be written; the node goes on without', { error })
      })
      writing = new Map()
      written = height
    }
  }

  function schedule(): void {
    if (flushing !== null || isBroken) return
    // All of one block, and of those that come in the meantime, at once.
    flushing = new Promise<void>((resolve) => setImmediate(resolve)).then(flush).finally(() => {
      flushing = null
    })
  }

  return {
    get height() {
      return mark.height
    },
    get(hash) {
      const text = read(ROW + hash)
      return text === undefined ? undefined : (JSON.parse(text) as AttachmentRow)
    },
    add({ height, hash }, rows, areWanted) {
      // Read again from the chain at the next start.
      if (isBroken) return
      for (const [file, row] of rows) {
        const before = this.get(file)
        if (before !== undefined && before.bytes >= row.bytes) continue
        pending.set(ROW + file, JSON.stringify(before === undefined ? row : { ...before, bytes: row.bytes }))
        if (areWanted && before === undefined) pending.set(WANTED + file, '')
      }
      mark = { ...mark, height, hash }
      if (height - written >= MARK_EVERY && pending.size === 0) pending.set(MARK, '')
      if (pending.size > 0) schedule()
    },
    async *wanted() {
      await flushing
      for await (const page of database.pages({ gte: WANTED, lt: prefixEnd(WANTED) })) {
        for (const [key] of page) if (pending.get(key) !== null) yield key.slice(WANTED.length)
      }
    },
    settle(hash) {
      if (read(WANTED + hash) === undefined) return
      pending.set(WANTED + hash, null)
      schedule()
    },
    async close() {
      if (mark.height > written) pending.set(MARK, '')
      if (pending.size > 0) schedule()
      await flushing
      await database.close()
    }
  }
}
