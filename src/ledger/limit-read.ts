import type { Json, JsonObject } from '../base/json.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { didYouMean } from './nearest.js'
import type { LimitDefinition } from './network-definition.js'
import { checkMembers, isObject, ROLE_NAME, readText } from './network-members.js'
import { PERIODS, type Period } from './rfc3339.js'
import { MESSAGE_CHARS_MAX } from './rule-message.js'

/** Limits of one object, fields of `per`, records of a count: each limit is a value of the state for every record. */
const LIMITS_MAX = 8
const PER_MAX = 8
const COUNT_MAX = 1_000_000_000

const MEMBERS = ['id', 'per', 'at', 'period', 'count', 'sum', 'max', 'message']

/**
 * Reads the shape of `limits` of an object: nothing when the file has none.
 * @param ids of the object's rules: limits are told apart from these by name
 */
export function readLimits(
  json: Json | undefined,
  path: FindingPath,
  ids: readonly string[],
  findings: Findings
): { limits?: LimitDefinition[] } {
  if (json === undefined) return {}
  if (!Array.isArray(json)) {
    findings.value(path, 'limits must be a list', 'begin each limit with - id: NAME')
    return {}
  }
  if (json.length > LIMITS_MAX) findings.name(path, `there are more than ${LIMITS_MAX} limits`, 'remove some')
  const taken = new Set(ids)
  const limits = json.slice(0, LIMITS_MAX).flatMap((limit, index): LimitDefinition[] => {
    const read = readLimit(limit, [...path, index], taken, findings)
    return read === null ? [] : [read]
  })
  return limits.length === 0 ? {} : { limits }
}

function readLimit(json: Json, path: FindingPath, taken: Set<string>, findings: Findings): LimitDefinition | null {
  if (!isObject(json)) {
    findings.value(path, 'a limit has id, period and count', 'write { id: NAME, period: day, count: 3 }')
    return null
  }
  checkMembers(json, MEMBERS, ['id', 'period'], path, 'a limit', findings)
  const id = readText(json.id, [...path, 'id'], 1, 64, findings)
  if (id !== '' && !ROLE_NAME.pattern.test(id))
    findings.value([...path, 'id'], `${quote(id)} cannot be the id of a limit`, ROLE_NAME.text)
  if (id !== '' && taken.has(id))
    findings.value([...path, 'id'], `another rule or limit of this object is called ${id}`, 'give each its own id')
  taken.add(id)
  const message = readText(json.message, [...path, 'message'], 1, MESSAGE_CHARS_MAX, findings)
  const at = readText(json.at, [...path, 'at'], 1, 128, findings)
  return {
    id,
    per: readPer(json.per ?? [], [...path, 'per'], findings),
    ...(at === '' ? {} : { at }),
    period: readPeriod(json.period, [...path, 'period'], findings),
    ...readMeasure(json, path, findings),
    ...(message === '' ? {} : { message })
  }
}

function readPer(json: Json, path: FindingPath, findings: Findings): string[] {
  if (Array.isArray(json) && json.every((name) => typeof name === 'string')) {
    if (json.length > PER_MAX) findings.value(path, `per has at most ${PER_MAX} fields`, 'leave some out')
    return (json as string[]).slice(0, PER_MAX)
  }
  findings.value(path, `${quote(json)} is not a list of fields`, 'write [FIELD], or [] to count all records together')
  return []
}

function readPeriod(json: Json | undefined, path: FindingPath, findings: Findings): Period {
  const period = PERIODS.find((known) => known === json)
  if (period !== undefined) return period
  if (json !== undefined) {
    const remedy = typeof json === 'string' ? didYouMean(json, PERIODS, 'periods') : `write ${PERIODS.join(', ')}`
    findings.value(path, `${quote(json)} is not a period`, remedy)
  }
  return 'day'
}

/** Either how many records, or of what field how much. */
function readMeasure(
  { count, sum, max }: JsonObject,
  path: FindingPath,
  findings: Findings
): Pick<LimitDefinition, 'count' | 'sum' | 'max'> {
  const isCount = count !== undefined && sum === undefined && max === undefined
  const isSum = count === undefined && sum !== undefined && max !== undefined
  if (!isCount && !isSum) {
    findings.name(path, 'a limit has either count, or sum and max', 'write count: 3, or sum: FIELD and max: 1000')
    return {}
  }
  if (isSum) {
    const field = readText(sum, [...path, 'sum'], 1, 128, findings)
    if (typeof max === 'number' || typeof max === 'string') return field === '' ? {} : { sum: field, max }
    findings.value([...path, 'max'], `${quote(max)} is not a number`, 'write the most that is allowed in a period')
    return {}
  }
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= COUNT_MAX) return { count }
  const problem = `${quote(count)} is not a whole number from 1 to ${COUNT_MAX}`
  findings.value([...path, 'count'], problem, 'write how many records are accepted in a period')
  return {}
}
