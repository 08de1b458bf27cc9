import { writeDecimal } from './decimal.js'
import { didYouMean } from './nearest.js'
import { compilePattern } from './pattern.js'
import {
  DAY_MAX,
  DAY_MIN,
  dayOfInstant,
  floorDivide,
  readDate,
  readDateTime,
  writeDate,
  writeDateTime
} from './rfc3339.js'
import { compileValue, place, type RuleContext } from './rule-context.js'
import { costOfCopying, costOfEach, costOfMatching, costOfSearching, costOfWalking, STEP } from './rule-cost.js'
import { constant, type Expression, expression, RuleFault } from './rule-expression.js'
import { checkedDecimal, checkedDouble, checkedInt, isExact, scaleOf } from './rule-operators.js'
import type { RuleNode } from './rule-parse.js'
import { BOOL, DATE, DOUBLE, INT, type RuleType, TIME, typeText } from './rule-type.js'

/** What a function is called with: its arguments, of a method the receiver first. */
interface Call {
  readonly name: string
  readonly node: RuleNode
  readonly args: readonly Expression[]
  readonly context: RuleContext
  /** Cost of the arguments. */
  readonly cost: number
}

interface RuleFunction {
  /** How it is written, for messages. */
  readonly usage: string
  readonly style: 'function' | 'method' | 'both'
  readonly count: number
  compile(call: Call): Expression | null
}

/** Every function a rule can call; the macros are in rule-macros.ts, `has` in rule-access.ts. */
const FUNCTIONS: ReadonlyMap<string, RuleFunction> = new Map<string, RuleFunction>([
  ['size', { usage: 'size(TEXT) or size(LIST)', style: 'both', count: 1, compile: compileSize }],
  [
    'contains',
    {
      usage: 'TEXT.contains(TEXT)',
      style: 'method',
      count: 2,
      compile: (call) => search(call, (a, b) => a.includes(b), true)
    }
  ],
  [
    'startsWith',
    {
      usage: 'TEXT.startsWith(TEXT)',
      style: 'method',
      count: 2,
      compile: (call) => search(call, (a, b) => a.startsWith(b), false)
    }
  ],
  [
    'endsWith',
    {
      usage: 'TEXT.endsWith(TEXT)',
      style: 'method',
      count: 2,
      compile: (call) => search(call, (a, b) => a.endsWith(b), false)
    }
  ],
  ['matches', { usage: 'TEXT.matches("PATTERN")', style: 'both', count: 2, compile: compileMatches }],
  [
    'lowerAscii',
    { usage: 'TEXT.lowerAscii()', style: 'method', count: 1, compile: (call) => changeCase(call, 65, 90, 32) }
  ],
  [
    'upperAscii',
    { usage: 'TEXT.upperAscii()', style: 'method', count: 1, compile: (call) => changeCase(call, 97, 122, -32) }
  ],
  ['string', { usage: 'string(VALUE)', style: 'function', count: 1, compile: compileString }],
  ['double', { usage: 'double(INTEGER)', style: 'function', count: 1, compile: compileDouble }],
  ['abs', { usage: 'abs(NUMBER)', style: 'function', count: 1, compile: compileAbs }],
  ['round', { usage: 'round(DECIMAL, DIGITS)', style: 'function', count: 2, compile: compileRound }],
  ['sum', { usage: 'LIST.sum()', style: 'both', count: 1, compile: compileSum }],
  ['date', { usage: 'date(TIME)', style: 'function', count: 1, compile: compileDate }],
  ['addDays', { usage: 'addDays(DATE, DAYS)', style: 'function', count: 2, compile: compileAddDays }],
  [
    'daysBetween',
    { usage: 'daysBetween(FROM, TO)', style: 'function', count: 2, compile: (call) => between(call, NANOS_PER_DAY) }
  ],
  [
    'secondsBetween',
    {
      usage: 'secondsBetween(FROM, TO)',
      style: 'function',
      count: 2,
      compile: (call) => between(call, NANOS_PER_SECOND)
    }
  ]
])

