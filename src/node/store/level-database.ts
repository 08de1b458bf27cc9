import { ClassicLevel } from 'classic-level'
import type { LedgerError } from '../../base/errors.js'
import { openBytes, openText, sealBytes, sealText, textOfSealed } from './checked-value.js'
import { readError, writeError } from './disk-errors.js'
import { keyName } from './layout.js'

/** LevelDB's table of unsorted writes, in bytes: a larger one costs less sorting, but its log is read at each start. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024

/** LevelDB's own cache of table blocks, in bytes. */
const BLOCK_CACHE_BYTES = 16 * 1024 * 1024

/** Bytes of one table: larger ones mean fewer open files, smaller ones shorter stalls. */
const TABLE_BYTES = 4 * 1024 * 1024

/** Most pairs, and about how many bytes of them, that are read at once while iterating. */
const PAGE_PAIRS = 1000
const PAGE_BYTES = 256 * 1024

/** A range of keys in the order of their UTF-8 bytes. */
export interface KeyRange {
  readonly gt?: string
  readonly gte?: string
  readonly lt?: string
  readonly reverse?: boolean
  readonly limit?: number
}

export type TextPair = readonly [key: string, text: string]

export type RawPair = readonly [key: string, stored: Buffer]

/** A frozen view of the database; close it. */
export type LevelSnapshot = ReturnType<ClassicLevel['snapshot']>

export interface LevelBatch {
  /** Returns the same text in memory of its own: keeping it does not keep a larger text that it is a slice of. */
  putText(key: string, text: string): string
  /** @param head ASCII of fixed length, which `getBytes` gets back apart from the body */
  putBytes(key: string, head: string, body: string | Uint8Array): void
  delete(key: string): void
  /**
   * Writes everything at once, and durably unless `sync` is false.
   * @throws LedgerError DISK_FULL
   */
  write(options?: { readonly sync: boolean }): Promise<void>
}

/**
 * LevelDB with checksummed values. Reads throw LedgerError STORE_DAMAGED naming the value that does not hold its
 * checksum. After a failed write, and after {@link LevelDatabase.condemn}, every read and write throws that failure: a
 * log that LevelDB could not write whole would swallow what is written behind it.
 */
export interface LevelDatabase {
  getText(key: string, snapshot?: LevelSnapshot): string | undefined
  /** @param name what to call the value in an error, where the key does not say enough */
  getBytes(key: string, headChars: number, name?: string): { head: string; body: Buffer } | undefined
  batch(): LevelBatch
  /** The values of a range, a page at a time; each page is checked before it is handed out. */
  pages(range: KeyRange, snapshot?: LevelSnapshot): AsyncGenerator<readonly TextPair[]>
  /** The same as they are stored, without any check. */
  rawPages(range: KeyRange): AsyncGenerator<readonly RawPair[]>
  /** The first key of a range. */
  firstKey(range: KeyRange): Promise<string | undefined>
  snapshot(): LevelSnapshot
  /** @throws the failure that ended the use of this database, if there was one */
  assertUsable(): void
  condemn(failure: LedgerError): void
  close(): Promise<void>
}

/**
 * Opens LevelDB.
 * @param options.create whether a missing database is created; otherwise it is STORE_DAMAGED
 * @throws LedgerError HOME_LOCKED, STORE_DAMAGED, DISK_FULL
 */
export async function openLevelDatabase(path: string, options: { readonly create: boolean }): Promise<LevelDatabase> {
  const level = new ClassicLevel<string, string>(path, {
    createIfMissing: options.create,
    keyEncoding: 'utf8',
    valueEncoding: 'utf8',
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: BLOCK_CACHE_BYTES,
    maxFileSize: TABLE_BYTES
  })
  try {
    await level.open()
  } catch (error) {
    await level.close()
    throw readError(path, error)
  }
  return levelDatabase(path, level)
}

function levelDatabase(path: string, level: ClassicLevel<string, string>): LevelDatabase {
  let failure: LedgerError | null = null

  function condemn(error: LedgerError): LedgerError {
    failure ??= error
    return failure
  }

  /** Runs a read; whatever fails in it becomes an error that names what was read. */
  function read<T>(name: string | undefined, key: string, work: () => T): T {
    if (failure !== null) throw failure
    try {
      return work()
    } catch (error) {
      throw readError(name ?? keyName(key), error)
    }
  }

  async function* pages(range: KeyRange, snapshot?: LevelSnapshot): AsyncGenerator<readonly TextPair[]> {
    if (failure !== null) throw failure
    const iterator = level.iterator({
      ...range,
      highWaterMarkBytes: PAGE_BYTES,
      ...(snapshot === undefined ? {} : { snapshot })
    })
    try {
      for (;;) {
        const page = await iterator.nextv(PAGE_PAIRS)
        if (failure !== null) throw failure
        if (page.length === 0) return
        yield page.map(([key, stored]) => [key, openText(key, stored, keyName)] as const)
      }
    } catch (error) {
      throw readError(rangeName(range), error)
    } finally {
      await iterator.close()
    }
  }

  async function* rawPages(range: KeyRange): AsyncGenerator<readonly RawPair[]> {
    if (failure !== null) throw failure
    const bytes = { keyEncoding: 'utf8', valueEncoding: 'buffer', highWaterMarkBytes: PAGE_BYTES }
    const iterator = level.iterator<string, Buffer>({ ...range, ...bytes })
    try {
      for (;;) {
        const page = await iterator.nextv(PAGE_PAIRS)
        if (failure !== null) throw failure
        if (page.length === 0) return
        yield page
      }
    } catch (error) {
      throw readError(rangeName(range), error)
    } finally {
      await iterator.close()
    }
  }

  function batch(): LevelBatch {
    const chained = level.batch()
    return {
      putText(key, text) {
        const sealed = sealText(key, text)
        chained.put(key, sealed)
        return textOfSealed(sealed)
      },
      putBytes(key, head, body) {
        chained.put<string, Buffer>(key, sealBytes(key, head, body), { valueEncoding: 'buffer' })
      },
      delete(key) {
        chained.del(key)
      },
      async write({ sync } = { sync: true }) {
        if (failure !== null) {
          await chained.close()
          throw failure
        }
        try {
          await chained.write({ sync })
        } catch (error) {
          throw condemn(writeError(path, error))
        }
      }
    }
  }

  return {
    getText(key, snapshot) {
      return read(undefined, key, () => {
        const stored = snapshot === undefined ? level.getSync(key) : level.getSync(key, { snapshot })
        return stored === undefined ? undefined : openText(key, stored, keyName)
      })
    },
    getBytes(key, headChars, name) {
      return read(name, key, () => {
        const stored = level.getSync<string, Buffer>(key, { valueEncoding: 'buffer' })
        return stored === undefined ? undefined : openBytes(key, stored, headChars, () => name ?? keyName(key))
      })
    },
    batch,
    pages,
    rawPages,
    async firstKey(range) {
      if (failure !== null) throw failure
      const [key] = await level
        .keys({ ...range, limit: 1 })
        .all()
        .catch((error: unknown) => {
          throw readError(rangeName(range), error)
        })
      return key
    },
    snapshot: () => level.snapshot(),
    assertUsable() {
      if (failure !== null) throw failure
    },
    condemn,
    close: () => level.close()
  }
}

function rangeName({ gt, gte, lt }: KeyRange): string {
  const start = gt ?? gte ?? lt
  return start === undefined ? 'the store' : `the store near ${keyName(start)}`
}
