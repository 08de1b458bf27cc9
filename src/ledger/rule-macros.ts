import { compileValue, place, type RuleContext } from './rule-context.js'
import { costOfEach } from './rule-cost.js'
import { type Expression, expression, RuleFault, type Run } from './rule-expression.js'
import type { RuleNode } from './rule-parse.js'
import { costOfReading } from './rule-reading.js'
import { BOOL, computedSlot, type ListType, typeText, type Value } from './rule-type.js'

/** The macros of CEL that run a part of the rule once for each item of a list. */
export const MACRO_NAMES: readonly string[] = ['all', 'exists', 'exists_one', 'filter', 'map']

/** What a macro works on. */
interface Loop {
  readonly list: Expression
  readonly type: ListType
  readonly itemsMax: number
  /** Number of its variable. */
  readonly variable: number
  /** Context of the part that runs for each item. */
  readonly inner: RuleContext
  readonly node: RuleNode
  readonly context: RuleContext
}

/** Compiles `list.all(x, TEST)` and the like. */
export function compileMacro(
  name: string,
  receiver: RuleNode,
  args: readonly RuleNode[],
  node: RuleNode,
  context: RuleContext
): Expression | null {
  const [variable, ...parts] = args
  const usage = name === 'map' ? `LIST.map(x, VALUE)` : `LIST.${name}(x, TEST)`
  if (variable === undefined || variable.op !== 'id' || parts.length !== 1) {
    context.problem(node, `${name} is not called like this`, `write ${usage}`)
    return null
  }
  const loop = openLoop(name, receiver, String(variable.args), node, context)
  if (loop === null) return null
  const part = compileValue(parts[0]!, loop.inner)
  if (part === null) return null
  if (name === 'map') return mapLoop(loop, part)
  if (part.type.kind !== 'bool') {
    context.problem(
      parts[0]!,
      `the test of ${name} is ${typeText(part.type)}`,
      'write a test that is true or false for each item'
    )
    return null
  }
  if (name === 'filter') return filterLoop(loop, part)
  if (name === 'exists_one') return countLoop(loop, part)
  return quantifierLoop(loop, part, name === 'all')
}

function openLoop(
  name: string,
  receiver: RuleNode,
  variable: string,
  node: RuleNode,
  context: RuleContext
): Loop | null {
  const list = compileValue(receiver, context)
  if (list === null) return null
  if (list.type.kind !== 'list') {
    context.problem(
      node,
      `${list.text} is ${typeText(list.type)}, and ${name} works on lists`,
      'name a field that is a list'
    )
    return null
  }
  if (context.scope.roots.has(variable) || variable === 'refs' || context.variables.has(variable)) {
    context.problem(node, `${variable} already means something here`, 'choose another name for the variable')
    return null
  }
  const { itemsMax } = list.type
  if (itemsMax === null) {
    context.problem(
      node,
      `${list.text} has no bound on its items, so the cost of ${name} has none`,
      `give ${list.text} maxItems in the schema`
    )
    return null
  }
  const number = context.counter.variables++
  const variables = new Map(context.variables).set(variable, { number, slot: list.type.items })
  return { list, type: list.type, itemsMax, variable: number, inner: { ...context, variables }, node, context }
}

/** Takes the items in turn; the callback returns false to stop. */
function eachItem({ list, type, variable }: Loop, run: Run, visit: (item: Value) => boolean): void {
  for (const json of list.run(run) as readonly unknown[]) {
    const item = type.items.read(json)
    if (item === undefined) throw new RuleFault(`an item of ${list.text} is not of its type`)
    run.variables[variable] = item
    if (!visit(item)) return
  }
}

function loopExpression(loop: Loop, part: Expression, type: Expression['type'], run: (run: Run) => Value): Expression {
  const cost = loop.list.cost + costOfEach(loop.itemsMax, part.cost + costOfReading(loop.type.items.type))
  return expression(type, cost, place(loop.node, loop.context), run)
}

/** `all` and `exists`: as && and || over the items, one that decides outweighs another that faults. */
function quantifierLoop(loop: Loop, test: Expression, all: boolean): Expression {
  return loopExpression(loop, test, BOOL, (run) => {
    let fault: RuleFault | null = null
    let decided = false
    eachItem(loop, run, () => {
      try {
        decided = test.run(run) !== all
      } catch (error) {
        if (!(error instanceof RuleFault)) throw error
        fault ??= error
      }
      return !decided
    })
    if (decided) return !all
    if (fault !== null) throw fault
    return all
  })
}

function countLoop(loop: Loop, test: Expression): Expression {
  return loopExpression(loop, test, BOOL, (run) => {
    let count = 0
    eachItem(loop, run, () => {
      if (test.run(run) === true) count++
      return true
    })
    return count === 1
  })
}

function filterLoop(loop: Loop, test: Expression): Expression {
  const { items } = loop.type
  const type: ListType = { kind: 'list', items: computedSlot(items.type, items.nullable), itemsMax: loop.itemsMax }
  return loopExpression(loop, test, type, (run) => {
    const kept: Value[] = []
    eachItem(loop, run, (item) => {
      if (test.run(run) === true) kept.push(item)
      return true
    })
    return kept
  })
}

function mapLoop(loop: Loop, part: Expression): Expression {
  const type: ListType = { kind: 'list', items: computedSlot(part.type, false), itemsMax: loop.itemsMax }
  return loopExpression(loop, part, type, (run) => {
    const made: Value[] = []
    eachItem(loop, run, () => {
      made.push(part.run(run))
      return true
    })
    return made
  })
}
