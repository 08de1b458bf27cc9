import type { RuleContext } from './rule-context.js'
import type { Expression } from './rule-expression.js'
import type { RuleNode } from './rule-parse.js'
import { typeText } from './rule-type.js'

/** What a function is called with: its arguments, of a method the receiver first. */
export interface Call {
  readonly name: string
  /** How it is written, for messages. */
  readonly usage: string
  readonly node: RuleNode
  readonly args: readonly Expression[]
  readonly context: RuleContext
  /** Cost of the arguments. */
  readonly cost: number
}

/** Reports arguments of the wrong types. */
export function wrongTypes({ name, usage, node, args, context }: Call): null {
  const given = args.map((part) => `${part.text} is ${typeText(part.type)}`).join(', ')
  context.problem(node, `${name} does not work on this: ${given}`, `write ${usage}`)
  return null
}

/** The bound on a text's length, or null with its lack reported. */
export function boundOf(part: Expression, { name, node, context }: Call): number | null {
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
