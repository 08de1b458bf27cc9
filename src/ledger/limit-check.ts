import type { Json } from '../base/json.js'
import { normaliseDecimal, readDecimal } from './decimal.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { checkKept } from './kept-field.js'
import { type CompiledLimit, limitStem } from './limit-count.js'
import { didYouMean } from './nearest.js'
import type { LimitDefinition } from './network-definition.js'
import type { RuleScope } from './rule-context.js'
import { compileMessage } from './rule-message.js'
import { type FieldSchema, kindText, type ObjectSchema, UNREADABLE } from './schema-type.js'

/** What checking the limits of an object needs to know of it. */
export interface LimitGround {
  readonly object: string
  /** Of the object. */
  readonly path: FindingPath
  readonly schema: ObjectSchema
  /** What a message can name. */
  readonly scope: RuleScope
}

/** Checks the limits of an object; those with mistakes, which were reported, are left out. */
export function checkLimits(
  limits: readonly LimitDefinition[],
  ground: LimitGround,
  findings: Findings
): CompiledLimit[] {
  const seen = new Set<string>()
  return limits.flatMap((limit, index): CompiledLimit[] => {
    const path = [...ground.path, 'limits', index]
    const checked = checkLimit(limit, ground, path, findings)
    if (checked === null) return []
    if (seen.has(checked.stem)) {
      findings.value(path, 'another limit counts the same', 'keep the one that allows less')
    }
    seen.add(checked.stem)
    return [checked]
  })
}

function checkLimit(
  limit: LimitDefinition,
  { object, path: objectPath, schema, scope }: LimitGround,
  path: FindingPath,
  findings: Findings
): CompiledLimit | null {
  const { id, per, period } = limit
  per.forEach((field, at) => {
    const fieldPath = [...path, 'per', at]
    if (per.indexOf(field) < at) findings.value(fieldPath, `${field} stands there twice`, 'remove one of them')
    else checkKept(field, 'per', schema, objectPath, fieldPath, findings)
  })
  if (limit.at !== undefined) checkAt(limit.at, schema, [...path, 'at'], findings)
  const message =
    limit.message === undefined
      ? null
      : compileMessage(limit.message, scope, (offset, problem, remedy) =>
          findings.within([...path, 'message'], offset, problem, remedy)
        )
  const measure = limit.sum === undefined ? countMeasure(limit) : checkSum(limit, limit.sum, schema, path, findings)
  if (measure === null) return null
  const meaning = { per, at: limit.at ?? null, period, sum: measure.sum }
  return { object, id, ...meaning, max: measure.max, stem: limitStem(object, meaning), message: message?.write ?? null }
}

type Measure = Pick<CompiledLimit, 'sum' | 'max'>

function countMeasure({ count = 1 }: LimitDefinition): Measure {
  return { sum: null, max: BigInt(count) }
}

function checkAt(name: string, schema: ObjectSchema, path: FindingPath, findings: Findings): void {
  const field = fieldOf(name, schema, path, findings)
  if (field === null || (field.kind === 'string' && field.format !== null)) return
  const remedy = 'name a field with format: date or date-time, or leave at out for the time of the block'
  findings.value(path, `${name} is ${kindText(field)}, not a date or a time`, remedy)
}

/** A sum only ever grows, so that it stays between 0 and the most that is allowed. */
function checkSum(
  { max }: LimitDefinition,
  name: string,
  schema: ObjectSchema,
  path: FindingPath,
  findings: Findings
): Measure | null {
  const sumPath = [...path, 'sum']
  const field = fieldOf(name, schema, sumPath, findings)
  if (field === null) return null
  if (field.kind !== 'integer' && field.kind !== 'decimal') {
    findings.value(sumPath, `${name} is ${kindText(field)} and cannot be added up`, 'name an integer or decimal field')
    return null
  }
  if (lowestOf(field) < 0) {
    findings.value(sumPath, `${name} may be negative, and would give back what is used`, `give ${name} minimum: 0`)
  }
  const scale = field.kind === 'decimal' ? field.scale : null
  const most = readMost(max, scale)
  if (most !== null) return { sum: { field: name, scale }, max: most }
  const what = scale === null ? 'a whole number' : `a decimal with at most ${scale} digits after the point`
  findings.value([...path, 'max'], `${quote(max)} is not ${what} above 0`, 'write the most that is allowed in a period')
  return null
}

function lowestOf(field: FieldSchema): number {
  if (field.kind === 'decimal') return Number(field.minimum ?? -1n)
  if (field.kind !== 'integer') return -1
  return Math.max(field.minimum ?? -1, field.exclusiveMinimum ?? -1)
}

function readMost(max: Json | undefined, scale: number | null): bigint | null {
  if (typeof max !== 'number' && typeof max !== 'string') return null
  if (scale === null) return typeof max === 'number' && Number.isSafeInteger(max) && max > 0 ? BigInt(max) : null
  const normal = normaliseDecimal(max, scale)
  const scaled = 'text' in normal ? readDecimal(normal.text, scale) : null
  return scaled !== null && scaled > 0n ? scaled : null
}

/** Null when there is none, or one that was reported before. */
function fieldOf(name: string, schema: ObjectSchema, path: FindingPath, findings: Findings): FieldSchema | null {
  const field = schema.properties.get(name)
  if (field !== undefined) return field === UNREADABLE ? null : field
  findings.value(path, `there is no field ${quote(name)}`, didYouMean(name, [...schema.properties.keys()], 'fields'))
  return null
}
