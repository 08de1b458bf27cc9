/** Exact amounts: a decimal is a scaled integer, and its text has exactly `scale` digits after the point. */

/** Most digits after the point a field may declare. */
export const SCALE_MAX = 15

/** Most digits before the point. */
export const WHOLE_DIGITS_MAX = 18

/** Characters of the longest decimal. */
export const DECIMAL_CHARS_MAX = 1 + WHOLE_DIGITS_MAX + 1 + SCALE_MAX

const EXACT = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/
const LOOSE = /^(-?)([0-9]+)(?:\.([0-9]+))?$/
const FLOAT = /^(-?)([0-9])(?:\.([0-9]+))?e([+-][0-9]+)$/

/**
 * Reads the text that stands in a record (docs/formats.md, "Record"): exactly `scale` digits after the point, no leading
 * zeros, no negative zero.
 * @returns the integer scaled by that many digits, such as 1250n for `12.50`; null when it is not such a text
 */
export function readDecimal(text: string, scale: number): bigint | null {
  if (text.length > DECIMAL_CHARS_MAX) return null
  const match = EXACT.exec(text)
  if (match === null) return null
  const [, sign, whole, fraction = ''] = match
  if (fraction.length !== scale || whole!.length > WHOLE_DIGITS_MAX) return null
  const scaled = BigInt(whole! + fraction)
  if (sign === '-') return scaled === 0n ? null : -scaled
  return scaled
}

/** Writes a scaled integer as it stands in a record. */
export function writeDecimal(scaled: bigint, scale: number): string {
  const sign = scaled < 0n ? '-' : ''
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(scale + 1, '0')
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export type DecimalProblem = 'not-a-decimal' | 'too-many-digits' | 'too-large'

/**
 * Reads what people and other systems write: a JSON number or a string with fewer digits than the scale, or with more
 * that are all zero.
 * @returns the text for the record, or why there is none
 */
export function normaliseDecimal(
  value: string | number,
  scale: number
): { text: string } | { problem: DecimalProblem } {
  const plain = typeof value === 'number' ? plainNumber(value) : value
  if (plain === null || plain.length > 400) return { problem: 'not-a-decimal' }
  const match = LOOSE.exec(plain)
  if (match === null) return { problem: 'not-a-decimal' }
  const [, sign, leadingWhole, looseFraction = ''] = match
  const whole = leadingWhole!.replace(/^0+(?=[0-9])/, '')
  const fraction = looseFraction.replace(/0+$/, '')
  if (fraction.length > scale) return { problem: 'too-many-digits' }
  if (whole.length > WHOLE_DIGITS_MAX) return { problem: 'too-large' }
  const scaled = BigInt(whole + fraction.padEnd(scale, '0'))
  return { text: writeDecimal(sign === '-' ? -scaled : scaled, scale) }
}

/** The shortest decimal text of a number without exponent; null when it is not finite. */
function plainNumber(value: number): string | null {
  if (!Number.isFinite(value)) return null
  const text = String(value)
  const match = FLOAT.exec(text)
  if (match === null) return text
  const [, sign, first, rest = '', exponentText] = match
  const digits = first! + rest
  const exponent = Number(exponentText)
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return `${sign}${digits.padEnd(exponent + 1, '0')}`
}
