const DIGITS = '0123456789abcdef'

const TEXT_OF_BYTE: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15)
)

/** Value of a lower-case hex digit given as a UTF-16 code unit; -1 for anything else. */
function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 102) return code - 87
  return -1
}

/** Lower-case hex of the bytes. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += TEXT_OF_BYTE[bytes[i]!]
  return text
}

/**
 * Writes the bytes of a lower-case hex text into `target` from `at` on.
 * @returns false when the text is not lower-case hex of whole bytes or does not fit; the target may then be half written
 */
export function hexInto(hex: string, target: Uint8Array, at: number): boolean {
  const { length } = hex
  if (length % 2 !== 0 || at + length / 2 > target.length) return false
  for (let i = 0, to = at; i < length; i += 2, to++) {
    const high = digit(hex.charCodeAt(i))
    const low = digit(hex.charCodeAt(i + 1))
    if (high < 0 || low < 0) return false
    target[to] = (high << 4) | low
  }
  return true
}

/** The bytes of a lower-case hex text; null when it is anything else. */
export function hexToBytes(hex: string): Uint8Array | null {
  const bytes = new Uint8Array(hex.length >> 1)
  return hexInto(hex, bytes, 0) ? bytes : null
}
