import type { JsonObject } from '../base/json.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { didYouMean } from './nearest.js'
import { compilePattern, type Pattern } from './pattern.js'
import { DATE_TIME_CHARS_MAX } from './rfc3339.js'
import { checkOrder, readCount, readFrom, readValues, withNull } from './schema-read-value.js'
import type { StringSchema } from './schema-type.js'

/** Work a pattern may be for one value: instructions times characters. */
const PATTERN_WORK_MAX = 5_000_000

/** Characters a value without maxLength is taken to have at most, for the work of its pattern. */
const UNBOUNDED_CHARS = 65_536

const FORMATS = ['date', 'date-time']

/** Reads a schema of type string. */
export function readStringSchema(
  json: JsonObject,
  nullable: boolean,
  path: FindingPath,
  findings: Findings
): StringSchema {
  const lengthMin = readCount(json, 'minLength', path, findings) ?? 0
  const lengthGiven = readCount(json, 'maxLength', path, findings)
  checkOrder(lengthMin, lengthGiven, 'minLength', 'maxLength', path, findings)
  const format = readFormat(json, path, findings)
  const values = readValues(json, 'string', path, findings) as string[] | null
  const lengthMax = boundOf(lengthGiven, format, values)
  const pattern = readPattern(json, lengthMax, path, findings)
  const bounds = { lengthMin, lengthMax, pattern, format, values }
  return { kind: 'string', nullable: withNull(json, nullable), ...bounds, ...readFrom(json, path, findings) }
}

/** The tightest bound that follows from the keywords. */
function boundOf(
  given: number | null,
  format: StringSchema['format'],
  values: readonly string[] | null
): number | null {
  const bounds = given === null ? [] : [given]
  if (format === 'date') bounds.push(10)
  if (format === 'date-time') bounds.push(DATE_TIME_CHARS_MAX)
  if (values !== null) bounds.push(Math.max(...values.map((value) => value.length), 0))
  return bounds.length === 0 ? null : Math.min(...bounds)
}

function readFormat(json: JsonObject, path: FindingPath, findings: Findings): StringSchema['format'] {
  const { format } = json
  if (format === undefined) return null
  if (format === 'date' || format === 'date-time') return format
  const remedy =
    typeof format === 'string' ? didYouMean(format, FORMATS, 'formats that are checked') : 'write date or date-time'
  findings.value([...path, 'format'], `${quote(format)} is not a format that is checked`, remedy)
  return null
}

function readPattern(
  json: JsonObject,
  lengthMax: number | null,
  path: FindingPath,
  findings: Findings
): Pattern | null {
  const patternPath = [...path, 'pattern']
  if (json.pattern === undefined) return null
  if (typeof json.pattern !== 'string') {
    findings.value(patternPath, `${quote(json.pattern)} is not a pattern`, 'write it in quotes')
    return null
  }
  const result = compilePattern(json.pattern)
  if ('problem' in result) {
    findings.value(patternPath, result.problem, result.remedy)
    return null
  }
  if (result.pattern.size * (lengthMax ?? UNBOUNDED_CHARS) > PATTERN_WORK_MAX) {
    findings.value(
      patternPath,
      'the pattern is too much work for the length this field may have',
      'give a smaller maxLength, or a simpler pattern'
    )
  }
  return result.pattern
}
