/**
 * Whether a number keeps its exact decimal value when it is read as a double and written again (ECMAScript): `1.50`
 * and `1e2` do, `0.12345678901234567891` and `9007199254740993` do not.
 * @param written a number in the syntax of JSON
 * @param value the double it is read as
 */
export function isKeptNumber(written: string, value: number): boolean {
  if (!Number.isFinite(value)) return false
  const before = decimalParts(written)
  const after = decimalParts(String(value))
  if (before.digits === '') return value === 0
  return before.digits === after.digits && before.exponent === after.exponent
}

/** The absolute value is digits * 10^exponent, where digits have no zero at either end (none: zero). */
interface DecimalParts {
  readonly digits: string
  readonly exponent: number
}

function decimalParts(written: string): DecimalParts {
  const [mantissa = '', power = '0'] = written.replace(/^-/, '').split(/[eE]/)
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  let start = 0
  while (all[start] === '0') start++
  let end = all.length
  while (end > start && all[end - 1] === '0') end--
  return { digits: all.slice(start, end), exponent: Number(power) - fraction.length + (all.length - end) }
}
