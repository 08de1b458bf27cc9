import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { damaged } from './disk-errors.js'
import { readLevelLog } from './level-log.js'
import { readVarint } from './snappy.js'

/** A table that belongs to a database. */
export interface LiveTable {
  readonly path: string
  readonly bytes: number
}

/** What an edit in the manifest says, by its tag (google/leveldb, db/version_edit.cc). */
const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE_NUMBER = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG_NUMBER = 9

/**
 * The tables of a closed database, newest first, by its manifest: beside them there may be others, half written or no
 * longer needed, which the next opening removes.
 * @throws LedgerError STORE_DAMAGED
 */
export async function readLiveTables(directory: string): Promise<LiveTable[]> {
  const current = join(directory, 'CURRENT')
  const name = (await contentOf(current)).toString('latin1')
  if (!/^MANIFEST-\d+\n$/.test(name)) throw damaged(current, 'it names no manifest')
  const path = join(directory, name.trim())
  const log = readLevelLog(await contentOf(path))
  if (log.damagedAt !== undefined) throw damaged(path, `${log.why} at byte ${log.damagedAt}`)
  const sizes = new Map<number, number>()
  for (const edit of log.records) {
    if (!applyEdit(edit, sizes)) throw damaged(path, 'an edit in it means nothing')
  }
  const byNumber = [...sizes].sort(([a], [b]) => b - a)
  return byNumber.map(([fileNumber, bytes]) => ({ path: join(directory, tableName(fileNumber)), bytes }))
}

function tableName(fileNumber: number): string {
  return `${String(fileNumber).padStart(6, '0')}.ldb`
}

async function contentOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw damaged(path, 'it cannot be read', error)
  }
}

/** Adds and removes tables by their number. False when the edit cannot be read. */
function applyEdit(edit: Buffer, sizes: Map<number, number>): boolean {
  const numbers = numberReader(edit)
  while (!numbers.atEnd()) {
    switch (numbers.next()) {
      case COMPARATOR:
        numbers.skipText()
        break
      case LOG_NUMBER:
      case NEXT_FILE_NUMBER:
      case LAST_SEQUENCE:
      case PREVIOUS_LOG_NUMBER:
        numbers.next()
        break
      case COMPACT_POINTER:
        numbers.next()
        numbers.skipText()
        break
      case DELETED_FILE:
        numbers.next()
        sizes.delete(numbers.next())
        break
      case NEW_FILE: {
        numbers.next()
        const fileNumber = numbers.next()
        sizes.set(fileNumber, numbers.next())
        numbers.skipText()
        numbers.skipText()
        break
      }
      default:
        return false
    }
  }
  return numbers.isWhole()
}

/** Reads an edit number by number. Once something ends too early, every number is NaN and nothing is whole. */
function numberReader(edit: Buffer) {
  let at = 0
  let whole = true

  function next(): number {
    const number = readVarint(edit, at)
    if (number === null) {
      whole = false
      at = edit.length
      return Number.NaN
    }
    at = number.next
    return number.value
  }

  return {
    next,
    skipText() {
      const size = next()
      if (!(at + size <= edit.length)) whole = false
      else at += size
    },
    atEnd: () => at >= edit.length || !whole,
    isWhole: () => whole && at === edit.length
  }
}
