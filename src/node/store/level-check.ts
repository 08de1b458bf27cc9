import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { maskedCrc32c } from './crc32c.js'
import { damaged } from './disk-errors.js'
import { readLevelLog } from './level-log.js'
import type { LiveTable } from './level-manifest.js'
import { readVarint, snappyDecompress } from './snappy.js'

/**
 * LevelDB checks its tables and logs only when told to, and classic-level cannot tell it: a bit turned in the key of a
 * table makes a value vanish without a word, or stops the whole process when LevelDB sorts that table; one in a log makes
 * the rest of it vanish. So their checksums are checked here, before LevelDB sees them (google/leveldb,
 * doc/log_format.md and doc/table_format.md).
 */

/** Checksum and type that follow each block of a table. */
const BLOCK_TAIL_BYTES = 5
const FOOTER_BYTES = 48
const TABLE_MAGIC = '57fb808b247547db'

/** Bytes of an index block, decompressed; one of a table of 4 MiB takes some 50 KiB. */
const INDEX_BYTES_MAX = 64 * 1024 * 1024

const SNAPPY = 1

/**
 * Checks the logs of a closed database. A torn end is no damage: LevelDB leaves it out.
 * @throws LedgerError STORE_DAMAGED
 */
export async function checkLogs(directory: string): Promise<void> {
  for (const name of (await readdir(directory)).filter((file) => file.endsWith('.log'))) {
    const path = join(directory, name)
    const log = readLevelLog(await readFile(path))
    if (log.damagedAt !== undefined) throw damaged(path, `${log.why} at byte ${log.damagedAt}`)
  }
}

/**
 * Checks every block of tables in their order, until `bytesMax` is reached or the signal is aborted.
 * @param open whether the database may be open: then a table that is no longer there was replaced by LevelDB
 * @returns those that are left
 * @throws LedgerError STORE_DAMAGED
 */
export async function checkTables(
  tables: readonly LiveTable[],
  options: { readonly bytesMax: number; readonly open: boolean; readonly signal?: AbortSignal | undefined }
): Promise<readonly LiveTable[]> {
  let bytes = 0
  for (const [position, table] of tables.entries()) {
    bytes += table.bytes
    if (bytes > options.bytesMax || options.signal?.aborted === true) return tables.slice(position)
    await checkTable(table, options.open)
  }
  return []
}

async function checkTable({ path, bytes }: LiveTable, open: boolean): Promise<void> {
  let data: Buffer
  try {
    data = await readFile(path)
  } catch (error) {
    if (open && !(await exists(path))) return
    throw damaged(path, 'it cannot be read', error)
  }
  const why = data.length === bytes ? tableFault(data) : `it has ${data.length} bytes instead of ${bytes}`
  if (why !== null) throw damaged(path, why)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false
  )
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
