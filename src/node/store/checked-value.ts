import { crc32 } from 'node:zlib'
import { damaged } from './disk-errors.js'

/** Characters of a checksum: the 32 bits of a CRC in groups of seven, so that each is one byte of UTF-8. */
const CHECK_CHARS = 5

/**
 * The form in which a text is stored: its checksum, then the text. The checksum is a CRC-32 over key and text, so that
 * a value that turns up under another key is noticed too. It finds every single damaged byte.
 */
export function sealText(key: string, text: string): string {
  return checkOf(crc32(text, crc32(key))) + text
}

/**
 * The text of a stored value.
 * @param name what the value is, for the error
 * @throws LedgerError STORE_DAMAGED when the checksum does not hold
 */
export function openText(key: string, stored: string, name: (key: string) => string): string {
  const text = stored.slice(CHECK_CHARS)
  if (!stored.startsWith(checkOf(crc32(text, crc32(key))))) throw damaged(name(key), 'its checksum does not hold')
  return text
}

/** The text within what {@link sealText} just made: in memory of its own, even if the text was a slice of a larger one. */
export function textOfSealed(sealed: string): string {
  return sealed.slice(CHECK_CHARS)
}

/** As {@link sealText}, for large texts that travel as UTF-8 bytes. */
export function sealBytes(key: string, head: string, body: string | Uint8Array): Buffer {
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const start = CHECK_CHARS + head.length
  const sealed = Buffer.allocUnsafe(start + size)
  sealed.write(head, CHECK_CHARS, 'latin1')
  if (typeof body === 'string') sealed.write(body, start, 'utf8')
  else sealed.set(body, start)
  sealed.write(checkOf(crc32(sealed.subarray(CHECK_CHARS), crc32(key))), 0, 'latin1')
  return sealed
}

/** As {@link openText}: head and body of what {@link sealBytes} made, as a view into it. */
export function openBytes(
  key: string,
  stored: Buffer,
  headChars: number,
  name: (key: string) => string
): { head: string; body: Buffer } {
  const content = stored.subarray(CHECK_CHARS)
  if (stored.toString('latin1', 0, CHECK_CHARS) !== checkOf(crc32(content, crc32(key)))) {
    throw damaged(name(key), 'its checksum does not hold')
  }
  return { head: content.toString('latin1', 0, headChars), body: content.subarray(headChars) }
}

function checkOf(crc: number): string {
  return String.fromCharCode(crc >>> 28, (crc >>> 21) & 0x7f, (crc >>> 14) & 0x7f, (crc >>> 7) & 0x7f, crc & 0x7f)
}
