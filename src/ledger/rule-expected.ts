import { writeDecimal } from './decimal.js'
import { cut } from './finding.js'
import type { Mention, RuleContext, RuleScope } from './rule-context.js'
import { NO_FACTS, RuleFault } from './rule-expression.js'
import { compileMessage } from './rule-message.js'
import { operands, parseExpression, type RuleNode } from './rule-parse.js'
import type { RuleInput, Side } from './rules.js'

/** Characters of what is told, and of one value in it. */
const EXPECTED_CHARS_MAX = 400
const VALUE_CHARS_MAX = 100

/** The record that is refused, as a rule names it that it breaks: the one of the rule, or a neighbour of that. */
export type Refused = 'record' | Side

/** What a rule calls a record, and what it is called by someone to whom `record` is the refused one. Others have no name. */
const CALLED: Readonly<Record<Refused, Readonly<Record<string, string>>>> = {
  record: { record: 'record', previous: 'previous', next: 'next', refs: 'refs', author: 'author', block: 'block' },
  previous: { previous: 'record', record: 'next' },
  next: { next: 'record', record: 'previous' }
}

const ROOTS = ['record', 'previous', 'next', 'refs', 'author', 'block']

/** The refused record cannot change what is said of these. */
const FIXED: Readonly<Record<Refused, readonly string[]>> = {
  record: ['previous', 'next', 'refs'],
  previous: ROOTS.filter((root) => root !== 'previous'),
  next: ROOTS.filter((root) => root !== 'next')
}

/** What the author of the refused record has a hand in. */
const OWN: Readonly<Record<Refused, readonly string[]>> = {
  record: ['record', 'author', 'block'],
  previous: ['previous'],
  next: ['next']
}

/** The part of a rule that is looked at, and for whom. */
interface Look extends RuleContext {
  readonly refused: Refused
}

/** What of a part of a rule would be right for the refused record; null when it holds already, or cannot be told. */
type Demand = (input: RuleInput) => string | null

/** Compiles a part of the rule once more, on its own. */
type CompilePart = (node: RuleNode, context: RuleContext) => ReturnType<RuleContext['compile']>

/**
 * Tells of a rule that a record broke what would be right: the conditions that do not hold, with the values that the record is
 * held against, such as `record.odometer >= 46427`. For people, and no part of a verdict.
 * @param source a rule that was checked
 * @param refused `record`, or the neighbour for whose sake the rule breaks for a record that stands
 * @returns null when nothing can be told that the rule does not say itself
 */
