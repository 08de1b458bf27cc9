import { writeDecimal } from './decimal.js'
import { readDate, readDateTime } from './rfc3339.js'
import { compileValue, place, type RuleContext } from './rule-context.js'
import { costOfComparing, costOfCopying, STEP } from './rule-cost.js'
import { constant, type Expression, expression, RuleFault } from './rule-expression.js'
import { operands, type RuleNode } from './rule-parse.js'
import { BOOL, DATE, DOUBLE, INT, type RuleType, TIME, typeText, unify, type Value } from './rule-type.js'

const INT_MIN = -(2n ** 63n)
const INT_MAX = 2n ** 63n - 1n

/** Exact amounts within a rule have at most 38 digits, as in SQL. */
const DECIMAL_LIMIT = 10n ** 38n
const SCALE_WITHIN_MAX = 30

/** An integer of CEL: 64 bits, and an overflow is a fault. */
export function checkedInt(value: bigint): bigint {
  if (value >= INT_MIN && value <= INT_MAX) return value
  throw new RuleFault('an integer is beyond 64 bits')
}

export function checkedDecimal(value: bigint): bigint {
  if (value > -DECIMAL_LIMIT && value < DECIMAL_LIMIT) return value
  throw new RuleFault('an amount is beyond 38 digits')
}

export function checkedDouble(value: number): number {
  if (Number.isFinite(value)) return value
  throw new RuleFault('a number is beyond the range of numbers')
}

/** Compiles `-x`. */
export function compileMinus(node: RuleNode, context: RuleContext): Expression | null {
  const [operand] = operands(node) as [RuleNode]
  const at = place(node, context)
  // -9223372036854775808 is an integer although 9223372036854775808 is not.
  if (operand.op === 'value' && operand.args === INT_MAX + 1n) return constant(INT, INT_MIN, at)
  const part = compileValue(operand, context)
  if (part === null) return null
  const { type, literal, cost } = part
  if (type.kind === 'int' || type.kind === 'decimal') {
    const checked = type.kind === 'int' ? checkedInt : checkedDecimal
    if (typeof literal === 'bigint') return constant(type, checked(-literal), at)
    return expression(type, cost + STEP, at, (run) => checked(-(part.run(run) as bigint)))
  }
  if (type.kind === 'double') return expression(type, cost + STEP, at, (run) => -(part.run(run) as number))
  context.problem(node, `${typeText(type)} has no negative`, 'use - with numbers')
  return null
}

/** Compiles `+ - * / %`. */
export function compileArithmetic(node: RuleNode, context: RuleContext): Expression | null {
  const [leftNode, rightNode] = operands(node) as [RuleNode, RuleNode]
  const leftPart = compileValue(leftNode, context)
  const rightPart = compileValue(rightNode, context)
  if (leftPart === null || rightPart === null) return null
  const [left, right] = matchLiterals(leftPart, rightPart)
  const { op } = node
  const at = place(node, context)
  const cost = left.cost + right.cost + STEP
  if (op === '+' && left.type.kind === 'string' && right.type.kind === 'string')
    return concatenation(left, right, node, context)
  if (left.type.kind === 'double' && right.type.kind === 'double' && op !== '%') {
    const calculate = DOUBLE_OPERATIONS[op]!
    return expression(DOUBLE, cost, at, (run) =>
      checkedDouble(calculate(left.run(run) as number, right.run(run) as number))
    )
  }
  if (left.type.kind === 'int' && right.type.kind === 'int') {
    const calculate = INT_OPERATIONS[op]!
    return expression(INT, cost, at, (run) => checkedInt(calculate(left.run(run) as bigint, right.run(run) as bigint)))
  }
  if (isExact(left.type) && isExact(right.type)) return exactArithmetic(left, right, node, context)
  context.problem(
    node,
    `${left.text} is ${typeText(left.type)} and ${right.text} is ${typeText(right.type)}: ${op} does not work on them`,
    arithmeticRemedy(left.type, right.type)
  )
  return null
}

