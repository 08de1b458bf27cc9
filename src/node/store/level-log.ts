import { maskedCrc32c } from './crc32c.js'
import { endsInZeroSectors } from './frames.js'

const BLOCK_BYTES = 32 * 1024

/** Checksum, length and type before each fragment. */
const HEAD_BYTES = 7

/** Types of fragments: a whole record, or its first, middle and last ones. */
const FULL = 1
const FIRST = 2
const LAST = 4

export type LevelLog =
  | { readonly damagedAt?: never; readonly records: readonly Buffer[] }
  | { readonly damagedAt: number; readonly why: string }

/**
 * The records of a log in LevelDB's format (google/leveldb, doc/log_format.md), which is also that of its manifest. A
 * torn end is left out, as LevelDB does; anything else that does not hold its checksum is damage, at which LevelDB would
 * leave out what follows without a word.
 */
export function readLevelLog(data: Buffer): LevelLog {
  const records: Buffer[] = []
  let fragments: Buffer[] = []
  let at = 0
  while (at + HEAD_BYTES <= data.length) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES)
    if (left < HEAD_BYTES) {
      at += left
      continue
    }
    const size = data.readUInt16LE(at + 4)
    const type = data[at + 6]!
    const end = at + HEAD_BYTES + size
    const fits = size <= left - HEAD_BYTES
    if (fits && end > data.length) break
    if (!fits || data.readUInt32LE(at) !== maskedCrc32c(data, at + HEAD_BYTES - 1, end)) {
      if (endsInZeroSectors(data, at)) break
      return { damagedAt: at, why: 'the checksum of a log record does not hold' }
    }
    if (type === FULL || type === FIRST) fragments = []
    fragments.push(data.subarray(at + HEAD_BYTES, end))
    if (type === FULL || type === LAST) records.push(fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments))
    at = end
  }
  return { records }
}
