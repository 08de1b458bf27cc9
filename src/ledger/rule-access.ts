import { didYouMean, nearest } from './nearest.js'
import { compileValue, fieldNames, place, type Root, type RuleContext } from './rule-context.js'
import { READ_TEXT, STEP } from './rule-cost.js'
import { type Expression, expression, NO_FACTS, RuleFault, type Run } from './rule-expression.js'
import { operands, type RuleNode } from './rule-parse.js'
import {
  BOOL,
  type ListType,
  type ObjectType,
  type Property,
  type RuleType,
  type Slot,
  typeText,
  type Value
} from './rule-type.js'

/** Compiles a name: one of the rule's variables. */
export function compileName(node: RuleNode, context: RuleContext): Expression | null {
  const name = String(node.args)
  const variable = context.variables.get(name)
  if (variable !== undefined) {
    const { number, slot } = variable
    return readable(slot, STEP, `$${number}`, node, context, (run) => run.variables[number]!)
  }
  const root = context.scope.roots.get(name)
  if (root !== undefined) return compileRoot(name, root, node, context)
  if (name === 'refs') context.problem(node, 'refs alone is nothing', 'name the reference, such as refs.NAME')
  else {
    const names = [...context.scope.roots.keys(), 'refs', ...context.variables.keys()]
    const asField = nearest(name, fieldNames(context.scope.roots.get('record')!.slot.type as ObjectType))
    const remedy = asField !== null ? `for the field write record.${asField}` : didYouMean(name, names, 'there are')
    context.problem(node, `${name} is not known`, remedy)
  }
  return null
}

/** Compiles `object.field`. */
export function compileField(node: RuleNode, context: RuleContext): Expression | null {
  const [base, name] = node.args as [RuleNode, string]
  const reference = compileReference(base, name, node, context)
  if (reference !== undefined) return reference
  const object = compileValueOf(base, context)
  if (object === null) return null
  if (object.type.kind !== 'object') {
    context.problem(
      node,
      `${object.text} is ${typeText(object.type)} and has no field ${name}`,
      fieldlessRemedy(object.type)
    )
    return null
  }
  return compileProperty(object, object.type, name, node, context)
}

/** Compiles `list[position]` and `object["field"]`. */
export function compileIndex(node: RuleNode, context: RuleContext): Expression | null {
  const [baseNode, indexNode] = operands(node) as [RuleNode, RuleNode]
  const base = compileValueOf(baseNode, context)
  const index = compileValue(indexNode, context)
  if (base === null || index === null) return null
  if (base.type.kind === 'list') return compileItem(base, base.type, index, node, context)
  if (base.type.kind !== 'object') {
    context.problem(node, `${base.text} is ${typeText(base.type)} and has no parts`, fieldlessRemedy(base.type))
    return null
  }
  if (index.type.kind !== 'string') {
    context.problem(indexNode, `a field is named by a text, not by ${typeText(index.type)}`, 'write the name in quotes')
    return null
  }
  if (typeof index.literal === 'string') return compileProperty(base, base.type, index.literal, node, context)
  return compileMember(base, base.type, index, node, context)
}

/** Compiles `has(object.field)`: whether a field is there. */
export function compileHas(node: RuleNode, args: readonly RuleNode[], context: RuleContext): Expression | null {
  const [field] = args
  if (args.length !== 1 || field?.op !== '.') {
    context.problem(
      node,
      'has() asks for one field',
      'write has(record.FIELD); for a list write size(LIST) > 0; for null compare with null'
    )
    return null
  }
  const [base, name] = field.args as [RuleNode, string]
  if (base.op === 'id' && base.args === 'refs') {
    context.problem(node, 'a reference is never missing but null', `write refs.${name} != null`)
    return null
  }
  const object = compileValueOf(base, context)
  if (object === null) return null
  if (object.type.kind !== 'object') {
    context.problem(field, `${object.text} is ${typeText(object.type)} and has no fields`, fieldlessRemedy(object.type))
    return null
  }
  const property = propertyOf(object, object.type, name, field, context)
  return property === null ? null : presence(object, name, property, node, context)
}