/** Compiles `< <= > >=`. */
export function compileOrder(node: RuleNode, context: RuleContext): Expression | null {
  const [leftNode, rightNode] = operands(node) as [RuleNode, RuleNode]
  const leftPart = compileValue(leftNode, context)
  const rightPart = compileValue(rightNode, context)
  if (leftPart === null || rightPart === null) return null
  const [left, right] = matchLiterals(leftPart, rightPart)
  const compare = orderOf(left.type, right.type)
  if (compare === null) {
    context.problem(
      node,
      `${left.text} is ${typeText(left.type)} and ${right.text} is ${typeText(right.type)}: they have no order`,
      comparisonRemedy(left.type, right.type)
    )
    return null
  }
  const cost =
    left.cost +
    right.cost +
    (left.type.kind === 'string' && right.type.kind === 'string'
      ? costOfComparing(left.type.charsMax, right.type.charsMax)
      : STEP)
  const test = ORDER_TESTS[node.op]!
  return expression(BOOL, cost, place(node, context), (run) => test(compare(left.run(run), right.run(run))))
}

/**
 * Gives literals the type of what they meet: a date or time written as text, and 12.50, which is exact unless it meets a
 * number that is not.
 */
export function matchLiterals(left: Expression, right: Expression): [Expression, Expression] {
  return [literalFor(left, right.type), literalFor(right, left.type)]
}

function literalFor(part: Expression, other: RuleType): Expression {
  const { literal } = part
  if (typeof literal === 'string' && other.kind === 'date') {
    const day = readDate(literal)
    if (day !== null) return constant(DATE, day, part)
  }
  if (typeof literal === 'string' && other.kind === 'time') {
    const instant = readDateTime(literal)
    if (instant !== null) return constant(TIME, instant, part)
  }
  if (typeof literal === 'bigint' && part.type.kind === 'decimal' && ['double', 'any'].includes(other.kind)) {
    return constant(DOUBLE, Number(writeDecimal(literal, part.type.scale)), part)
  }
  return part
}

export function isExact(type: RuleType): boolean {
  return type.kind === 'int' || type.kind === 'decimal'
}

export function scaleOf(type: RuleType): number {
  return type.kind === 'decimal' ? type.scale : 0
}

/** A factor that brings an exact value of one scale to another, higher one. */
export function factorTo(scale: number, from: RuleType): bigint {
  return 10n ** BigInt(scale - scaleOf(from))
}

/** Below 0, 0 or above 0; null for types without a common order. */
export function orderOf(left: RuleType, right: RuleType): ((a: Value, b: Value) => number) | null {
  if (left.kind === 'string' && right.kind === 'string') return (a, b) => compareTexts(a as string, b as string)
  if (isExact(left) && isExact(right)) {
    const scale = Math.max(scaleOf(left), scaleOf(right))
    const [forLeft, forRight] = [factorTo(scale, left), factorTo(scale, right)]
    if (forLeft === 1n && forRight === 1n) return plainOrder
    return (a, b) => plainOrder((a as bigint) * forLeft, (b as bigint) * forRight)
  }
  const numbers = [left.kind, right.kind]
  if (numbers.every((kind) => kind === 'int' || kind === 'double')) return plainOrder
  return left.kind === right.kind && (left.kind === 'date' || left.kind === 'time') ? plainOrder : null
}

function plainOrder(a: Value, b: Value): number {
  if ((a as bigint) < (b as bigint)) return -1
  return (a as bigint) > (b as bigint) ? 1 : 0
}