const NANOS_PER_SECOND = 1_000_000_000n
const NANOS_PER_DAY = 86_400n * NANOS_PER_SECOND

/** Names of all functions, for messages and the documentation. */
export const FUNCTION_NAMES: readonly string[] = [...FUNCTIONS.keys()]

/** Compiles `name(...)`, or `receiver.name(...)` where the receiver is the first argument. */
export function compileCall(
  name: string,
  receiver: RuleNode | null,
  args: readonly RuleNode[],
  node: RuleNode,
  context: RuleContext
): Expression | null {
  const entry = FUNCTIONS.get(name)
  if (entry === undefined) {
    const names = [...FUNCTION_NAMES, 'has', 'all', 'exists', 'exists_one', 'filter', 'map']
    context.problem(node, `there is no function ${name}`, didYouMean(name, names, 'functions'))
    return null
  }
  const all = receiver === null ? args : [receiver, ...args]
  const style = receiver === null ? 'function' : 'method'
  if (all.length !== entry.count || (entry.style !== 'both' && entry.style !== style)) {
    context.problem(node, `${name} is not called like this`, `write ${entry.usage}`)
    return null
  }
  const compiled = all.map((part) => compileValue(part, context))
  if (compiled.includes(null)) return null
  const parts = compiled as Expression[]
  return entry.compile({ name, node, args: parts, context, cost: parts.reduce((sum, part) => sum + part.cost, STEP) })
}

/** Reports arguments of the wrong types. */
function wrongTypes({ name, node, args, context }: Call): null {
  const given = args.map((part) => `${part.text} is ${typeText(part.type)}`).join(', ')
  context.problem(node, `${name} does not work on this: ${given}`, `write ${FUNCTIONS.get(name)!.usage}`)
  return null
}

/** The bound on a text's length, or null with its lack reported. */
function boundOf(part: Expression, { name, node, context }: Call): number | null {
  const charsMax = part.type.kind === 'string' ? part.type.charsMax : null
  if (charsMax === null) {
    context.problem(
      node,
      `${part.text} has no bound on its length, so the cost of ${name} has none`,
      `give ${part.text} a maxLength in the schema`
    )
  }
  return charsMax
}

function compileSize(call: Call): Expression | null {
  const [part] = call.args as [Expression]
  const at = place(call.node, call.context)
  if (part.type.kind === 'list')
    return expression(INT, call.cost, at, (run) => BigInt((part.run(run) as unknown[]).length))
  if (part.type.kind !== 'string') return wrongTypes(call)
  const chars = boundOf(part, call)
  if (chars === null) return null
  return expression(INT, call.cost + costOfWalking(chars), at, (run) => {
    let count = 0n
    for (const _ of part.run(run) as string) count++
    return count
  })
}

function search(call: Call, test: (text: string, sought: string) => boolean, anywhere: boolean): Expression | null {
  const [text, sought] = call.args as [Expression, Expression]
  if (text.type.kind !== 'string' || sought.type.kind !== 'string') return wrongTypes(call)
  const chars = boundOf(text, call)
  const soughtChars = boundOf(sought, call)
  if (chars === null || soughtChars === null) return null
  const cost = call.cost + (anywhere ? costOfSearching(chars, soughtChars) : costOfCopying(soughtChars))
  return expression(BOOL, cost, place(call.node, call.context), (run) =>
    test(text.run(run) as string, sought.run(run) as string)
  )
}

