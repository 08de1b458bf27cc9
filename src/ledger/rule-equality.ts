import { didYouMean } from './nearest.js'
import { compileValue, place, type RuleContext } from './rule-context.js'
import { costOfComparing, costOfEach, STEP } from './rule-cost.js'
import { type Expression, expression, type Facts, NO_FACTS, RuleFault } from './rule-expression.js'
import { comparisonRemedy, factorTo, isExact, matchLiterals, scaleOf } from './rule-operators.js'
import { operands, type RuleNode } from './rule-parse.js'
import { compileMembership } from './rule-presence.js'
import { costOfReading, hasFields } from './rule-reading.js'
import { BOOL, type ListType, type RuleType, typeText, type Value } from './rule-type.js'

type Equal = (a: Value, b: Value) => boolean

/** Compiles `==` and `!=`. Also works on what may be null. */
export function compileEquality(node: RuleNode, context: RuleContext): Expression | null {
  const [leftNode, rightNode] = operands(node) as [RuleNode, RuleNode]
  const leftPart = context.compile(leftNode, context)
  const rightPart = context.compile(rightNode, context)
  if (leftPart === null || rightPart === null) return null
  const [left, right] = matchLiterals(leftPart, rightPart)
  const equal = checkedEquality(left, right, node, context)
  if (equal === null) return null
  const cost = left.cost + right.cost + costOfEquality(left.type, right.type)
  if (!Number.isFinite(cost)) {
    const problem = `neither ${left.text} nor ${right.text} has a bound on its items, so the cost of ${node.op} has none`
    context.problem(node, problem, `give ${left.text} maxItems in the schema`)
    return null
  }
  const facts = factsOfEquality(left, right)
  const at = place(node, context)
  if (node.op === '==') {
    const same = expression(BOOL, cost, at, (run) => equal(left.run(run), right.run(run)))
    return { ...same, ...facts }
  }
  const other = expression(BOOL, cost, at, (run) => !equal(left.run(run), right.run(run)))
  return { ...other, whenTrue: facts.whenFalse, whenFalse: facts.whenTrue }
}

/** Compiles `x in [a, b]`, `x in list` and `"field" in object`. */
export function compileIn(node: RuleNode, context: RuleContext): Expression | null {
  const [itemNode, setNode] = operands(node) as [RuleNode, RuleNode]
  if (setNode.op === 'list') return compileInLiteral(itemNode, setNode, node, context)
  const item = compileValue(itemNode, context)
  const set = compileValue(setNode, context)
  if (item === null || set === null) return null
  if (hasFields(set.type) && item.type.kind === 'string') return compileMembership(item, set, node, context)
  if (set.type.kind === 'list') return compileInList(item, set, set.type, node, context)
  context.problem(
    node,
    `${set.text} is ${typeText(set.type)}, not a list`,
    'write [VALUE, VALUE] or a field that is a list'
  )
  return null
}

/** Each value of a written list is compared on its own, so that each is checked on its own. */
function compileInLiteral(
  itemNode: RuleNode,
  setNode: RuleNode,
  node: RuleNode,
  context: RuleContext
): Expression | null {
  const item = compileValue(itemNode, context)
  const parts = operands(setNode).map((part) => compileValue(part, context))
  if (item === null || parts.includes(null)) return null
  const tests: { candidate: Expression; value: Expression; equal: Equal }[] = []
  let cost = STEP
  for (const part of parts as Expression[]) {
    const [value, candidate] = matchLiterals(item, part)
    const equal = checkedEquality(value, candidate, node, context)
    if (equal === null) return null
    cost += value.cost + candidate.cost + costOfEquality(value.type, candidate.type)
    tests.push({ candidate, value, equal })
  }
  // As in CEL, all of the list is evaluated first: a fault in it is one even when an earlier item is equal.
  return expression(BOOL, cost, place(node, context), (run) => {
    const answers = tests.map(({ candidate, value, equal }) => equal(value.run(run), candidate.run(run)))
    return answers.includes(true)
  })
}

function compileInList(
  item: Expression,
  list: Expression,
  type: ListType,
  node: RuleNode,
  context: RuleContext
): Expression | null {
  const { items, itemsMax } = type
  const candidate: Expression = {
    ...item,
    type: items.type,
    nullable: items.nullable,
    literal: undefined,
    text: `an item of ${list.text}`
  }
  const [sought] = matchLiterals(item, candidate)
  const equal = checkedEquality(sought, candidate, node, context)
  if (equal === null) return null
  if (itemsMax === null) {
    context.problem(
      node,
      `${list.text} has no bound on its items, so the cost of in has none`,
      `give ${list.text} maxItems in the schema`
    )
    return null
  }
  const cost =
    item.cost + list.cost + costOfEach(itemsMax, costOfReading(items.type) + costOfEquality(item.type, items.type))
  return expression(BOOL, cost, place(node, context), (run) => {
    const value = sought.run(run)
    for (const json of list.run(run) as readonly unknown[]) {
      const found = items.read(json)
      if (found === undefined) throw new RuleFault(`an item of ${list.text} is not of its type`)
      if (equal(value, found)) return true
    }
    return false
  })
}

