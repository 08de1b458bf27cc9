import { compileField, compileIndex, compileName } from './rule-access.js'
import { compileValue, knowing, type Mention, place, type RuleContext, type RuleScope } from './rule-context.js'
import { STEP } from './rule-cost.js'
import { compileEquality, compileIn } from './rule-equality.js'
import {
  bothFacts,
  commonFacts,
  constant,
  type Expression,
  expression,
  NO_FACTS,
  RuleFault,
  type Run
} from './rule-expression.js'
import { compileCall } from './rule-functions.js'
import { compileMacro, MACRO_NAMES } from './rule-macros.js'
import { compileArithmetic, compileMinus, compileOrder, factorTo, isExact, scaleOf } from './rule-operators.js'
import { EXPRESSION_DEPTH_MAX, operands, parseExpression, type RuleNode } from './rule-parse.js'
import { compileHas } from './rule-presence.js'
import { BOOL, computedSlot, INT, NULL, type RuleType, typeText, unify, type Value } from './rule-type.js'

/** Reports a mistake in an expression, with its position there. */
export type ReportWithin = (offset: number, problem: string, remedy: string) => void

/** Where mistakes and warnings go. */
export interface Reports {
  readonly problem: ReportWithin
  readonly warning: ReportWithin
}

/** A checked test: answers true or false, or throws RuleFault. */
export interface CompiledTest {
  /** Most units it costs; Infinity never. */
  readonly cost: number
  /** Whether it reads `previous`, `next` or `block`. */
  readonly usesPrevious: boolean
  readonly usesNext: boolean
  readonly usesBlock: boolean
  readonly mentions: readonly Mention[]
  run(run: Run): Value
}

/**
 * Checks an expression against what it can see and makes it ready to run. Only what is listed in docs/rules.md is known;
 * everything else is reported.
 * @returns null when it has mistakes
 */
export function compileTest(source: string, scope: RuleScope, reports: Reports): CompiledTest | null {
  const parsed = parseExpression(source)
  if ('problem' in parsed) {
    reports.problem(parsed.offset, parsed.problem, parsed.remedy)
    return null
  }
  const mentions: Mention[] = []
  const used = { previous: false, next: false, block: false }
  const context: RuleContext = {
    scope,
    source,
    variables: new Map(),
    facts: NO_FACTS,
    depth: 0,
    counter: { variables: 0 },
    mentions,
    compile(node, at) {
      if (node.op === 'id' && node.args === 'previous') used.previous = true
      if (node.op === 'id' && node.args === 'next') used.next = true
      if (node.op === 'id' && node.args === 'block') used.block = true
      return compilePart(node, at)
    },
    problem: (node, problem, remedy) => reports.problem(node.start, problem, remedy),
    warning: (node, problem, remedy) => reports.warning(node.start, problem, remedy)
  }
  const test = compileBoolean(parsed.node, context)
  if (test === null) return null
  const { cost, run } = test
  return { cost, usesPrevious: used.previous, usesNext: used.next, usesBlock: used.block, mentions, run }
}

/** Compiles a part of an expression; null when it has a mistake, which was reported. */
export function compilePart(node: RuleNode, outer: RuleContext): Expression | null {
  const context = { ...outer, depth: outer.depth + 1 }
  if (context.depth > EXPRESSION_DEPTH_MAX) {
    context.problem(
      node,
      `the expression nests deeper than ${EXPRESSION_DEPTH_MAX} levels`,
      'split it into several rules'
    )
    return null
  }
  switch (node.op) {
    case 'value':
      return compileLiteral(node, context)
    case 'id':
      return compileName(node, context)
    case '.':
      return compileField(node, context)
    case '[]':
      return compileIndex(node, context)
    case '&&':
    case '||':
      return compileLogic(node, context)
    case '!_':
      return compileNot(node, context)
    case '-_':
      return compileMinus(node, context)
    case '?:':
      return compileChoice(node, context)
    case '==':
    case '!=':
      return compileEquality(node, context)
    case 'in':
      return compileIn(node, context)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compileOrder(node, context)
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return compileArithmetic(node, context)
    case 'list':
      return compileList(node, context)
    case 'call':
    case 'rcall':
      return compileCalls(node, context)
    default:
      context.problem(node, 'this cannot be used in a rule', 'see docs/rules.md for what can')
      return null
  }
}

function compileCalls(node: RuleNode, context: RuleContext): Expression | null {
  if (node.op === 'call') {
    const [name, args] = node.args as [string, RuleNode[]]
    return name === 'has' ? compileHas(node, args, context) : compileCall(name, null, args, node, context)
  }
  const [name, receiver, args] = node.args as [string, RuleNode, RuleNode[]]
  if (MACRO_NAMES.includes(name)) return compileMacro(name, receiver, args, node, context)
  return compileCall(name, receiver, args, node, context)
}

const PLAIN_DECIMAL = /^[0-9]{1,18}\.[0-9]{1,15}$/