/** Compiles `"field" in object`. */
export function compileMembership(
  name: Expression,
  object: Expression,
  node: RuleNode,
  context: RuleContext
): Expression | null {
  const type = object.type as ObjectType
  if (typeof name.literal === 'string') {
    const property = propertyOf(object, type, name.literal, node, context)
    return property === null ? null : presence(object, name.literal, property, node, context)
  }
  if (type.additional === null) {
    context.problem(node, `the fields of ${object.text} are all listed in its schema`, 'write the name in quotes')
    return null
  }
  const cost = name.cost + object.cost + STEP
  const path = memberPath(object, name)
  const found = (run: Run): Value => ownMember(object.run(run), name.run(run) as string) !== undefined
  return {
    ...expression(BOOL, cost, place(node, context), found),
    whenTrue: path === null ? NO_FACTS : new Set([`has ${path}`])
  }
}

function compileRoot(name: string, root: Root, node: RuleNode, context: RuleContext): Expression {
  return readable(root.slot, STEP, name, node, context, ({ input }) => root.get(input) as Value)
}

/** `refs.NAME`; undefined when the node is something else. */
function compileReference(
  base: RuleNode,
  name: string,
  node: RuleNode,
  context: RuleContext
): Expression | null | undefined {
  if (base.op !== 'id' || base.args !== 'refs' || context.variables.has('refs')) return undefined
  const reference = context.scope.references.get(name)
  if (reference !== undefined) return compileRoot(`refs.${name}`, reference, node, context)
  const names = [...context.scope.references.keys()]
  const remedy =
    names.length === 0 ? 'declare it under references of this object' : didYouMean(name, names, 'references')
  context.problem(node, `there is no reference ${name}`, remedy)
  return null
}

/** Compiles what is to be looked into: it must not be null. */
function compileValueOf(node: RuleNode, context: RuleContext): Expression | null {
  const part = context.compile(node, context)
  if (part === null || !part.nullable) return part
  const root = part.path === null ? undefined : rootOf(part.path, context)
  const why = root === undefined || root.absence === '' ? '' : ` (${root.absence})`
  if (part.type.kind === 'any')
    context.problem(node, `the schema does not say what ${part.text} is`, 'give it a type in the schema')
  else
    context.problem(
      node,
      `${part.text} may be null${why}`,
      `write ${part.text} == null || or ${part.text} != null && before it`
    )
  return null
}

function rootOf(path: string, context: RuleContext): Root | undefined {
  return context.scope.roots.get(path) ?? context.scope.references.get(path.replace(/^refs\./, ''))
}

function compileProperty(
  object: Expression,
  type: ObjectType,
  name: string,
  node: RuleNode,
  context: RuleContext
): Expression | null {
  const property = propertyOf(object, type, name, node, context)
  if (property === null) return null
  const path = propertyPath(object, name)
  if (property.optional && !(path !== null && context.facts.has(`has ${path}`))) {
    const text = place(node, context).text
    const guard = node.op === '.' ? `has(${text})` : `${JSON.stringify(name)} in ${object.text}`
    const remedy =
      path === null ? `list ${name} under required` : `write ${guard} && before it, or list ${name} under required`
    context.problem(node, `${text} may be missing`, remedy)
    return null
  }
  const missing = `${place(node, context).text} is missing`
  return readable(property, object.cost + costOfReading(property.type), path, node, context, (run) => {
    const value = property.read(ownMember(object.run(run), name))
    if (value === undefined) throw new RuleFault(missing)
    return value
  })
}

