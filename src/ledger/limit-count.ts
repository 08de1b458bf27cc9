import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { readDecimal, writeDecimal } from './decimal.js'
import { quote } from './finding.js'
import type { BlockTime } from './judge.js'
import { dayOfInstant, instantOfMillis, type Period, readDate, readDateTime, writePeriod } from './rfc3339.js'
import type { RuleInput } from './rules.js'
import type { StateReader, StateWrite } from './state.js'
import { keyPart, valuesOf } from './state-text.js'

/** How many records of an object, or how much of a field of theirs, is accepted in each period. */
export interface CompiledLimit {
  readonly object: string
  readonly id: string
  /** Fields whose values are counted apart. */
  readonly per: readonly string[]
  /** The field that says when; null: the time of the block. */
  readonly at: string | null
  readonly period: Period
  /** The field that is added up, and its scale, null of integers; null: each record counts one. */
  readonly sum: { readonly field: string; readonly scale: number | null } | null
  /** Of decimals the scaled integer, as every amount here. */
  readonly max: bigint
  /** How its state keys begin: with what it counts, so that a limit that counts something else begins anew. */
  readonly stem: string
  /** What people read instead of the usual message; null when the file says nothing. */
  readonly message: ((input: RuleInput) => string) | null
}

/** What an accepted record adds to a counter. */
export interface Count {
  readonly kind: 'count'
  readonly stateKey: string
  readonly limit: CompiledLimit
  readonly values: readonly Json[]
  /** Such as `2025-03-01`, `2025-03` or `2025`. */
  readonly period: string
  /** Above 0. */
  readonly amount: bigint
}

export function limitStem(
  object: string,
  { per, at, period, sum }: Pick<CompiledLimit, 'per' | 'at' | 'period' | 'sum'>
) {
  return `C:${object}/${keyPart([[...per], at, period, sum?.field ?? null])}/`
}

/**
 * What a record adds; null when a field that the limit reads is missing or null, or the amount is 0: it does not take part.
 * @param block null when it is not known: then a limit by the time of the block says nothing
 */
export function countOf(limit: CompiledLimit, data: JsonObject, block: BlockTime | null): Count | null {
  const values = valuesOf(limit.per, data)
  const day = limit.at === null ? dayOfBlock(block) : dayOfField(limit.at, data)
  const amount = amountOf(limit, data)
  if (values === null || day === null || amount === 0n) return null
  const period = writePeriod(day, limit.period)
  return { kind: 'count', stateKey: `${limit.stem}${keyPart(values)}/${period}`, limit, values, period, amount }
}

function dayOfBlock(block: BlockTime | null): number | null {
  return block === null ? null : dayOfInstant(instantOfMillis(block.time))
}

/** The UTC day of a date or a date-time; null when there is none. */
function dayOfField(field: string, data: JsonObject): number | null {
  const text = Object.hasOwn(data, field) ? data[field] : undefined
  if (typeof text !== 'string') return null
  const instant = readDateTime(text)
  return instant === null ? readDate(text) : dayOfInstant(instant)
}

function amountOf({ sum }: CompiledLimit, data: JsonObject): bigint {
  if (sum === null) return 1n
  const value = Object.hasOwn(data, sum.field) ? data[sum.field] : undefined
  // A record from before the field was one of numbers may hold anything there.
  const amount = amountIn(value, sum.scale)
  return amount > 0n ? amount : 0n
}

function amountIn(value: Json | undefined, scale: number | null): bigint {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : 0n
  return typeof value === 'string' && scale !== null ? (readDecimal(value, scale) ?? 0n) : 0n
}

interface Counter {
  readonly used: bigint
  /** Height of the first record that was counted. */
  readonly since: number
}

function counterIn(state: StateReader, stateKey: string): Counter | null {
  const entry = state.get(stateKey)
  if (entry === undefined) return null
  const [used = '', since] = entry.text.split(' ')
  return { used: BigInt(used), since: Number(since) }
}

function counterWrite(stateKey: string, { used, since }: Counter): StateWrite {
  return { key: stateKey, entry: { text: `${used} ${since}` } }
}

/** RULE_BROKEN when the record would go beyond the limit. */
export function countProblem(state: StateReader, count: Count, input: RuleInput): Refusal | null {
  const used = counterIn(state, count.stateKey)?.used ?? 0n
  return used + count.amount <= count.limit.max ? null : exceeded(count, used, input)
}

/** @param height of the record that is counted */
export function countWrite(state: StateReader, { stateKey, amount }: Count, height: number): StateWrite {
  const { used, since } = counterIn(state, stateKey) ?? { used: 0n, since: height }
  return counterWrite(stateKey, { used: used + amount, since })
}

/** Counts a record no more; null when it was accepted before anything was counted there. */
export function uncountWrite(state: StateReader, { stateKey, amount }: Count, height: number): StateWrite | null {
  const counter = counterIn(state, stateKey)
  if (counter === null || height < counter.since) return null
  const { used, since } = counter
  return counterWrite(stateKey, { used: used > amount ? used - amount : 0n, since })
}

function exceeded({ limit, values, period, amount }: Count, used: bigint, input: RuleInput): Refusal {
  const { id, object, per, sum, max } = limit
  const shown = (value: bigint): string => (sum?.scale == null ? String(value) : writeDecimal(value, sum.scale))
  const json = (value: bigint): Json => (sum?.scale == null ? Number(value) : shown(value))
  const whose = per.map((field, index) => ` ${index === 0 ? 'for' : 'and'} ${field} ${quote(values[index])}`).join('')
  const many = `at most ${shown(max)}${sum === null ? '' : ` ${sum.field}`}`
  const left = sum === null ? `${shown(used)} are used` : `${shown(used)} is used`
  const adds = sum === null ? '' : `, and this adds ${shown(amount)}`
  const usual = `${many}${sum === null ? ` ${object}` : ''} per ${limit.period}${whose}: ${left} in ${period}${adds}`
  return {
    code: 'RULE_BROKEN',
    message: limit.message?.(input) ?? usual,
    rule: id,
    expected: `${many} per ${limit.period}; ${left}`,
    details: {
      per: Object.fromEntries(per.map((field, index) => [field, values[index]])),
      period,
      used: json(used),
      ...(sum === null ? {} : { adds: json(amount) }),
      max: json(max)
    }
  }
}