function compileLiteral(node: RuleNode, context: RuleContext): Expression | null {
  const value = node.args
  const at = place(node, context)
  if (value === null) return constant(NULL, null, at)
  if (typeof value === 'boolean') return constant(BOOL, value, at)
  if (typeof value === 'string') return constant({ kind: 'string', charsMax: value.length, values: [value] }, value, at)
  if (typeof value === 'bigint') {
    if (value < 2n ** 63n) return constant(INT, value, at)
    context.problem(node, `${at.text} is beyond 64 bits`, 'write a smaller number')
    return null
  }
  if (typeof value === 'number' && PLAIN_DECIMAL.test(at.text)) {
    const scale = at.text.length - at.text.indexOf('.') - 1
    return constant({ kind: 'decimal', scale }, BigInt(at.text.replace('.', '')), at)
  }
  const remedy =
    typeof value === 'number'
      ? 'write it with digits and one point, such as 0.25'
      : 'write a text in quotes, or a number'
  context.problem(node, `${at.text} cannot be used in a rule`, remedy)
  return null
}

function compileBoolean(node: RuleNode, context: RuleContext): Expression | null {
  const part = compileValue(node, context)
  if (part === null || part.type.kind === 'bool') return part
  context.problem(
    node,
    `${part.text} is ${typeText(part.type)}, not true or false`,
    'compare it with something, such as == or >='
  )
  return null
}

/** `&&` and `||` of CEL: what decides on one side outweighs a fault on the other. */
function compileLogic(node: RuleNode, context: RuleContext): Expression | null {
  const [leftNode, rightNode] = operands(node) as [RuleNode, RuleNode]
  const isAnd = node.op === '&&'
  const left = compileBoolean(leftNode, context)
  const known = left === null ? NO_FACTS : isAnd ? left.whenTrue : left.whenFalse
  const right = compileBoolean(rightNode, knowing(context, known))
  if (left === null || right === null) return null
  const decisive = !isAnd
  const run = (at: Run): Value => {
    let fault: RuleFault | null = null
    try {
      if (left.run(at) === decisive) return decisive
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error
      fault = error
    }
    const value = right.run(at)
    if (fault === null || value === decisive) return value
    throw fault
  }
  const joined = expression(BOOL, left.cost + right.cost + STEP, place(node, context), run)
  if (isAnd) {
    return {
      ...joined,
      whenTrue: bothFacts(left.whenTrue, right.whenTrue),
      whenFalse: commonFacts(left.whenFalse, right.whenFalse)
    }
  }
  return {
    ...joined,
    whenTrue: commonFacts(left.whenTrue, right.whenTrue),
    whenFalse: bothFacts(left.whenFalse, right.whenFalse)
  }
}

function compileNot(node: RuleNode, context: RuleContext): Expression | null {
  const part = compileBoolean(operands(node)[0]!, context)
  if (part === null) return null
  const negated = expression(BOOL, part.cost + STEP, place(node, context), (run) => !part.run(run))
  return { ...negated, whenTrue: part.whenFalse, whenFalse: part.whenTrue }
}

function compileChoice(node: RuleNode, context: RuleContext): Expression | null {
  const [conditionNode, thenNode, elseNode] = operands(node) as [RuleNode, RuleNode, RuleNode]
  const condition = compileBoolean(conditionNode, context)
  const first = context.compile(thenNode, knowing(context, condition?.whenTrue ?? NO_FACTS))
  const second = context.compile(elseNode, knowing(context, condition?.whenFalse ?? NO_FACTS))
  if (condition === null || first === null || second === null) return null
  const type = first.type === NULL ? second.type : second.type === NULL ? first.type : unify(first.type, second.type)
  if (type === null) {
    context.problem(
      node,
      `the two results differ: ${typeText(first.type)} and ${typeText(second.type)}`,
      'let both be of one type'
    )
    return null
  }
  const cost = condition.cost + Math.max(first.cost, second.cost) + STEP
  const [whenYes, whenNo] = [scaled(first, type), scaled(second, type)]
  const chosen = expression(type, cost, place(node, context), (run) =>
    condition.run(run) === true ? whenYes(run) : whenNo(run)
  )
  return { ...chosen, nullable: first.nullable || second.nullable }
}

function compileList(node: RuleNode, context: RuleContext): Expression | null {
  const compiled = operands(node).map((part) => compileValue(part, context))
  if (compiled.includes(null)) return null
  const parts = compiled as Expression[]
  const [first] = parts
  if (first === undefined) {
    context.problem(
      node,
      'an empty list cannot be used in a rule',
      'to ask whether a list is empty write size(LIST) == 0'
    )
    return null
  }
  let type: RuleType | null = first.type
  for (const part of parts) {
    type = type === null ? null : unify(type, part.type)
    if (type !== null) continue
    context.problem(
      node,
      `the list mixes ${typeText(first.type)} and ${typeText(part.type)}`,
      'let all items be of one type'
    )
    return null
  }
  const items = parts.map((part) => scaled(part, type!))
  const cost = parts.reduce((sum, part) => sum + part.cost, STEP)
  const listType: RuleType = { kind: 'list', items: computedSlot(type!, false), itemsMax: parts.length }
  return expression(listType, cost, place(node, context), (run) => items.map((item) => item(run)))
}

/** Brings an exact value to the scale of the type it is unified with. */
function scaled(part: Expression, type: RuleType): (run: Run) => Value {
  const factor = isExact(type) && isExact(part.type) ? factorTo(scaleOf(type), part.type) : 1n
  if (factor === 1n) return (run) => part.run(run)
  return (run) => {
    const value = part.run(run)
    return value === null ? null : (value as bigint) * factor
  }
}
