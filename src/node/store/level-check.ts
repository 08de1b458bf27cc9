import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { maskedCrc32c } from './crc32c.js'
import { damaged } from './disk-errors.js'
import { endsInZeroSectors } from './frames.js'
import { readVarint, snappyDecompress } from './snappy.js'

/**
 * LevelDB checks its tables and logs only when told to, and classic-level cannot tell it: a bit turned in the key of a
 * table makes a value vanish without a word, one in a log makes the rest of it vanish. So their checksums are checked
 * here (google/leveldb: doc/log_format.md, doc/table_format.md). The manifest LevelDB checks itself.
 */

const LOG_BLOCK_BYTES = 32 * 1024
const LOG_HEAD_BYTES = 7

/** Checksum and type that follow each block of a table. */
const BLOCK_TAIL_BYTES = 5
const FOOTER_BYTES = 48
const TABLE_MAGIC = '57fb808b247547db'

/** Bytes of an index block, decompressed; one of a table of 4 MiB takes some 50 KiB. */
const INDEX_BYTES_MAX = 64 * 1024 * 1024

const SNAPPY = 1

/** A table as it was at a time: a file that has changed since is another one. */
export interface TableFile {
  readonly path: string
  readonly bytes: number
  readonly identity: string
}

/**
 * Checks the logs of a closed database. A torn end is no damage: LevelDB leaves it out.
 * @throws LedgerError STORE_DAMAGED
 */
export async function checkLogs(directory: string): Promise<void> {
  for (const name of (await readdir(directory)).filter((file) => file.endsWith('.log'))) {
    const path = join(directory, name)
    const fault = logFault(await readFile(path))
    if (fault !== null) throw damaged(path, `${fault.why} at byte ${fault.at}`)
  }
}

function logFault(data: Buffer): { at: number; why: string } | null {
  let at = 0
  while (at + LOG_HEAD_BYTES <= data.length) {
    const left = LOG_BLOCK_BYTES - (at % LOG_BLOCK_BYTES)
    if (left < LOG_HEAD_BYTES) {
      at += left
      continue
    }
    const size = data.readUInt16LE(at + 4)
    const end = at + LOG_HEAD_BYTES + size
    if (size <= left - LOG_HEAD_BYTES && end > data.length) return null
    const holds =
      size <= left - LOG_HEAD_BYTES && data.readUInt32LE(at) === maskedCrc32c(data, at + LOG_HEAD_BYTES - 1, end)
    if (!holds) return endsInZeroSectors(data, at) ? null : { at, why: 'the checksum of a log record does not hold' }
    at = end
  }
  return null
}

/** The tables of a database, newest first. */
export async function listTables(directory: string): Promise<TableFile[]> {
  const tables: TableFile[] = []
  for (const name of await readdir(directory)) {
    if (!/\.(ldb|sst)$/.test(name)) continue
    const table = await tableFile(join(directory, name))
    if (table !== null) tables.push(table)
  }
  return tables.sort((a, b) => (a.path < b.path ? 1 : -1))
}

async function tableFile(path: string): Promise<TableFile | null> {
  try {
    const { size, ino, mtimeMs } = await stat(path)
    return { path, bytes: size, identity: `${ino} ${size} ${mtimeMs}` }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/**
 * Checks tables in their order until `bytesMax` is reached or the signal is aborted.
 * @returns those that are left
 * @throws LedgerError STORE_DAMAGED
 */
export async function checkTables(
  tables: readonly TableFile[],
  bytesMax: number,
  signal?: AbortSignal
): Promise<readonly TableFile[]> {
  let bytes = 0
  for (const [position, table] of tables.entries()) {
    bytes += table.bytes
    if (bytes > bytesMax || signal?.aborted === true) return tables.slice(position)
    await checkTable(table)
  }
  return []
}

/**
 * Checks every block of a table. A table that has gone or changed since it was listed is left out: opening removes what
 * a crash left half written, and LevelDB replaces tables as it sorts them.
 * @throws LedgerError STORE_DAMAGED
 */
export async function checkTable(table: TableFile): Promise<void> {
  let data: Buffer
  try {
    data = await readFile(table.path)
  } catch (error) {
    if ((await tableFile(table.path)) === null) return
    throw damaged(table.path, 'it cannot be read', error)
  }
  const why = tableFault(data)
  if (why !== null && (await tableFile(table.path))?.identity === table.identity) throw damaged(table.path, why)
}

function tableFault(data: Buffer): string | null {
  const footer = data.length - FOOTER_BYTES
  if (footer < 0 || data.toString('hex', data.length - 8) !== TABLE_MAGIC) return 'it does not end as a table does'
  const meta = readHandle(data, footer)
  const index = meta === null ? null : readHandle(data, meta.next)
  if (meta === null || index === null) return 'its footer is damaged'
  // The blocks stand one after the other: data, metadata (a filter), their two indexes, footer.
  if (blockEnd(meta) !== index.offset || blockEnd(index) !== footer) return 'its footer is damaged'
  if (!blockHolds(data, meta) || !blockHolds(data, index)) return 'the checksum of an index block does not hold'
  const dataHandles = readIndex(blockContent(data, index))
  const metaHandles = readIndex(blockContent(data, meta))
  if (dataHandles === null || metaHandles === null) return 'its index is damaged'
  let at = 0
  for (const handle of [...dataHandles, ...metaHandles]) {
    if (handle.offset !== at) return 'its index leaves out a block'
    if (!blockHolds(data, handle)) return `the checksum of the block at byte ${at} does not hold`
    at = blockEnd(handle)
  }
  return at === meta.offset ? null : 'its index leaves out a block'
}

interface BlockHandle {
  readonly offset: number
  /** Bytes without the tail. */
  readonly size: number
  /** Where reading goes on behind the handle. */
  readonly next: number
}

function readHandle(data: Uint8Array, at: number): BlockHandle | null {
  const offset = readVarint(data, at)
  const size = offset === null ? null : readVarint(data, offset.next)
  return offset === null || size === null ? null : { offset: offset.value, size: size.value, next: size.next }
}

function blockEnd({ offset, size }: BlockHandle): number {
  return offset + size + BLOCK_TAIL_BYTES
}

function blockHolds(data: Buffer, handle: BlockHandle): boolean {
  const end = handle.offset + handle.size
  if (end + BLOCK_TAIL_BYTES > data.length) return false
  return data.readUInt32LE(end + 1) === maskedCrc32c(data, handle.offset, end + 1)
}

function blockContent(data: Buffer, { offset, size }: BlockHandle): Uint8Array | null {
  const stored = data.subarray(offset, offset + size)
  return data[offset + size] === SNAPPY ? snappyDecompress(stored, INDEX_BYTES_MAX) : stored
}

/** The handles of all data blocks: the values of an index block, whose keys do not matter here. */
function readIndex(block: Uint8Array | null): BlockHandle[] | null {
  if (block === null || block.length < 4) return null
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  const end = block.length - 4 - 4 * view.getUint32(block.length - 4, true)
  const handles: BlockHandle[] = []
  let at = 0
  while (at < end) {
    // An entry: bytes of the key shared with the one before, other bytes of the key, bytes of the value; then these.
    const shared = readVarint(block, at)
    const other = shared === null ? null : readVarint(block, shared.next)
    const size = other === null ? null : readVarint(block, other.next)
    if (other === null || size === null) return null
    const handle = readHandle(block, size.next + other.value)
    if (handle === null) return null
    handles.push(handle)
    at = size.next + other.value + size.value
  }
  return at === end ? handles : null
}
