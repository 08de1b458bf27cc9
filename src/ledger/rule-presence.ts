import { partRemedy } from './rule-access.js'
import { compileValue, place, type RuleContext } from './rule-context.js'
import { STEP } from './rule-cost.js'
import { type Expression, expression, NO_FACTS, type Run } from './rule-expression.js'
import type { RuleNode } from './rule-parse.js'
import { costOfReading, hasFields, memberPath, ownMember, propertyOf, propertyPath } from './rule-reading.js'
import { BOOL, type Slot, typeText, type Value } from './rule-type.js'

/** Compiles `has(object.field)`: whether a field is there. */
export function compileHas(node: RuleNode, args: readonly RuleNode[], context: RuleContext): Expression | null {
  const [field] = args
  if (args.length !== 1 || field?.op !== '.') {
    const remedy =
      'write has(record.FIELD), or "FIELD" in record; for a list write size(LIST) > 0; for null compare with null'
    context.problem(node, 'has() asks for one field', remedy)
    return null
  }
  const [base, name] = field.args as [RuleNode, string]
  if (base.op === 'id' && base.args === 'refs') {
    context.problem(node, 'a reference is never missing but null', `write refs.${name} != null`)
    return null
  }
  const object = compileValue(base, context)
  if (object === null) return null
  if (!hasFields(object.type)) {
    context.problem(field, `${object.text} is ${typeText(object.type)} and has no fields`, partRemedy(object.type))
    return null
  }
  const property = propertyOf(object, name, field, context)
  return property === null ? null : presence(object, name, property, node, context)
}

/** Compiles `"field" in object`. */
export function compileMembership(
  name: Expression,
  object: Expression,
  node: RuleNode,
  context: RuleContext
): Expression | null {
  if (typeof name.literal === 'string') {
    const property = propertyOf(object, name.literal, node, context)
    return property === null ? null : presence(object, name.literal, property, node, context)
  }
  if (object.type.kind === 'object' && object.type.additional === null) {
    context.problem(node, `the fields of ${object.text} are all listed in its schema`, 'write the name in quotes')
    return null
  }
  const cost = name.cost + object.cost + STEP
  const path = memberPath(object, name)
  const found = (run: Run): Value => ownMember(object.run(run), name.run(run) as string) !== undefined
  const whenTrue = path === null ? NO_FACTS : new Set([`has ${path}`])
  return { ...expression(BOOL, cost, place(node, context), found), whenTrue }
}

function presence(object: Expression, name: string, property: Slot, node: RuleNode, context: RuleContext): Expression {
  const path = propertyPath(object, name)
  const whenTrue = path === null ? NO_FACTS : new Set([`has ${path}`])
  const run = (at: Run): Value => property.read(ownMember(object.run(at), name)) !== undefined
  return { ...expression(BOOL, object.cost + costOfReading(property.type), place(node, context), run), whenTrue }
}
