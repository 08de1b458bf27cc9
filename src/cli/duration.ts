import { usage } from './failure.js'

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000
}

/**
 * Reads a duration such as `500ms`, `60s`, `5m`, `2h` or `7d`; a bare number is seconds.
 * @returns whole milliseconds, at least 1
 * @throws LedgerError USAGE
 */
export function parseDuration(text: string): number {
  const [, digits = '', unit = 's'] = /^([0-9]{1,9})(ms|s|m|h|d)?$/.exec(text) ?? []
  const milliseconds = Number(digits) * (UNITS[unit] ?? 0)
  if (digits !== '' && milliseconds > 0) return milliseconds
  throw usage(`'${text}' is not a duration`, 'write it like 500ms, 60s, 5m, 2h or 7d')
}