/** The comparison of two expressions, or null with the mistake reported. */
function checkedEquality(left: Expression, right: Expression, node: RuleNode, context: RuleContext): Equal | null {
  if (left.type.kind === 'null' || right.type.kind === 'null') return nullEquality(left, right, node, context)
  const equal = equalityOf(left.type, right.type)
  if (equal === null) {
    const problem = `${left.text} is ${typeText(left.type)} and ${right.text} is ${typeText(right.type)}: they cannot be equal`
    context.problem(node, problem, comparisonRemedy(left.type, right.type))
    return null
  }
  if (!checkValues(left, right, node, context) || !checkValues(right, left, node, context)) return null
  if (!left.nullable && !right.nullable) return equal
  return (a, b) => (a === null || b === null ? a === b : equal(a, b))
}

/** A comparison with null makes sense only where null can be. */
function nullEquality(left: Expression, right: Expression, node: RuleNode, context: RuleContext): Equal | null {
  const other = left.type.kind === 'null' ? right : left
  if (other.nullable || other.type.kind === 'null') return (a, b) => a === b
  const known = other.path !== null && context.facts.has(`value ${other.path}`)
  const problem = known ? `${other.text} is known not to be null here` : `${other.text} is never null`
  const remedy = known
    ? 'remove the comparison'
    : `ask has(${other.text}) if it may be missing, or remove the comparison`
  context.problem(node, problem, remedy)
  return null
}

/** A text that a field's enum does not list is a slip of the pen. */
function checkValues(literal: Expression, field: Expression, node: RuleNode, context: RuleContext): boolean {
  if (typeof literal.literal !== 'string' || field.type.kind !== 'string' || field.type.values === null) return true
  if (field.path === null || field.type.values.includes(literal.literal)) return true
  const problem = `${field.text} can never be ${JSON.stringify(literal.literal)}`
  context.problem(node, problem, didYouMean(literal.literal, field.type.values, 'its values'))
  return false
}

/** How values of two types are compared; null when they cannot be. */
function equalityOf(left: RuleType, right: RuleType): Equal | null {
  if (isExact(left) && isExact(right)) {
    const scale = Math.max(scaleOf(left), scaleOf(right))
    const [forLeft, forRight] = [factorTo(scale, left), factorTo(scale, right)]
    if (forLeft === 1n && forRight === 1n) return identical
    return (a, b) => (a as bigint) * forLeft === (b as bigint) * forRight
  }
  if (left.kind === 'list' && right.kind === 'list') return listEquality(left, right)
  if (left.kind === 'any') return OPEN_COMPARABLE.includes(right.kind) ? jsonEquality : null
  if (right.kind === 'any') return OPEN_COMPARABLE.includes(left.kind) ? (a, b) => jsonEquality(b, a) : null
  const numbers = ['int', 'double']
  // biome-ignore lint/suspicious/noDoubleEquals: between bigint and number it is the exact mathematical comparison.
  if (numbers.includes(left.kind) && numbers.includes(right.kind)) return (a, b) => a == b
  if (left.kind !== right.kind || left.kind === 'object') return null
  return identical
}

const OPEN_COMPARABLE: readonly string[] = ['string', 'bool', 'int', 'double']

function identical(a: Value, b: Value): boolean {
  return a === b
}

/** Data of an open type against a value of a known one: unequal when it is of another type. */
function jsonEquality(json: Value, value: Value): boolean {
  return json === value || (typeof value === 'bigint' && Number.isSafeInteger(json) && BigInt(json as number) === value)
}

function listEquality(left: ListType, right: ListType): Equal | null {
  const equal = equalityOf(left.items.type, right.items.type)
  if (equal === null || left.items.type.kind === 'list') return null
  return (a, b) => {
    const [x, y] = [a as readonly unknown[], b as readonly unknown[]]
    if (x.length !== y.length) return false
    return x.every((json, index) => {
      const [p, q] = [left.items.read(json), right.items.read(y[index])]
      if (p === undefined || q === undefined) throw new RuleFault('an item of a list is not of its type')
      return p === null || q === null ? p === q : equal(p, q)
    })
  }
}

function costOfEquality(left: RuleType, right: RuleType): number {
  if (left.kind === 'string' && right.kind === 'string') return costOfComparing(left.charsMax, right.charsMax)
  if (left.kind === 'list' && right.kind === 'list') {
    const itemsMax = Math.min(left.itemsMax ?? Infinity, right.itemsMax ?? Infinity)
    const reading = costOfReading(left.items.type) + costOfReading(right.items.type)
    return costOfEach(itemsMax, reading + costOfEquality(left.items.type, right.items.type))
  }
  return STEP
}

/** What `==` says about the paths it compares. */
function factsOfEquality(left: Expression, right: Expression): { whenTrue: Facts; whenFalse: Facts } {
  const isNull = (part: Expression): boolean => part.type.kind === 'null'
  const factOf = (part: Expression): Facts =>
    part.nullable && part.path !== null ? new Set([`value ${part.path}`]) : NO_FACTS
  if (isNull(left)) return { whenTrue: NO_FACTS, whenFalse: factOf(right) }
  if (isNull(right)) return { whenTrue: NO_FACTS, whenFalse: factOf(left) }
  if (!right.nullable) return { whenTrue: factOf(left), whenFalse: NO_FACTS }
  return { whenTrue: left.nullable ? NO_FACTS : factOf(right), whenFalse: NO_FACTS }
}