/** Order by code points, as CEL has it; JavaScript's own is by UTF-16 code units. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    // Surrogates stand for code points above all that one unit can express.
    const [highX, highY] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff]
    if (highX !== highY) return highX ? 1 : -1
    return x < y ? -1 : 1
  }
  return a.length - b.length
}

function concatenation(left: Expression, right: Expression, node: RuleNode, context: RuleContext): Expression | null {
  const charsLeft = left.type.kind === 'string' ? left.type.charsMax : null
  const charsRight = right.type.kind === 'string' ? right.type.charsMax : null
  if (charsLeft === null || charsRight === null) {
    const unbounded = charsLeft === null ? left : right
    context.problem(
      node,
      `${unbounded.text} has no bound on its length, so the cost of + has none`,
      `give ${unbounded.text} a maxLength in the schema`
    )
    return null
  }
  const charsMax = charsLeft + charsRight
  const cost = left.cost + right.cost + costOfCopying(charsMax)
  const type: RuleType = { kind: 'string', charsMax, values: null }
  return expression(type, cost, place(node, context), (run) => (left.run(run) as string) + (right.run(run) as string))
}

/** Arithmetic with at least one decimal. */
function exactArithmetic(left: Expression, right: Expression, node: RuleNode, context: RuleContext): Expression | null {
  const at = place(node, context)
  const cost = left.cost + right.cost + 2 * STEP
  const { op } = node
  if (op === '*') {
    const scale = scaleOf(left.type) + scaleOf(right.type)
    if (scale > SCALE_WITHIN_MAX) {
      context.problem(
        node,
        `the product has ${scale} digits after the point, more than ${SCALE_WITHIN_MAX}`,
        'round a factor first: round(x, 2)'
      )
      return null
    }
    return expression({ kind: 'decimal', scale }, cost, at, (run) =>
      checkedDecimal((left.run(run) as bigint) * (right.run(run) as bigint))
    )
  }
  if (op !== '+' && op !== '-') {
    context.problem(
      node,
      `decimals cannot be divided, because the result may not be exact`,
      'multiply the other side instead: a <= b * c rather than a / b <= c'
    )
    return null
  }
  const type = unify(left.type, right.type)!
  const [forLeft, forRight] = [factorTo(scaleOf(type), left.type), factorTo(scaleOf(type), right.type)]
  const sign = op === '+' ? 1n : -1n
  return expression(type, cost, at, (run) =>
    checkedDecimal((left.run(run) as bigint) * forLeft + sign * forRight * (right.run(run) as bigint))
  )
}

const DOUBLE_OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b
}

const INT_OPERATIONS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / notZero(b),
  '%': (a, b) => a % notZero(b)
}

function notZero(value: bigint): bigint {
  if (value === 0n) throw new RuleFault('division by zero')
  return value
}

const ORDER_TESTS: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0
}

function arithmeticRemedy(left: RuleType, right: RuleType): string {
  const kinds = [left.kind, right.kind]
  if (kinds.includes('date') || kinds.includes('time'))
    return 'use daysBetween(FROM, TO), secondsBetween(FROM, TO) or addDays(DATE, DAYS)'
  if (kinds.includes('double') && kinds.includes('int')) return 'write double(x) around the integer'
  if (kinds.includes('double') && kinds.includes('decimal')) return 'declare both fields as decimal in the schema'
  if (kinds.includes('string')) return 'write string(x) around what is not a text'
  return 'use numbers of one type'
}

/** What to do when two types cannot be compared. */
export function comparisonRemedy(left: RuleType, right: RuleType): string {
  const kinds = [left.kind, right.kind]
  if (kinds.includes('date') && kinds.includes('time')) return 'take the date of the time: date(x)'
  if (kinds.includes('date')) return 'write a date as "2024-01-31"'
  if (kinds.includes('time')) return 'write a time as "2024-01-31T12:00:00Z"'
  if (kinds.includes('double') && kinds.includes('decimal')) return 'declare both fields as decimal in the schema'
  if (kinds.includes('any')) return 'give the field a type in the schema'
  if (kinds.includes('string')) return 'a text is written in quotes, a number without'
  return 'compare values of one type'
}
