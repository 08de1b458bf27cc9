import type { Json, JsonObject } from '../base/json.js'
import { normaliseDecimal, readDecimal, SCALE_MAX } from './decimal.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { readFrom, readValues, withNull } from './schema-read-value.js'
import type { DecimalSchema, IntegerSchema, NumberSchema } from './schema-type.js'

/** Reads a schema of type integer or number. */
export function readNumericSchema(
  kind: 'integer' | 'number',
  json: JsonObject,
  nullableType: boolean,
  path: FindingPath,
  findings: Findings
): IntegerSchema | NumberSchema {
  const bound = (keyword: string): number | null => readBound(kind, json, keyword, path, findings)
  const minimum = bound('minimum')
  const maximum = bound('maximum')
  const exclusiveMinimum = bound('exclusiveMinimum')
  const exclusiveMaximum = bound('exclusiveMaximum')
  const low = Math.max(minimum ?? -Infinity, exclusiveMinimum ?? -Infinity)
  const high = Math.min(maximum ?? Infinity, exclusiveMaximum ?? Infinity)
  const exclusive = low === exclusiveMinimum || high === exclusiveMaximum
  if (low > high || (low === high && exclusive)) {
    findings.value(path, 'no value can be at least the minimum and at most the maximum', 'swap or correct them')
  }
  const values = readValues(json, kind, path, findings) as number[] | null
  const nullable = withNull(json, nullableType)
  const bounds = { minimum, maximum, exclusiveMinimum, exclusiveMaximum, values, nullable }
  if (kind === 'number') return { kind, ...bounds }
  return { kind, ...bounds, multipleOf: readMultiple(json, path, findings), ...readFrom(json, path, findings) }
}

/** Reads a schema of type decimal. */
export function readDecimalSchema(
  json: JsonObject,
  nullable: boolean,
  path: FindingPath,
  findings: Findings
): DecimalSchema | null {
  const { scale } = json
  if (scale === undefined) {
    findings.value(path, 'a decimal needs its scale', 'add the digits after the point, such as scale: 2 for cents')
    return null
  }
  if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > SCALE_MAX) {
    findings.value([...path, 'scale'], `scale must be a whole number from 0 to ${SCALE_MAX}`, 'write 2 for cents')
    return null
  }
  const minimum = readDecimalBound(json.minimum, scale, [...path, 'minimum'], findings)
  const maximum = readDecimalBound(json.maximum, scale, [...path, 'maximum'], findings)
  if (minimum !== null && maximum !== null && minimum > maximum) {
    findings.value([...path, 'maximum'], 'maximum is less than minimum', 'swap them')
  }
  return { kind: 'decimal', nullable, scale, minimum, maximum }
}

function readBound(
  kind: 'integer' | 'number',
  json: JsonObject,
  keyword: string,
  path: FindingPath,
  findings: Findings
): number | null {
  const value = json[keyword]
  if (value === undefined) return null
  if (typeof value === 'number' && (kind === 'number' || Number.isInteger(value))) return value
  const what = kind === 'integer' ? 'a whole number' : 'a number'
  findings.value([...path, keyword], `${keyword} must be ${what}, not ${quote(value)}`, 'write a number without quotes')
  return null
}

function readMultiple(json: JsonObject, path: FindingPath, findings: Findings): number | null {
  const value = json.multipleOf
  if (value === undefined) return null
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  findings.value(
    [...path, 'multipleOf'],
    `multipleOf must be a whole number above 0, not ${quote(value)}`,
    'write a number'
  )
  return null
}

function readDecimalBound(
  value: Json | undefined,
  scale: number,
  path: FindingPath,
  findings: Findings
): bigint | null {
  if (value === undefined) return null
  if (typeof value === 'number' || typeof value === 'string') {
    const result = normaliseDecimal(value, scale)
    if ('text' in result) return readDecimal(result.text, scale)
  }
  findings.value(
    path,
    `${quote(value)} is not a decimal with at most ${scale} digits after the point`,
    'write it such as "12.50"'
  )
  return null
}