/** A field whose name is only known when the rule runs, in an object that is open. */
function compileMember(
  object: Expression,
  type: ObjectType,
  name: Expression,
  node: RuleNode,
  context: RuleContext
): Expression | null {
  const { additional } = type
  if (additional === null || additional.type.kind === 'any') {
    context.problem(
      node,
      'the name of the field must be written in quotes here',
      'or give additionalProperties of the object a type'
    )
    return null
  }
  const path = memberPath(object, name)
  if (path === null || !context.facts.has(`has ${path}`)) {
    const { text } = place(node, context)
    context.problem(node, `${text} may be missing`, `write ${name.text} in ${object.text} && before it`)
    return null
  }
  const missing = `${place(node, context).text} is missing`
  return readable(additional, object.cost + name.cost + costOfReading(additional.type), path, node, context, (run) => {
    const value = additional.read(ownMember(object.run(run), name.run(run) as string))
    if (value === undefined) throw new RuleFault(missing)
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
  const missing = `${place(node, context).text} is beyond the end of the list`
  return readable(type.items, list.cost + index.cost + costOfReading(type.items.type), path, node, context, (run) => {
    const items = list.run(run) as readonly unknown[]
    const position = index.run(run) as bigint
    const value =
      position >= 0n && position < BigInt(items.length) ? type.items.read(items[Number(position)]) : undefined
    if (value === undefined) throw new RuleFault(missing)
    return value
  })
}

/** The declared property, or null with the mistake reported. */
function propertyOf(
  object: Expression,
  type: ObjectType,
  name: string,
  node: RuleNode,
  context: RuleContext
): Property | null {
  const property = type.properties.get(name)
  if (property !== undefined) {
    mention(object, name, context)
    return property
  }
  if (type.additional !== null && type.additional.type.kind !== 'any') {
    mention(object, name, context)
    return { ...type.additional, optional: true }
  }
  const names = fieldNames(type)
  const near = nearest(name, names)
  const open =
    type.additional !== null
      ? 'to use a field of an open object, list it under properties'
      : didYouMean(name, names, 'fields')
  context.problem(node, `${object.text} has no field ${name}`, near === null ? open : `did you mean ${near}?`)
  return null
}

function mention(object: Expression, field: string, context: RuleContext): void {
  const { path } = object
  if (path !== null && rootOf(path, context) !== undefined) context.mentions.push({ root: path, field })
}

/** Whether a property is there. */
function presence(object: Expression, name: string, property: Slot, node: RuleNode, context: RuleContext): Expression {
  const path = propertyPath(object, name)
  const whenTrue = path === null ? NO_FACTS : new Set([`has ${path}`])
  const run = (at: Run): Value => property.read(ownMember(object.run(at), name)) !== undefined
  return { ...expression(BOOL, object.cost + costOfReading(property.type), place(node, context), run), whenTrue }
}

/** A value that is not null where that is known, and then checked to be so, because a fault may have been passed over. */
function readable(
  slot: Slot,
  cost: number,
  path: string | null,
  node: RuleNode,
  context: RuleContext,
  run: (run: Run) => Value
): Expression {
  const at = place(node, context)
  const known = slot.nullable && path !== null && context.facts.has(`value ${path}`)
  const checked = (at_: Run): Value => {
    const value = run(at_)
    if (value === null) throw new RuleFault(`${at.text} is null`)
    return value
  }
  const nullable = slot.nullable && !known
  return { ...expression(slot.type, cost, at, known ? checked : run), nullable, path }
}

function ownMember(object: Value, name: string): unknown {
  if (object === null) throw new RuleFault('null has no fields')
  return Object.hasOwn(object as object, name) ? (object as Record<string, unknown>)[name] : undefined
}

function propertyPath(object: Expression, name: string): string | null {
  return object.path === null ? null : `${object.path}[${JSON.stringify(name)}]`
}

function memberPath(object: Expression, name: Expression): string | null {
  return object.path === null || name.path === null ? null : `${object.path}[${name.path}]`
}

function costOfReading(type: RuleType): number {
  if (type.kind === 'date' || type.kind === 'time' || type.kind === 'decimal') return STEP + READ_TEXT
  return STEP
}

function fieldlessRemedy(type: RuleType): string {
  if (type.kind === 'list') return 'use all(), exists() or a position such as [0]'
  return type.kind === 'any' ? 'give it a type in the schema' : 'remove what follows it'
}
