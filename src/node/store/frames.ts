import { crc32 } from 'node:zlib'

/** What every append file begins with. */
export const PREAMBLE = Buffer.from('ledger log 1\n', 'latin1')

/**
 * A frame: length of the record, checksum of place and length, checksum of the record; each a 32-bit little-endian
 * number. The length has its own checksum, because a damaged length would look like a record cut short by a crash. The
 * place is part of it, so that a record that turns up elsewhere is noticed.
 */
const FRAME_BYTES = 12

/** What a disk writes whole or not at all: a record torn by a power failure is cut at a multiple of it. */
const SECTOR_BYTES = 512

/** The frame of a record and the record, for a file that is `offset` bytes long. */
export function frameRecord(record: string | Uint8Array, offset: number): Buffer {
  const size = typeof record === 'string' ? Buffer.byteLength(record) : record.length
  const frame = Buffer.allocUnsafe(FRAME_BYTES + size)
  if (typeof record === 'string') frame.write(record, FRAME_BYTES, 'utf8')
  else frame.set(record, FRAME_BYTES)
  frame.writeUInt32LE(size, 0)
  frame.writeUInt32LE(headCheck(size, offset), 4)
  frame.writeUInt32LE(crc32(frame.subarray(FRAME_BYTES)), 8)
  return frame
}

export type ScannedFrames =
  | { readonly damagedAt?: never; readonly records: Uint8Array[]; readonly end: number }
  | { readonly damagedAt: number; readonly why: string }

/**
 * The records of a file, up to `end`. What follows `end` is a torn last record: one that the file ends within, or whose
 * last sectors are still zero because the power failed before they were written. Anything else that does not hold its
 * checksum is damage: a crash does not turn bits, and a whole record that is wrong was once right.
 */
export function scanFrames(data: Buffer): ScannedFrames {
  if (!data.subarray(0, PREAMBLE.length).equals(PREAMBLE)) {
    return { damagedAt: 0, why: 'it does not begin as a log of this version does' }
  }
  const records: Uint8Array[] = []
  let at = PREAMBLE.length
  while (at < data.length) {
    const left = data.length - at
    if (left < FRAME_BYTES) return { records, end: at }
    const size = data.readUInt32LE(at)
    const why = frameFault(data, at, size)
    if (why === 'short') return { records, end: at }
    if (why !== null) return endsInZeroSectors(data, at) ? { records, end: at } : { damagedAt: at, why }
    records.push(data.subarray(at + FRAME_BYTES, at + FRAME_BYTES + size))
    at += FRAME_BYTES + size
  }
  return { records, end: at }
}

function frameFault(data: Buffer, at: number, size: number): string | null {
  if (data.readUInt32LE(at + 4) !== headCheck(size, at)) return 'the checksum of a record length does not hold'
  const start = at + FRAME_BYTES
  if (start + size > data.length) return 'short'
  const holds = data.readUInt32LE(at + 8) === crc32(data.subarray(start, start + size))
  return holds ? null : 'the checksum of a record does not hold'
}

/** Whether the file, from `at` or from a sector boundary behind it, is nothing but zeros to its end. */
export function endsInZeroSectors(data: Buffer, at: number): boolean {
  let zerosFrom = data.length
  while (zerosFrom > at && data[zerosFrom - 1] === 0) zerosFrom--
  const boundary = Math.ceil(zerosFrom / SECTOR_BYTES) * SECTOR_BYTES
  return zerosFrom === at || boundary < data.length
}

function headCheck(size: number, offset: number): number {
  const head = Buffer.allocUnsafe(12)
  head.writeUInt32LE(size, 0)
  head.writeUInt32LE(offset >>> 0, 4)
  head.writeUInt32LE(Math.floor(offset / 2 ** 32), 8)
  return crc32(head)
}
