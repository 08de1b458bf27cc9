import { didYouMean, nearest } from './nearest.js'
import { compileValue, fieldNames, place, type Root, type RuleContext } from './rule-context.js'
import { STEP } from './rule-cost.js'
import { type Expression, RuleFault } from './rule-expression.js'
import { operands, type RuleNode } from './rule-parse.js'
import {
  costOfReading,
  hasFields,
  memberPath,
  ownMember,
  propertyOf,
  reading,
  readingOfProperty,
  warnMissing
} from './rule-reading.js'
import { type ListType, type ObjectType, type RuleType, typeText, type Value } from './rule-type.js'

/** Compiles a name: one of the rule's variables. */
export function compileName(node: RuleNode, context: RuleContext): Expression | null {
  const name = String(node.args)
  const variable = context.variables.get(name)
  if (variable !== undefined) {
    const { number, slot } = variable
    return reading(slot, STEP, `$${number}`, node, context, (run) => run.variables[number]!)
  }
  const root = context.scope.roots.get(name)
  if (root !== undefined) return compileRoot(name, root, node, context)
  if (name === 'refs') context.problem(node, 'refs alone is nothing', 'name the reference, such as refs.NAME')
  else if (name === 'previous') {
    context.problem(node, 'the object has no key, so no record comes before another', 'give the object a key')
  } else if (name === 'next') {
    context.problem(node, 'a record is always the last when it comes', 'give the object order: FIELD, or amend')
  } else {
    const fields = fieldNames(context.scope.roots.get('record')!.slot.type as ObjectType)
    const field = nearest(name, fields)
    const names = [...context.scope.roots.keys(), 'refs', ...context.variables.keys()]
    const remedy = field === null ? didYouMean(name, names, 'there are') : `for the field write record.${field}`
    context.problem(node, `${name} is not known`, remedy)
  }
  return null
}

/** Compiles `object.field`. */
export function compileField(node: RuleNode, context: RuleContext): Expression | null {
  const [base, name] = node.args as [RuleNode, string]
  if (base.op === 'id' && base.args === 'refs') return compileReference(name, node, context)
  const object = compileValue(base, context)
  if (object === null) return null
  if (!hasFields(object.type)) {
    context.problem(
      node,
      `${object.text} is ${typeText(object.type)} and has no field ${name}`,
      partRemedy(object.type)
    )
    return null
  }
  const property = propertyOf(object, name, node, context)
  return property === null ? null : readingOfProperty(object, property, name, node, context)
}

/** Compiles `list[position]` and `object["field"]`. */
export function compileIndex(node: RuleNode, context: RuleContext): Expression | null {
  const [baseNode, indexNode] = operands(node) as [RuleNode, RuleNode]
  const base = compileValue(baseNode, context)
  const index = compileValue(indexNode, context)
  if (base === null || index === null) return null
  if (base.type.kind === 'list') return compileItem(base, base.type, index, node, context)
  if (!hasFields(base.type)) {
    context.problem(node, `${base.text} is ${typeText(base.type)} and has no parts`, partRemedy(base.type))
    return null
  }
  if (index.type.kind !== 'string') {
    context.problem(indexNode, `a field is named by a text, not by ${typeText(index.type)}`, 'write the name in quotes')
    return null
  }
  if (typeof index.literal !== 'string') return compileMember(base, index, node, context)
  const property = propertyOf(base, index.literal, node, context)
  return property === null ? null : readingOfProperty(base, property, index.literal, node, context)
}

function compileRoot(name: string, root: Root, node: RuleNode, context: RuleContext): Expression {
  const { nullable } = root.slot
  return reading(root.slot, STEP, name, node, context, ({ input }) => {
    const value = root.get(input) as Value
    // Only what a record from before today's schema refers to can be nothing where something has to be.
    if (value === null && !nullable) throw new RuleFault(`${name} is missing`)
    return value
  })
}

function compileReference(name: string, node: RuleNode, context: RuleContext): Expression | null {
  const reference = context.scope.references.get(name)
  if (reference !== undefined) return compileRoot(`refs.${name}`, reference, node, context)
  const names = [...context.scope.references.keys()]
  const remedy =
    names.length === 0 ? 'declare it under references of this object' : didYouMean(name, names, 'references')
  context.problem(node, `there is no reference ${name}`, remedy)
  return null
}

/** A field whose name is only known when the rule runs, in an object that is open. */
function compileMember(object: Expression, name: Expression, node: RuleNode, context: RuleContext): Expression | null {
  const additional = object.type.kind === 'object' ? object.type.additional : null
  if (additional === null) {
    context.problem(
      node,
      'the name of the field must be written in quotes here',
      'or give additionalProperties of the object a type'
    )
    return null
  }
  const path = memberPath(object, name)
  const { text } = place(node, context)
  if (path === null || !context.facts.has(`has ${path}`)) {
    warnMissing(text, path === null ? null : `${name.text} in ${object.text}`, node, context)
  }
  const cost = object.cost + name.cost + costOfReading(additional.type)
  return reading(additional, cost, path, node, context, (run) => {
    const value = additional.read(ownMember(object.run(run), name.run(run) as string))
    if (value === undefined) throw new RuleFault(`${text} is missing`)
    return value
  })
}

function compileItem(
  list: Expression,
  type: ListType,
  index: Expression,
  node: RuleNode,
  context: RuleContext
): Expression | null {
  if (index.type.kind !== 'int') {
    context.problem(node, `a position in a list is an integer, not ${typeText(index.type)}`, 'positions count from 0')
    return null
  }
  const path = list.path !== null && typeof index.literal === 'bigint' ? `${list.path}[${index.literal}]` : null
  const { text } = place(node, context)
  const cost = list.cost + index.cost + costOfReading(type.items.type)
  return reading(type.items, cost, path, node, context, (run) => {
    const items = list.run(run) as readonly unknown[]
    const position = index.run(run) as bigint
    if (position < 0n || position >= BigInt(items.length)) throw new RuleFault(`${text} is beyond the end of the list`)
    const value = type.items.read(items[Number(position)])
    if (value === undefined) throw new RuleFault(`${text} is not of its type`)
    return value
  })
}

/** What to do about taking a part of what has none. */
export function partRemedy(type: RuleType): string {
  return type.kind === 'list' ? 'use all(), exists() or a position such as [0]' : 'remove what follows it'
}
