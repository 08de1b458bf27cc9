import { Environment } from '@marcbachmann/cel-js'

/**
 * The syntax of rules is CEL's and is read by cel-js. Of that library only the parser is used: what an expression means is
 * decided by this project's own checker and evaluator (docs/decisions/0002-rule-engine.md).
 */

/** Characters of an expression or of a `{path}` in a message. Also bounds how deep the parser can go. */
export const EXPRESSION_CHARS_MAX = 2000

/** Levels of an expression, counting each operator of a chain such as `a || b || c`. */
export const EXPRESSION_DEPTH_MAX = 64

/** Parts of an expression. */
const NODES_MAX = 1000

/** A part of a parsed expression; `start` and `end` are positions in its source, in UTF-16 code units. */
export interface RuleNode {
  readonly op: string
  readonly args: unknown
  readonly start: number
  readonly end: number
}

export type Parsed = { node: RuleNode } | { problem: string; remedy: string; offset: number }

const environment = new Environment({
  limits: { maxAstNodes: NODES_MAX, maxDepth: EXPRESSION_DEPTH_MAX, maxListElements: 256, maxCallArguments: 8 }
})

/** Parses an expression. Never throws. */
export function parseExpression(source: string): Parsed {
  if (source.length > EXPRESSION_CHARS_MAX) {
    const problem = `the expression is longer than ${EXPRESSION_CHARS_MAX} characters`
    return { problem, remedy: 'split it into several rules', offset: EXPRESSION_CHARS_MAX }
  }
  try {
    return { node: environment.parse(source).ast as unknown as RuleNode }
  } catch (error) {
    return syntaxProblem(source, error)
  }
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ['and', 'write && for "and"'],
  ['or', 'write || for "or"'],
  ['not', 'write ! for "not"'],
  ['is', 'compare with =='],
  ['=', 'compare with =='],
  ['&', 'write && for "and"'],
  ['|', 'write || for "or"'],
  ['“', 'use straight quotes: " or \''],
  ['”', 'use straight quotes: " or \''],
  ['‘', 'use straight quotes: " or \''],
  ['’', 'use straight quotes: " or \'']
])

function syntaxProblem(source: string, error: unknown): Parsed {
  const { range, summary } = error as { range?: { start?: number }; summary?: string }
  const offset = Math.min(range?.start ?? 0, source.length)
  const word = /^(?:[A-Za-z]+|.)/u.exec(source.slice(offset))?.[0] ?? ''
  const problem =
    word === '' ? 'the expression ends too early' : `the expression cannot be read from ${JSON.stringify(word)} on`
  const detail = summary === undefined ? '' : ` (${summary})`
  return { problem: problem + detail, remedy: WORDS.get(word) ?? 'see docs/rules.md for how rules are written', offset }
}

/** The arguments of an operator with a fixed number of operands. */
export function operands(node: RuleNode): readonly RuleNode[] {
  return Array.isArray(node.args) ? (node.args as RuleNode[]) : [node.args as RuleNode]
}
