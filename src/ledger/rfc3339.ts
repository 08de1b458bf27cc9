/**
 * Dates and times of RFC 3339, read and written without the host's clock, calendar or time zones. A date is counted in
 * days since 1970-01-01, an instant in nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, as POSIX does.
 */

const NANOS_PER_SECOND = 1_000_000_000n
const SECONDS_PER_DAY = 86_400

/** 0000-01-01 and 9999-12-31, in days since 1970. */
export const DAY_MIN = -719_528
export const DAY_MAX = 2_932_896

/** Characters of the longest date-time that is accepted: nine digits of a second and an offset. */
export const DATE_TIME_CHARS_MAX = 35

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Days since 1970 of a full-date such as `2024-02-29` (RFC 3339, section 5.6); null when it is none. */
export function readDate(text: string): number | null {
  if (text.length !== 10 || text[4] !== '-' || text[7] !== '-') return null
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 7)
  const day = digits(text, 8, 10)
  if (year === -1 || month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return null
  return dayOf(year, month, day)
}

/**
 * Nanoseconds since 1970 of a date-time such as `2024-02-29T12:00:00.5+01:00` (RFC 3339, section 5.6). At most nine
 * digits of a second. A leap second (`:60`) is accepted only where one can be, at 23:59:60 UTC on the last day of June or
 * December, and counts as the first second of the next day.
 * @returns null when it is none
 */
export function readDateTime(text: string): bigint | null {
  if (text.length < 20 || text.length > DATE_TIME_CHARS_MAX || (text[10] !== 'T' && text[10] !== 't')) return null
  const day = readDate(text.slice(0, 10))
  if (day === null || text[13] !== ':' || text[16] !== ':') return null
  const hour = digits(text, 11, 13)
  const minute = digits(text, 14, 16)
  const second = digits(text, 17, 19)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return null
  const fractionEnd = endOfFraction(text)
  const offset = fractionEnd === null ? null : readOffset(text, fractionEnd)
  if (fractionEnd === null || offset === null) return null
  const seconds = day * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset
  if (second === 60 && !isLeapSecondPlace(seconds - 1)) return null
  const nanos = fractionEnd === 19 ? 0n : BigInt(text.slice(20, fractionEnd).padEnd(9, '0'))
  return BigInt(seconds) * NANOS_PER_SECOND + nanos
}

/** Writes a date; the day must be from DAY_MIN to DAY_MAX. */
export function writeDate(day: number): string {
  const { year, month, dayOfMonth } = civil(day)
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(dayOfMonth, 2)}`
}

/** Writes an instant in UTC with as many digits of a second as needed, but at least milliseconds. */
export function writeDateTime(instant: bigint): string {
  const day = dayOfInstant(instant)
  const rest = instant - BigInt(day) * BigInt(SECONDS_PER_DAY) * NANOS_PER_SECOND
  const seconds = Number(rest / NANOS_PER_SECOND)
  const fraction = (rest % NANOS_PER_SECOND).toString().padStart(9, '0')
  const shown = fraction.slice(0, 3) + fraction.slice(3).replace(/0+$/, '')
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return `${writeDate(day)}T${clock.map((part) => pad(part, 2)).join(':')}.${shown}Z`
}

export const PERIODS = ['day', 'month', 'year'] as const

/** Of the calendar, in UTC. */
export type Period = (typeof PERIODS)[number]

/** The period that a day is in, such as `2024-02-29`, `2024-02` or `2024`; the day may be one off DAY_MIN or DAY_MAX. */
export function writePeriod(day: number, period: Period): string {
  const { year, month, dayOfMonth } = civil(day)
  const parts = [pad(year, 4), pad(month, 2), pad(dayOfMonth, 2)]
  return parts.slice(0, 3 - PERIODS.indexOf(period)).join('-')
}

/** The UTC day of an instant, counted since 1970. */
export function dayOfInstant(instant: bigint): number {
  return Number(floorDivide(instant, BigInt(SECONDS_PER_DAY) * NANOS_PER_SECOND))
}

/** The instant of milliseconds since 1970. */
export function instantOfMillis(millis: number): bigint {
  return BigInt(millis) * 1_000_000n
}

/** Division that rounds down, also below zero. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient
}

function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

/** Where the fraction of a second ends, 19 when there is none; null when it is malformed. */
function endOfFraction(text: string): number | null {
  if (text[19] !== '.') return 19
  let end = 20
  while (end < text.length && digits(text, end, end + 1) !== -1) end++
  return end === 20 || end > 29 ? null : end
}

/** Seconds east of UTC; null when malformed. */
function readOffset(text: string, from: number): number | null {
  const sign = text[from]
  if (sign === 'Z' || sign === 'z') return text.length === from + 1 ? 0 : null
  if ((sign !== '+' && sign !== '-') || text.length !== from + 6 || text[from + 3] !== ':') return null
  const hours = digits(text, from + 1, from + 3)
  const minutes = digits(text, from + 4, from + 6)
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return null
  return (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60)
}

/** Whether these seconds since 1970 are 23:59:59 UTC on the last day of June or December. */
function isLeapSecondPlace(seconds: number): boolean {
  const day = Math.floor(seconds / SECONDS_PER_DAY)
  if (seconds - day * SECONDS_PER_DAY !== SECONDS_PER_DAY - 1) return false
  const { month, dayOfMonth } = civil(day)
  return (month === 6 && dayOfMonth === 30) || (month === 12 && dayOfMonth === 31)
}

function daysOfMonth(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && leap ? 29 : MONTH_DAYS[month - 1]!
}

/** Days since 1970 of a day of the Gregorian calendar, counted in eras of 400 years that begin in March. */
function dayOf(year: number, month: number, dayOfMonth: number): number {
  const marchYear = month > 2 ? year : year - 1
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + dayOfMonth - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The inverse of {@link dayOf}. */
function civil(day: number): { year: number; month: number; dayOfMonth: number } {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const dayOfMonth = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth }
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