export function explainTest(
  source: string,
  scope: RuleScope,
  compile: CompilePart,
  refused: Refused
): (input: RuleInput) => string | null {
  const parsed = parseExpression(source)
  if ('problem' in parsed) return () => null
  const demand = demandOf(parsed.node, { ...explaining(source, scope, compile), refused })
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

function demandOf(node: RuleNode, context: Look): Demand {
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
function any(nodes: readonly RuleNode[], context: Look): Demand {
  const own = nodes.filter((node) => OWN[context.refused].some((root) => speaksOf(node, root)))
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

function chosen(node: RuleNode, context: Look): Demand {
  const [test, yes, no] = operands(node) as [RuleNode, RuleNode, RuleNode]
  const holds = workedOut(test, context)
  const [whenTrue, whenFalse] = [demandOf(yes, context), demandOf(no, context)]
  return (input) => (holds(input) === true ? whenTrue(input) : whenFalse(input))
}

/** The same comparison with its sides the other way round. */
const TURNED: Readonly<Record<string, string>> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

function condition(node: RuleNode, context: Look): Demand {
  const holds = workedOut(node, context)
  const [left, right] = operands(node)
  const turned = TURNED[node.op]
  const isComparison = turned !== undefined && left !== undefined && right !== undefined
  const sides = isComparison ? [sideOf(left, context), sideOf(right, context)] : []
  const [one, other] = sides
  return (input) => {
    // What cannot be worked out hangs on something else that does not hold.
    if (holds(input) !== false) return null
    if (one === undefined || other === undefined) return textOf(node, context)
    const [first, second] = [one(input), other(input)]
    if (first === null || second === null) return null
    const isTurned = first.isValue && !second.isValue
    return isTurned ? `${second.text} ${turned} ${first.text}` : `${first.text} ${node.op} ${second.text}`
  }
}

interface SideText {
  readonly text: string
  readonly isValue: boolean
}

/** A side of a comparison: its value where that stands whatever the refused record says, else as it is written. */
function sideOf(node: RuleNode, context: Look): (input: RuleInput) => SideText | null {
  const { refused } = context
  // The refused record is there, whatever it says.
  if (node.op === 'id' && node.args === refused) return () => null
  const text = textOf(node, context)
  const written = text === null ? null : { text, isValue: false }
  if (!mentions(node, FIXED[refused]) || mentions(node, [refused]) || hasMacro(node)) return () => written
  const valueText = valueTextOf(node, context)
  return (input) => {
    const found = valueText(input)
    return found === null ? written : { text: found, isValue: true }
  }
}

function valueTextOf(node: RuleNode, context: Look): (input: RuleInput) => string | null {
  const part = context.compile(node, context)
  if (part === null) return () => null
  const value = workedOut(node, context)
  const { type, path } = part
  return (input) => {
    const found = value(input)
    if (found === undefined || found === null) return null
    if (type.kind === 'decimal') return writeDecimal(found as bigint, type.scale)
    if (type.kind === 'string') return JSON.stringify(cut(String(found), VALUE_CHARS_MAX))
    if (type.kind === 'int' || type.kind === 'bool' || type.kind === 'double') return String(found)
    // As it stands in the record that it is of.
    return path === null ? null : (compileMessage(`{${path}}`, context.scope, () => {})?.write(input) ?? null)
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

/**
 * As it is written, in the words of the refused record's author; null where it speaks of what that one has no word for. The
 * parser leaves out the brackets that a negation ends with.
 */
function textOf(node: RuleNode, { source, refused }: Look): string | null {
  let end = node.end
  while (end < source.length && openBrackets(source.slice(node.start, end)) > 0)
    end = source.indexOf(')', end) + 1 || source.length
  let text = source.slice(node.start, end)
  for (const { start, args } of rootsOf(node).sort((a, b) => b.start - a.start)) {
    const called = CALLED[refused][String(args)]
    if (called === undefined) return null
    const at = start - node.start
    text = text.slice(0, at) + called + text.slice(at + String(args).length)
  }
  return text
}

function openBrackets(text: string): number {
  const bare = text.replace(/"[^"]*"|'[^']*'/g, '')
  return bare.split('(').length - bare.split(')').length
}

function mentions(node: RuleNode, names: readonly string[]): boolean {
  return rootsOf(node).some(({ args }) => names.includes(String(args)))
}

/** Whether it says something of a record, and not only whether there is one. */
function speaksOf(node: RuleNode, root: string): boolean {
  const isOfRoot = (of: RuleNode | undefined): boolean => of?.op === 'id' && of.args === root
  return partsOf(node).some((part) => (part.op === '.' || part.op === '[]') && isOfRoot(operands(part)[0]))
}

/** Whether it may have variables of its own. */
function hasMacro(node: RuleNode): boolean {
  return partsOf(node).some(({ op }) => op === 'rcall')
}

/** The names in it of what every rule can see. */
function rootsOf(node: RuleNode): RuleNode[] {
  return partsOf(node).filter(({ op, args }) => op === 'id' && ROOTS.includes(String(args)))
}

/** It and all its parts. */
function partsOf(node: unknown): RuleNode[] {
  if (Array.isArray(node)) return node.flatMap(partsOf)
  if (typeof node !== 'object' || node === null || !('op' in node)) return []
  return [node as RuleNode, ...partsOf((node as RuleNode).args)]
}
