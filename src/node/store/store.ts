import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { assertInvariant, LedgerError } from '../../base/errors.js'
import type { StateWrite } from '../../ledger/state.js'
import { readBlock, readHeader, readLocation, readTreeNode, writeBlock } from './block-table.js'
import { type BodyTable, openBodyTable } from './body-table.js'
import { type CommitJournal, createJournal, openJournal } from './commit-journal.js'
import { damaged, writeError } from './disk-errors.js'
import { syncDirectory } from './durable-file.js'
import { readHistory, writeHistory } from './history-index.js'
import { FORMAT_KEY, GENESIS_KEY } from './layout.js'
import { checkLogs, checkTables } from './level-check.js'
import { type LevelDatabase, openLevelDatabase } from './level-database.js'
import { type LiveTable, readLiveTables } from './level-manifest.js'
import { migrateStore, refuseNewerFormat, STORE_FORMAT } from './migrate.js'
import { createSlices } from './slices.js'
import { createStateTable, readStates } from './state-table.js'
import { addCounts, NO_COUNTS, readHead, type StoreHead, writeHead } from './store-head.js'
import type { BlockCommit, Store, StoreOptions, StoreSnapshot } from './store-types.js'
import { checkWholeStore } from './whole-check.js'

/** Bytes of tables that are checked before the store is used, about a second; the rest is checked while it is. */
const TABLE_CHECK_BYTES_MAX = 1024 * 1024 * 1024

/** Heights, evenly spread over the chain, at which a block must be found when the store is opened. */
const SAMPLES = 64

/**
 * Opens the store of a partner, or creates it where nothing is. What a crash left unfinished is left out; whatever a
 * crash does not explain is STORE_DAMAGED. The caller holds the lock of the home: the files are read before the database
 * locks them.
 * @throws LedgerError STORE_DAMAGED, STORE_FORMAT, ALREADY_FOUNDED (another network), HOME_LOCKED, DISK_FULL; the
 * signal's reason when it is aborted
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { path, genesis, signal } = options
  const level = join(path, 'level')
  signal?.throwIfAborted()
  const exists = await prepareDirectory(path)
  const unchecked = exists ? await checkFiles(level, signal) : []
  signal?.throwIfAborted()
  const database = await openLevelDatabase(level, { create: !exists })
  let journal: CommitJournal | null = null
  try {
    await initialise(database, genesis, exists)
    refuseNewerFormat(database)
    checkGenesis(database, path, genesis)
    await migrateStore(database)
    const head = readHead(database)
    journal = await openOrCreateJournal(join(path, 'commits'), genesis, head)
    await checkChain(database, journal, head)
    const bodies = await openBodyTable(database)
    const background = new AbortController()
    const { signal: ended } = background
    const checked = checkTables(unchecked, { bytesMax: Number.POSITIVE_INFINITY, open: true, signal: ended }).then(
      () => {},
      (error) => database.condemn(error)
    )
    const stop = async (): Promise<void> => {
      background.abort()
      await checked
    }
    return storeOf(options, { database, journal, bodies, stop }, head)
  } catch (error) {
    await journal?.close()
    await database.close()
    throw error
  }
}

/** Checks the files of a closed database. @returns the tables that are left to be checked while it is open */
async function checkFiles(level: string, signal: AbortSignal | undefined): Promise<readonly LiveTable[]> {
  await checkLogs(level)
  return checkTables(await readLiveTables(level), { bytesMax: TABLE_CHECK_BYTES_MAX, open: false, signal })
}

const inSlices = createSlices({
  monotonic: () => performance.now(),
  turn: () => new Promise((resolve) => setImmediate(resolve))
})

interface StoreParts {
  readonly database: LevelDatabase
  readonly journal: CommitJournal
  readonly bodies: BodyTable
  /** Ends what runs in the background. */
  stop(): Promise<void>
}

