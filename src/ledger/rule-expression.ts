import { NULL, type RuleType, type Value } from './rule-type.js'
import type { RuleInput } from './rules.js'

/** One run of a rule. */
export interface Run {
  readonly input: RuleInput
  /** Values of the variables of `all`, `map` and the like, by their number. */
  readonly variables: Value[]
}

/** What is known to hold where an expression stands: `has PATH` (it is there), `value PATH` (it is not null). */
export type Facts = ReadonlySet<string>

export const NO_FACTS: Facts = new Set()

/** An expression, checked and ready to run. */
export interface Expression {
  readonly type: RuleType
  /** Whether it may be null. */
  readonly nullable: boolean
  /** Most units it costs. */
  readonly cost: number
  /** Names what it reads when it is a plain path such as `record["odometer"]`, the same for every way to write it. */
  readonly path: string | null
  /** What is known once it was true. */
  readonly whenTrue: Facts
  readonly whenFalse: Facts
  /** The value of a literal. */
  readonly literal: Value | undefined
  /** Source text, for messages. */
  readonly text: string
  readonly start: number
  /** @throws RuleFault */
  run(run: Run): Value
}

/** A rule that cannot be evaluated for a record: the verdict RULE_ERROR. */
export class RuleFault extends Error {}

/** An expression without path and facts, which most are. */
export function expression(
  type: RuleType,
  cost: number,
  at: { text: string; start: number },
  run: (run: Run) => Value
): Expression {
  const { text, start } = at
  return {
    type,
    nullable: false,
    cost,
    path: null,
    whenTrue: NO_FACTS,
    whenFalse: NO_FACTS,
    literal: undefined,
    text,
    start,
    run
  }
}

/** A literal. */
export function constant(type: RuleType, value: Value, at: { text: string; start: number }): Expression {
  return { ...expression(type, 1, at, () => value), literal: value, nullable: type === NULL }
}

export function bothFacts(a: Facts, b: Facts): Facts {
  if (a.size === 0) return b
  return b.size === 0 ? a : new Set([...a, ...b])
}

export function commonFacts(a: Facts, b: Facts): Facts {
  return new Set([...a].filter((fact) => b.has(fact)))
}

/** Runs an expression that may be null where it must not be. */
export function notNull(part: Expression): (run: Run) => Value {
  return (run) => {
    const value = part.run(run)
    if (value === null) throw new RuleFault(`${part.text} is null`)
    return value
  }
}
