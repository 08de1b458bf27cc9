/**
 * Decompresses a block of the Snappy format (google/snappy, format_description.txt), in which LevelDB keeps the index of
 * a table. Null when the bytes are not such a block.
 */
export function snappyDecompress(data: Uint8Array, bytesMax: number): Uint8Array | null {
  const length = readVarint(data, 0)
  if (length === null || length.value > bytesMax) return null
  const output = new Uint8Array(length.value)
  let from = length.next
  let to = 0
  while (from < data.length) {
    const tag = data[from]!
    const element = (tag & 3) === 0 ? literal(data, from, tag) : copy(data, from, tag)
    if (element === null || to + element.length > output.length) return null
    if (element.offset === 0) {
      if (element.next + element.length > data.length) return null
      output.set(data.subarray(element.next, element.next + element.length), to)
      from = element.next + element.length
    } else {
      if (element.offset > to) return null
      // Byte by byte: a copy may overlap what it writes.
      for (let i = 0; i < element.length; i++) output[to + i] = output[to + i - element.offset]!
      from = element.next
    }
    to += element.length
  }
  return to === output.length ? output : null
}

/** A number in groups of seven bits, lowest first, of at most 64 bits; null when it does not end in time. */
export function readVarint(data: Uint8Array, at: number): { value: number; next: number } | null {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = data[at + i]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, next: at + i + 1 }
  }
  return null
}

/** `offset` 0: `length` bytes follow at `next`; else they repeat what stands `offset` bytes before. */
interface Element {
  readonly length: number
  readonly offset: number
  readonly next: number
}

function literal(data: Uint8Array, at: number, tag: number): Element | null {
  const short = tag >> 2
  if (short < 60) return { length: short + 1, offset: 0, next: at + 1 }
  const bytes = short - 59
  if (at + 1 + bytes > data.length) return null
  return { length: littleEndian(data, at + 1, bytes) + 1, offset: 0, next: at + 1 + bytes }
}

function copy(data: Uint8Array, at: number, tag: number): Element | null {
  const kind = tag & 3
  const bytes = kind === 3 ? 4 : kind
  if (at + 1 + bytes > data.length) return null
  const low = littleEndian(data, at + 1, bytes)
  const element =
    kind === 1
      ? { length: ((tag >> 2) & 7) + 4, offset: (tag >> 5) * 256 + low, next: at + 2 }
      : { length: (tag >> 2) + 1, offset: low, next: at + 1 + bytes }
  return element.offset === 0 ? null : element
}

function littleEndian(data: Uint8Array, at: number, bytes: number): number {
  let value = 0
  for (let i = 0; i < bytes; i++) value += data[at + i]! * 2 ** (8 * i)
  return value
}