function storeOf(options: StoreOptions, parts: StoreParts, opened: StoreHead | null): Store {
  const { database, journal, bodies } = parts
  const states = createStateTable(database, options.cacheBytesMax)
  let head = opened
  let committing: Promise<void> | null = null
  /** The sync of the journal for the newest block. */
  let journaled: Promise<void> = Promise.resolve()
  let closed: Promise<void> | null = null

  async function write(block: BlockCommit): Promise<void> {
    const { height, hash } = block
    const batch = database.batch()
    writeBlock(batch, block)
    await inSlices(writeHistory(batch, height, block.entries))
    const writing = await inSlices(states.write(batch, block.writes))
    const next = { height, hash, counts: addCounts(head?.counts, block, writing.added) }
    writeHead(batch, next)
    // So the journal is never more than one block behind.
    await journaled
    // Last, as long as others may drop what is not committed.
    const bodiesWritten = bodies.commit(batch, block.batches)
    await batch.write()
    writing.done()
    bodiesWritten()
    head = next
    try {
      journal.record({ height, hash })
    } catch (error) {
      journalFailed(error)
      throw error
    }
    journaled = journal.sync()
    journaled.catch(journalFailed)
  }

  /** Without it a lost block would go unnoticed, so nothing more is written. */
  function journalFailed(error: unknown): void {
    database.condemn(writeError(options.path, error))
  }

  async function commit(block: BlockCommit): Promise<void> {
    database.assertUsable()
    const { height, hash } = block
    if (head !== null && height <= head.height) {
      assertInvariant(readHeader(database, height)?.hash === hash, `another block is committed at height ${height}`)
      return
    }
    assertInvariant(committing === null, 'one block is committed at a time')
    assertInvariant(height === (head?.height ?? 0) + 1, `block ${height} does not follow the head of the store`)
    committing = write(block)
    try {
      await committing
    } finally {
      committing = null
    }
  }

  async function putStates(writes: readonly StateWrite[]): Promise<void> {
    database.assertUsable()
    assertInvariant(head !== null && committing === null, 'a store to be completed holds blocks, and is at rest')
    const batch = database.batch()
    const writing = await inSlices(states.write(batch, writes))
    const next = { ...head, counts: { ...head.counts, states: head.counts.states + writing.added } }
    writeHead(batch, next)
    await batch.write()
    writing.done()
    head = next
  }

  function snapshot(): StoreSnapshot {
    database.assertUsable()
    const frozen = database.snapshot()
    const frozenHead = readHead(database, frozen)
    return {
      head: frozenHead === null ? null : { height: frozenHead.height, hash: frozenHead.hash },
      states: (prefix, statesOptions = {}) => readStates(database, prefix, statesOptions, frozen),
      close: () => frozen.close()
    }
  }

  async function closeAll(): Promise<void> {
    await committing?.catch(() => {})
    await journaled.catch(() => {})
    await parts.stop()
    database.condemn(new LedgerError('CLOSED', 'the store is closed'))
    try {
      await journal.close()
    } finally {
      await database.close()
    }
  }

  return {
    get head() {
      return head === null ? null : { height: head.height, hash: head.hash }
    },
    get counts() {
      return head?.counts ?? NO_COUNTS
    },
    state: states.reader,
    putBatches: (batches) => bodies.put(batches),
    readBatch: (hash) => bodies.readText(hash),
    readBatchBytes: (hash) => bodies.readBytes(hash),
    hasBatch: (hash) => bodies.has(hash),
    uncommitted: () => bodies.uncommitted(),
    dropBatches: (hashes) => bodies.drop(hashes),
    outbox: () => bodies.outbox(),
    commit,
    putStates,
    block: (height) => readBlock(database, height),
    header: (height) => readHeader(database, height),
    locate: (author, sequence) => readLocation(database, author, sequence),
    history: (object, key, historyOptions) => readHistory(database, object, key, historyOptions),
    states: (prefix, statesOptions = {}) => readStates(database, prefix, statesOptions),
    snapshot,
    treeNode: (nodeLevel, index) => readTreeNode(database, nodeLevel, index),
    checkWhole(onProblem, signal) {
      const checked = head
      return checkWholeStore(database, checked, { onProblem, isCurrent: () => head === checked, signal })
    },
    close() {
      closed ??= closeAll()
      return closed
    }
  }
}

/** Makes the directory. @returns whether a store is there already */
async function prepareDirectory(path: string): Promise<boolean> {
  const files = await namesIn(join(path, 'level'))
  if (files.includes('CURRENT')) return true
  // LevelDB would take this for a new database, and delete what is left of the old one.
  const rest = [...files.filter((name) => /\.(ldb|log)$/.test(name)), ...(await namesIn(path)).filter(isJournal)]
  if (rest.length > 0) throw damaged(path, `its database is missing, but ${rest.join(', ')} is there`)
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await syncDirectory(dirname(path))
  } catch (error) {
    throw writeError(path, error)
  }
  return false
}

function isJournal(name: string): boolean {
  return name === 'commits'
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw damaged(path, 'it cannot be read', error)
  }
}

/** Writes what every store begins with, also when a crash came between creating the database and this. */
async function initialise(database: LevelDatabase, genesis: string, exists: boolean): Promise<void> {
  if (exists && (await database.firstKey({})) !== undefined) return
  const batch = database.batch()
  batch.putText(FORMAT_KEY, String(STORE_FORMAT))
  batch.putText(GENESIS_KEY, genesis)
  await batch.write()
}

function checkGenesis(database: LevelDatabase, path: string, genesis: string): void {
  const found = database.getText(GENESIS_KEY)
  if (found === undefined) throw damaged('the genesis hash of the store', 'it is missing')
  if (found === genesis) return
  const message =
    `the store ${path} belongs to another network, with genesis ${found}, than genesis.json says (${genesis}); ` +
    'put back the genesis.json that this home was founded with: it is the same at every partner'
  throw new LedgerError('ALREADY_FOUNDED', message, { path, found, expected: genesis })
}

async function openOrCreateJournal(path: string, genesis: string, head: StoreHead | null): Promise<CommitJournal> {
  try {
    return await openJournal(path, genesis)
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'LOG_DAMAGED') throw journalDamaged(path, error)
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    // It is created before the first block.
    if (head !== null) throw damaged(path, 'it is missing, so nobody can tell whether blocks were lost', error)
    return createJournal(path, genesis)
  }
}

function journalDamaged(path: string, error: LedgerError): LedgerError {
  const { why, offset } = error.details
  return damaged(path, typeof why === 'string' ? `${why} at byte ${offset}` : error.message, error)
}

/** Holds the chain in the database against the journal, and looks for holes in it. */
async function checkChain(database: LevelDatabase, journal: CommitJournal, head: StoreHead | null): Promise<void> {
  const height = head?.height ?? 0
  const { last } = journal
  if (last !== null && last.height > height) {
    throw damaged('the store', `it lost blocks ${height + 1} to ${last.height}, which were committed`)
  }
  if (last !== null) checkHash(database, last.height, last.hash)
  if (head === null) return
  checkHash(database, height, head.hash)
  for (let i = 1; i <= SAMPLES; i++) checkHash(database, Math.ceil((height * i) / SAMPLES))
  if (last?.height === height) return
  journal.record({ height, hash: head.hash })
  await journal.sync()
}

function checkHash(database: LevelDatabase, height: number, hash?: string): void {
  const found = readHeader(database, height)
  if (found === undefined) throw damaged(`block ${height}`, 'it is missing')
  if (hash !== undefined && found.hash !== hash)
    throw damaged(`block ${height}`, 'it is not the one that was committed')
}
