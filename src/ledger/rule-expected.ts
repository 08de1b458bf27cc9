import { writeDecimal } from './decimal.js'
import { cut } from './finding.js'
import type { Mention, RuleContext, RuleScope } from './rule-context.js'
import { NO_FACTS, RuleFault } from './rule-expression.js'
import { compileMessage } from './rule-message.js'
import { operands, parseExpression, type RuleNode } from './rule-parse.js'
import type { RuleInput } from './rules.js'

/** Characters of what is told, and of one value in it. */
const EXPECTED_CHARS_MAX = 400
const VALUE_CHARS_MAX = 100

/** What of a part of a rule would be right for a record; null when it holds already. */
type Demand = (input: RuleInput) => string | null

/** Compiles a part of the rule once more, on its own. */
type CompilePart = (node: RuleNode, context: RuleContext) => ReturnType<RuleContext['compile']>

/**
 * Tells of a rule that a record broke what would be right: the conditions that do not hold, with the values that the record is
 * held against, such as `record.odometer >= 46427`. For people, and no part of a verdict.
 * @param source a rule that was checked
 * @returns null when nothing can be told that the rule does not say itself
 */
export function explainTest(
  source: string,
  scope: RuleScope,
  compile: CompilePart
): (input: RuleInput) => string | null {
  const parsed = parseExpression(source)
  if ('problem' in parsed) return () => null
  const demand = demandOf(parsed.node, explaining(source, scope, compile))
  return (input) => {
    const text = demand(input)
    return text === null ? null : cut(text, EXPECTED_CHARS_MAX)
  }
}

/** A context whose mistakes were reported when the rule was checked. */
function explaining(source: string, scope: RuleScope, compile: CompilePart): RuleContext {
  const mentions: Mention[] = []
  return {
    scope,
    source,
    variables: new Map(),
    facts: NO_FACTS,
    depth: 0,
    counter: { variables: 0 },
    mentions,
    compile: (node, at) => compile(node, at),
    problem() {},
    warning() {}
  }
}

function demandOf(node: RuleNode, context: RuleContext): Demand {
  switch (node.op) {
    case '&&':
      return all(operands(node).map((part) => demandOf(part, context)))
    case '||':
      return any(alternatives(node), context)
    case '?:':
      return chosen(node, context)
    default:
      return condition(node, context)
  }
}

/** What does not hold has to, all of it. */
function all(parts: readonly Demand[]): Demand {
  return (input) => joined(parts, input, ' and ')
}

/** One of them is enough; those that no record could bring about by itself are left out where others are left. */
function any(nodes: readonly RuleNode[], context: RuleContext): Demand {
  const own = nodes.filter((node) => mentions(node, ['record', 'author', 'block']))
  const parts = (own.length === 0 ? nodes : own).map((node) => demandOf(node, context))
  return (input) => joined(parts, input, ' or ')
}

function joined(parts: readonly Demand[], input: RuleInput, word: ' and ' | ' or '): string | null {
  const texts = parts.flatMap((part) => part(input) ?? [])
  if (texts.length === 0) return null
  const other = word === ' and ' ? ' or ' : ' and '
  return texts.length === 1 ? texts[0]! : texts.map((text) => (text.includes(other) ? `(${text})` : text)).join(word)
}

/** `a || b || c` as one list. */
function alternatives(node: RuleNode): readonly RuleNode[] {
  return node.op === '||' ? operands(node).flatMap(alternatives) : [node]
}

function chosen(node: RuleNode, context: RuleContext): Demand {
  const [test, yes, no] = operands(node) as [RuleNode, RuleNode, RuleNode]
  const holds = workedOut(test, context)
  const [whenTrue, whenFalse] = [demandOf(yes, context), demandOf(no, context)]
  return (input) => (holds(input) === true ? whenTrue(input) : whenFalse(input))
}

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=']

function condition(node: RuleNode, context: RuleContext): Demand {
  const holds = workedOut(node, context)
  const [left, right] = operands(node)
  const isComparison = COMPARISONS.includes(node.op) && left !== undefined && right !== undefined
  const sides = isComparison ? [sideOf(left, context), sideOf(right, context)] : []
  const [one, other] = sides
  return (input) => {
    // What cannot be worked out hangs on something else that does not hold.
    if (holds(input) !== false) return null
    return one === undefined || other === undefined ? textOf(node, context) : `${one(input)} ${node.op} ${other(input)}`
  }
}

/** A side of a comparison: its value where it is made of other records alone, else as it is written. */
function sideOf(node: RuleNode, context: RuleContext): (input: RuleInput) => string {
  const written = textOf(node, context)
  if (!mentions(node, ['previous', 'next', 'refs']) || mentions(node, ['record']) || hasMacro(node))
    return () => written
  const part = context.compile(node, context)
  if (part === null) return () => written
  const value = workedOut(node, context)
  const { type, path } = part
  return (input) => {
    const found = value(input)
    if (found === undefined || found === null) return written
    if (type.kind === 'decimal') return writeDecimal(found as bigint, type.scale)
    if (type.kind === 'string') return JSON.stringify(cut(String(found), VALUE_CHARS_MAX))
    if (type.kind === 'int' || type.kind === 'bool' || type.kind === 'double') return String(found)
    // As it stands in the record that it is of.
    return path === null ? written : (compileMessage(`{${written}}`, context.scope, () => {})?.write(input) ?? written)
  }
}

/** Undefined where it cannot be worked out. */
function workedOut(node: RuleNode, context: RuleContext): (input: RuleInput) => unknown {
  const part = context.compile(node, context)
  return (input) => {
    try {
      return part?.run({ input, variables: [] })
    } catch (error) {
      if (error instanceof RuleFault) return undefined
      throw error
    }
  }
}

/** As it is written; the parser leaves out the brackets that a negation ends with. */
function textOf(node: RuleNode, { source }: RuleContext): string {
  let end = node.end
  while (end < source.length && openBrackets(source.slice(node.start, end)) > 0)
    end = source.indexOf(')', end) + 1 || source.length
  return source.slice(node.start, end)
}

function openBrackets(text: string): number {
  const bare = text.replace(/"[^"]*"|'[^']*'/g, '')
  return bare.split('(').length - bare.split(')').length
}

function mentions(node: RuleNode, names: readonly string[]): boolean {
  return some(node, ({ op, args }) => op === 'id' && names.includes(String(args)))
}

/** Whether it may have variables of its own. */
function hasMacro(node: RuleNode): boolean {
  return some(node, ({ op }) => op === 'rcall')
}

function some(node: unknown, holds: (node: RuleNode) => boolean): boolean {
  if (Array.isArray(node)) return node.some((part) => some(part, holds))
  if (typeof node !== 'object' || node === null || !('op' in node)) return false
  return holds(node as RuleNode) || some((node as RuleNode).args, holds)
}
