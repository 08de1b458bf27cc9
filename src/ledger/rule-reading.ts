import { didYouMean, nearest } from './nearest.js'
import { fieldNames, place, type RuleContext, rootOf } from './rule-context.js'
import { READ_TEXT, STEP } from './rule-cost.js'
import { type Expression, expression, notNull, RuleFault, type Run } from './rule-expression.js'
import type { RuleNode } from './rule-parse.js'
import {
  ANY_TYPE,
  type ObjectType,
  type Property,
  type RuleType,
  type Slot,
  UNREADABLE_TYPE,
  type Value
} from './rule-type.js'

/** A field of data whose type the schema leaves open. */
const OPEN_PROPERTY: Property = {
  type: ANY_TYPE,
  nullable: true,
  optional: true,
  read: (json) => json as Value | undefined
}

/**
 * What is read from a place, at a cost. Where it is known not to be null it still is checked to be so when it runs: a
 * fault in what made it known may have been passed over.
 */
export function reading(
  slot: Slot,
  cost: number,
  path: string | null,
  node: RuleNode,
  context: RuleContext,
  run: (run: Run) => Value
): Expression {
  const part = { ...expression(slot.type, cost, place(node, context), run), nullable: slot.nullable, path }
  const known = slot.nullable && path !== null && context.facts.has(`value ${path}`)
  return known ? { ...part, nullable: false, run: notNull(part) } : part
}

/** Reads a field of an object. */
export function readingOfProperty(
  object: Expression,
  property: Property,
  name: string,
  node: RuleNode,
  context: RuleContext
): Expression {
  const path = propertyPath(object, name)
  const { text } = place(node, context)
  if (property.optional && !(path !== null && context.facts.has(`has ${path}`))) {
    const guard = node.op === '.' ? `has(${text})` : `${JSON.stringify(name)} in ${object.text}`
    warnMissing(text, path === null ? null : guard, node, context)
  }
  return reading(property, object.cost + costOfReading(property.type), path, node, context, (run) => {
    const value = property.read(ownMember(object.run(run), name))
    if (value === undefined) throw new RuleFault(`${text} is missing`)
    return value
  })
}

/** Warns that something may not be there. */
export function warnMissing(text: string, guard: string | null, node: RuleNode, context: RuleContext): void {
  const remedy =
    guard === null
      ? 'list it under required in the schema'
      : `write ${guard} && before it, or list it under required in the schema`
  context.warning(node, `${text} may be missing, and the record is then refused with RULE_ERROR`, remedy)
}

/** The field of that name; null when an object cannot have it, which was reported here or with the schema. */
export function propertyOf(object: Expression, name: string, node: RuleNode, context: RuleContext): Property | null {
  if (object.type.kind === 'any') return OPEN_PROPERTY
  const type = object.type as ObjectType
  const names = fieldNames(type)
  const declared = type.properties.get(name)
  const near = declared === undefined ? nearest(name, names) : null
  if (declared === undefined && (type.additional === null || near !== null)) {
    const open = type.additional === null ? '' : ', or list it under properties'
    const remedy = near === null ? didYouMean(name, names, 'fields') : `did you mean ${near}?${open}`
    context.problem(node, `${object.text} has no field ${name}`, remedy)
    return null
  }
  if (object.path !== null && rootOf(object.path, context) !== undefined) {
    context.mentions.push({ root: object.path, field: name })
  }
  const property = declared ?? { ...type.additional!, optional: true }
  return property.type === UNREADABLE_TYPE ? null : property
}

/** Whether an object can be looked into. */
export function hasFields(type: RuleType): boolean {
  return type.kind === 'object' || type.kind === 'any'
}

/** A member of an object, or undefined; what stands on the prototype is not one. */
export function ownMember(object: Value, name: string): unknown {
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    throw new RuleFault(`there is no object to take ${name} from`)
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined
}

export function propertyPath(object: Expression, name: string): string | null {
  return object.path === null ? null : `${object.path}[${JSON.stringify(name)}]`
}

/** The path of a field whose name is read itself. */
export function memberPath(object: Expression, name: Expression): string | null {
  return object.path === null || name.path === null ? null : `${object.path}[${name.path}]`
}

/** Units of reading a value of this type. */
export function costOfReading(type: RuleType): number {
  if (type.kind === 'date' || type.kind === 'time' || type.kind === 'decimal') return STEP + READ_TEXT
  return STEP
}
