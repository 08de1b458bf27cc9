import { type Call, wrongTypes } from './rule-call.js'
import { place } from './rule-context.js'
import { costOfEach, STEP } from './rule-cost.js'
import { type Expression, expression, RuleFault } from './rule-expression.js'
import { checkedDecimal, checkedDouble, checkedInt, isExact, scaleOf } from './rule-operators.js'
import { costOfReading } from './rule-reading.js'
import { DOUBLE, INT, type RuleType } from './rule-type.js'

export function compileDouble(call: Call): Expression | null {
  const [part] = call.args as [Expression]
  if (part.type.kind === 'double') return part
  if (part.type.kind !== 'int') return wrongTypes(call)
  return expression(DOUBLE, call.cost, place(call.node, call.context), (run) => Number(part.run(run)))
}

export function compileAbs(call: Call): Expression | null {
  const [part] = call.args as [Expression]
  const at = place(call.node, call.context)
  if (part.type.kind === 'double') return expression(DOUBLE, call.cost, at, (run) => Math.abs(part.run(run) as number))
  if (!isExact(part.type)) return wrongTypes(call)
  const checked = part.type.kind === 'int' ? checkedInt : checkedDecimal
  return expression(part.type, call.cost, at, (run) => {
    const value = part.run(run) as bigint
    return value < 0n ? checked(-value) : value
  })
}

/** Rounds half away from zero, as invoices do. */
export function compileRound(call: Call): Expression | null {
  const [part, digits] = call.args as [Expression, Expression]
  const { literal } = digits
  if (!isExact(part.type)) return wrongTypes(call)
  if (typeof literal !== 'bigint' || digits.type.kind !== 'int' || literal < 0n || literal > 15n) {
    call.context.problem(call.node, 'the digits of round must be a number from 0 to 15', 'write round(x, 2) for cents')
    return null
  }
  const scale = Number(literal)
  const type: RuleType = scale === 0 ? INT : { kind: 'decimal', scale }
  const checked = scale === 0 ? checkedInt : checkedDecimal
  const from = scaleOf(part.type)
  const at = place(call.node, call.context)
  if (from <= scale) {
    const factor = 10n ** BigInt(scale - from)
    return expression(type, call.cost + STEP, at, (run) => checked((part.run(run) as bigint) * factor))
  }
  const step = 10n ** BigInt(from - scale)
  const half = step / 2n
  return expression(type, call.cost + STEP, at, (run) => {
    const value = part.run(run) as bigint
    return checked(value < 0n ? -((-value + half) / step) : (value + half) / step)
  })
}

export function compileSum(call: Call): Expression | null {
  const [list] = call.args as [Expression]
  const { node, context, cost } = call
  if (list.type.kind !== 'list') return wrongTypes(call)
  const { items, itemsMax } = list.type
  if (!(isExact(items.type) || items.type.kind === 'double') || items.nullable) return wrongTypes(call)
  if (itemsMax === null) {
    context.problem(
      node,
      `${list.text} has no bound on its items, so the cost of sum has none`,
      `give ${list.text} maxItems in the schema`
    )
    return null
  }
  const values = (json: readonly unknown[]): unknown[] =>
    json.map((item) => {
      const value = items.read(item)
      if (value === undefined) throw new RuleFault(`an item of ${list.text} is not of its type`)
      return value
    })
  const total = cost + costOfEach(itemsMax, 2 * STEP + costOfReading(items.type))
  const at = place(node, context)
  if (items.type.kind === 'double') {
    return expression(DOUBLE, total, at, (run) =>
      checkedDouble((values(list.run(run) as unknown[]) as number[]).reduce((a, b) => a + b, 0))
    )
  }
  const checked = items.type.kind === 'int' ? checkedInt : checkedDecimal
  return expression(items.type, total, at, (run) =>
    checked((values(list.run(run) as unknown[]) as bigint[]).reduce((a, b) => a + b, 0n))
  )
}
