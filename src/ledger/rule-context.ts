import { type Expression, type Facts, notNull } from './rule-expression.js'
import type { RuleNode } from './rule-parse.js'
import type { ObjectType, Slot } from './rule-type.js'
import type { RuleInput } from './rules.js'

/** A variable that every rule has, such as `record`. */
export interface Root {
  readonly slot: Slot
  /** Why it may be null, for messages; empty when it cannot be. */
  readonly absence: string
  /** Takes its JSON out of the input. */
  get(input: RuleInput): unknown
}

/** What a rule can see. */
export interface RuleScope {
  readonly roots: ReadonlyMap<string, Root>
  /** What `refs.NAME` is, by name. */
  readonly references: ReadonlyMap<string, Root>
}

/** A variable that a macro such as `all` brings. */
export interface Variable {
  readonly number: number
  readonly slot: Slot
}

/** A field that a rule or message mentions: `record`, `previous`, `refs.NAME`, `author` or `block`, and its name. */
export interface Mention {
  readonly root: string
  readonly field: string
}

/** What compiling one expression needs, where it stands. */
export interface RuleContext {
  readonly scope: RuleScope
  readonly source: string
  readonly variables: ReadonlyMap<string, Variable>
  readonly facts: Facts
  readonly depth: number
  /** Counts the variables of the whole expression. */
  readonly counter: { variables: number }
  readonly mentions: Mention[]
  /** Compiles a part; null when it has a mistake, which was reported. */
  compile(node: RuleNode, context: RuleContext): Expression | null
  /** Reports a mistake. */
  problem(node: RuleNode, problem: string, remedy: string): void
  /** Reports what can make the rule fail with RULE_ERROR for some records. */
  warning(node: RuleNode, problem: string, remedy: string): void
}

/** Where a part stands in the source. */
export function place(node: RuleNode, context: RuleContext): { text: string; start: number } {
  return { text: context.source.slice(node.start, node.end), start: node.start }
}

/** A context in which more is known. */
export function knowing(context: RuleContext, facts: Facts): RuleContext {
  if (facts.size === 0) return context
  return { ...context, facts: new Set([...context.facts, ...facts]) }
}

/** Compiles a part that must not be null: where it may be, there is a warning, and a fault when it is. */
export function compileValue(node: RuleNode, context: RuleContext): Expression | null {
  const part = context.compile(node, context)
  if (part === null || !part.nullable) return part
  if (part.type.kind === 'null') {
    context.problem(node, 'null cannot be used here', 'only == and != work with null')
    return null
  }
  const root = part.path === null ? undefined : rootOf(part.path, context)
  const why = root === undefined || root.absence === '' ? '' : ` (${root.absence})`
  const remedy = `write ${part.text} != null && or ${part.text} == null || before it`
  context.warning(node, `${part.text} may be null${why}, and the record is then refused with RULE_ERROR`, remedy)
  return { ...part, nullable: false, run: notNull(part) }
}

/** What a plain path such as `previous` or `refs.car` names; undefined for everything within them. */
export function rootOf(path: string, context: RuleContext): Root | undefined {
  return context.scope.roots.get(path) ?? context.scope.references.get(path.replace(/^refs\./, ''))
}

/** Names of an object's fields. */
export function fieldNames(type: ObjectType): string[] {
  return [...type.properties.keys()]
}