function compileMatches(call: Call): Expression | null {
  const [text, source] = call.args as [Expression, Expression]
  const { node, context } = call
  if (text.type.kind !== 'string' || source.type.kind !== 'string') return wrongTypes(call)
  if (typeof source.literal !== 'string') {
    context.problem(
      node,
      'the pattern of matches must be written in the rule',
      'a pattern from a record could be any amount of work; write it in quotes'
    )
    return null
  }
  const result = compilePattern(source.literal)
  if ('problem' in result) {
    context.problem(node, result.problem, result.remedy)
    return null
  }
  const chars = boundOf(text, call)
  if (chars === null) return null
  const { pattern } = result
  const cost = call.cost + costOfMatching(chars, pattern.size)
  return expression(BOOL, cost, place(node, context), (run) => pattern.test(text.run(run) as string))
}

function changeCase(call: Call, from: number, to: number, shift: number): Expression | null {
  const [text] = call.args as [Expression]
  if (text.type.kind !== 'string') return wrongTypes(call)
  const chars = boundOf(text, call)
  if (chars === null) return null
  const type: RuleType = { kind: 'string', charsMax: chars, values: null }
  return expression(type, call.cost + 2 * costOfWalking(chars), place(call.node, call.context), (run) => {
    let changed = ''
    const before = text.run(run) as string
    for (let i = 0; i < before.length; i++) {
      const code = before.charCodeAt(i)
      changed += code >= from && code <= to ? String.fromCharCode(code + shift) : before[i]
    }
    return changed
  })
}

function compileString(call: Call): Expression | null {
  const [part] = call.args as [Expression]
  const { type } = part
  const at = place(call.node, call.context)
  const text = (charsMax: number, write: (value: unknown) => string): Expression =>
    expression({ kind: 'string', charsMax, values: null }, call.cost + STEP, at, (run) => write(part.run(run)))
  if (type.kind === 'string') return part
  if (type.kind === 'int') return text(20, (value) => String(value))
  if (type.kind === 'bool') return text(5, (value) => String(value))
  if (type.kind === 'decimal') return text(72, (value) => writeDecimal(value as bigint, type.scale))
  if (type.kind === 'date') return text(10, (value) => writeDate(value as number))
  if (type.kind === 'time') return text(35, (value) => writeDateTime(value as bigint))
  return wrongTypes(call)
}

function compileDouble(call: Call): Expression | null {
  const [part] = call.args as [Expression]
  if (part.type.kind === 'double') return part
  if (part.type.kind !== 'int') return wrongTypes(call)
  return expression(DOUBLE, call.cost, place(call.node, call.context), (run) => Number(part.run(run)))
}

function compileAbs(call: Call): Expression | null {
  const [part] = call.args as [Expression]
  const at = place(call.node, call.context)
  if (part.type.kind === 'double') return expression(DOUBLE, call.cost, at, (run) => Math.abs(part.run(run) as number))
  if (!isExact(part.type)) return wrongTypes(call)
  const checked = part.type.kind === 'int' ? checkedInt : checkedDecimal
  return expression(part.type, call.cost, at, (run) => {
    const value = part.run(run) as bigint
    return value < 0n ? checked(-value) : value
  })
}

/** Rounds half away from zero, as invoices do. */
function compileRound(call: Call): Expression | null {
  const [part, digits] = call.args as [Expression, Expression]
  const { literal } = digits
  if (!isExact(part.type)) return wrongTypes(call)
  if (typeof literal !== 'bigint' || digits.type.kind !== 'int' || literal < 0n || literal > 15n) {
    call.context.problem(call.node, 'the digits of round must be a number from 0 to 15', 'write round(x, 2) for cents')
    return null
  }
  const scale = Number(literal)
  const type: RuleType = scale === 0 ? INT : { kind: 'decimal', scale }
  const checked = scale === 0 ? checkedInt : checkedDecimal
  const from = scaleOf(part.type)
  const at = place(call.node, call.context)
  if (from <= scale) {
    const factor = 10n ** BigInt(scale - from)
    return expression(type, call.cost + STEP, at, (run) => checked((part.run(run) as bigint) * factor))
  }
  const step = 10n ** BigInt(from - scale)
  const half = step / 2n
  return expression(type, call.cost + STEP, at, (run) => {
    const value = part.run(run) as bigint
    return checked(value < 0n ? -((-value + half) / step) : (value + half) / step)
  })
}

