/** Tables for eight bytes at a time ("slicing by eight"), Castagnoli polynomial, reflected. */
const TABLES = makeTables()

/**
 * CRC-32C (RFC 3720, appendix B.4) of the bytes from `start` to `end`, which LevelDB uses in its files. Node has only
 * CRC-32.
 */
export function crc32c(data: Uint8Array, start: number, end: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES
  let crc = -1
  let i = start
  for (; i + 8 <= end; i += 8) {
    crc ^= data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24)
    crc =
      t7[crc & 255]! ^
      t6[(crc >>> 8) & 255]! ^
      t5[(crc >>> 16) & 255]! ^
      t4[crc >>> 24]! ^
      t3[data[i + 4]!]! ^
      t2[data[i + 5]!]! ^
      t1[data[i + 6]!]! ^
      t0[data[i + 7]!]!
  }
  for (; i < end; i++) crc = t0[(crc ^ data[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

/** As LevelDB stores it: rotated and shifted, so that the CRC of data that holds CRCs is still a good one. */
export function maskedCrc32c(data: Uint8Array, start: number, end: number): number {
  const crc = crc32c(data, start, end)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

type Tables = [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]

function makeTables(): Tables {
  const first = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    first[byte] = crc
  }
  const tables = [first]
  while (tables.length < 8) {
    const before = tables.at(-1)!
    tables.push(before.map((crc) => (crc >>> 8) ^ first[crc & 255]!))
  }
  return tables as Tables
}
