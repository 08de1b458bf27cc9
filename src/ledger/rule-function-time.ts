import { DAY_MAX, DAY_MIN, dayOfInstant, floorDivide, readDate, readDateTime } from './rfc3339.js'
import { type Call, wrongTypes } from './rule-call.js'
import { place } from './rule-context.js'
import { constant, type Expression, expression, RuleFault } from './rule-expression.js'
import { DATE, INT, TIME } from './rule-type.js'

export const NANOS_PER_SECOND = 1_000_000_000n
export const NANOS_PER_DAY = 86_400n * NANOS_PER_SECOND

/** A text literal that is a date or a time, as one. */
function momentOf(part: Expression): Expression {
  if (typeof part.literal !== 'string') return part
  const day = readDate(part.literal)
  if (day !== null) return constant(DATE, day, part)
  const instant = readDateTime(part.literal)
  return instant === null ? part : constant(TIME, instant, part)
}

export function compileDate(call: Call): Expression | null {
  const part = momentOf(call.args[0]!)
  if (part.type.kind === 'date') return part
  if (part.type.kind !== 'time') return wrongTypes(call)
  return expression(DATE, call.cost, place(call.node, call.context), (run) => dayOfInstant(part.run(run) as bigint))
}

export function compileAddDays(call: Call): Expression | null {
  const [moment, days] = [momentOf(call.args[0]!), call.args[1]!]
  const at = place(call.node, call.context)
  if (days.type.kind !== 'int' || (moment.type.kind !== 'date' && moment.type.kind !== 'time')) return wrongTypes(call)
  if (moment.type.kind === 'date') {
    return expression(DATE, call.cost, at, (run) => {
      const day = BigInt(moment.run(run) as number) + (days.run(run) as bigint)
      return Number(checkedDay(day))
    })
  }
  return expression(TIME, call.cost, at, (run) => {
    const instant = (moment.run(run) as bigint) + (days.run(run) as bigint) * NANOS_PER_DAY
    checkedDay(floorDivide(instant, NANOS_PER_DAY))
    return instant
  })
}

function checkedDay(day: bigint): bigint {
  if (day >= BigInt(DAY_MIN) && day <= BigInt(DAY_MAX)) return day
  throw new RuleFault('a date is beyond the years 0000 to 9999')
}

/** Whole days or seconds from one moment to another, rounded down; negative when the second is earlier. */
export function between(call: Call, unit: bigint): Expression | null {
  const [from, to] = [momentOf(call.args[0]!), momentOf(call.args[1]!)]
  const at = place(call.node, call.context)
  if (from.type.kind === 'date' && to.type.kind === 'date' && unit === NANOS_PER_DAY) {
    return expression(INT, call.cost, at, (run) => BigInt((to.run(run) as number) - (from.run(run) as number)))
  }
  if (from.type.kind !== 'time' || to.type.kind !== 'time') return wrongTypes(call)
  return expression(INT, call.cost, at, (run) => floorDivide((to.run(run) as bigint) - (from.run(run) as bigint), unit))
}