function compileSum(call: Call): Expression | null {
  const [list] = call.args as [Expression]
  const { node, context, cost } = call
  if (list.type.kind !== 'list') return wrongTypes(call)
  const { items, itemsMax } = list.type
  if (!(isExact(items.type) || items.type.kind === 'double') || items.nullable) return wrongTypes(call)
  if (itemsMax === null) {
    context.problem(
      node,
      `${list.text} has no bound on its items, so the cost of sum has none`,
      `give ${list.text} maxItems in the schema`
    )
    return null
  }
  const values = (json: readonly unknown[]): unknown[] =>
    json.map((item) => {
      const value = items.read(item)
      if (value === undefined) throw new RuleFault(`an item of ${list.text} is not of its type`)
      return value
    })
  const total = cost + costOfEach(itemsMax, 4 * STEP)
  const at = place(node, context)
  if (items.type.kind === 'double') {
    return expression(DOUBLE, total, at, (run) =>
      checkedDouble((values(list.run(run) as unknown[]) as number[]).reduce((a, b) => a + b, 0))
    )
  }
  const checked = items.type.kind === 'int' ? checkedInt : checkedDecimal
  return expression(items.type, total, at, (run) =>
    checked((values(list.run(run) as unknown[]) as bigint[]).reduce((a, b) => a + b, 0n))
  )
}

/** A text literal that is a date or a time, as one. */
function momentOf(part: Expression): Expression {
  if (typeof part.literal !== 'string') return part
  const day = readDate(part.literal)
  if (day !== null) return constant(DATE, day, part)
  const instant = readDateTime(part.literal)
  return instant === null ? part : constant(TIME, instant, part)
}

function compileDate(call: Call): Expression | null {
  const part = momentOf(call.args[0]!)
  if (part.type.kind === 'date') return part
  if (part.type.kind !== 'time') return wrongTypes(call)
  return expression(DATE, call.cost, place(call.node, call.context), (run) => dayOfInstant(part.run(run) as bigint))
}

function compileAddDays(call: Call): Expression | null {
  const [moment, days] = [momentOf(call.args[0]!), call.args[1]!]
  const at = place(call.node, call.context)
  if (days.type.kind !== 'int' || (moment.type.kind !== 'date' && moment.type.kind !== 'time')) return wrongTypes(call)
  if (moment.type.kind === 'date') {
    return expression(DATE, call.cost, at, (run) => {
      const day = BigInt(moment.run(run) as number) + (days.run(run) as bigint)
      return Number(checkedDay(day))
    })
  }
  return expression(TIME, call.cost, at, (run) => {
    const instant = (moment.run(run) as bigint) + (days.run(run) as bigint) * NANOS_PER_DAY
    checkedDay(floorDivide(instant, NANOS_PER_DAY))
    return instant
  })
}

function checkedDay(day: bigint): bigint {
  if (day >= BigInt(DAY_MIN) && day <= BigInt(DAY_MAX)) return day
  throw new RuleFault('a date is beyond the years 0000 to 9999')
}

/** Whole days or seconds from one moment to another, rounded down; negative when the second is earlier. */
function between(call: Call, unit: bigint): Expression | null {
  const [from, to] = [momentOf(call.args[0]!), momentOf(call.args[1]!)]
  const at = place(call.node, call.context)
  if (from.type.kind === 'date' && to.type.kind === 'date' && unit === NANOS_PER_DAY) {
    return expression(INT, call.cost, at, (run) => BigInt((to.run(run) as number) - (from.run(run) as number)))
  }
  if (from.type.kind !== 'time' || to.type.kind !== 'time') return wrongTypes(call)
  return expression(INT, call.cost, at, (run) => floorDivide((to.run(run) as bigint) - (from.run(run) as bigint), unit))
}
