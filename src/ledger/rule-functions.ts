import { didYouMean } from './nearest.js'
import type { Call } from './rule-call.js'
import { compileValue, type RuleContext } from './rule-context.js'
import { STEP } from './rule-cost.js'
import type { Expression } from './rule-expression.js'
import { compileAbs, compileDouble, compileRound, compileSum } from './rule-function-number.js'
import { changeCase, compileMatches, compileSize, compileString, search } from './rule-function-text.js'
import { between, compileAddDays, compileDate, NANOS_PER_DAY, NANOS_PER_SECOND } from './rule-function-time.js'
import { MACRO_NAMES } from './rule-macros.js'
import type { RuleNode } from './rule-parse.js'

interface RuleFunction {
  /** How it is written, for messages: as a method, as a function, or both. */
  readonly usage: string
  readonly style: 'function' | 'method' | 'both'
  /** Number of arguments; of a method with its receiver. */
  readonly count: number
  compile(call: Call): Expression | null
}

type Compile = RuleFunction['compile']

/** Every function a rule can call; the macros are in rule-macros.ts, `has` in rule-presence.ts. */
const FUNCTIONS: ReadonlyMap<string, RuleFunction> = new Map([
  ['size', either('size(TEXT) or size(LIST)', 1, compileSize)],
  ['contains', method('TEXT.contains(TEXT)', 2, (call) => search(call, (a, b) => a.includes(b), true))],
  ['startsWith', method('TEXT.startsWith(TEXT)', 2, (call) => search(call, (a, b) => a.startsWith(b), false))],
  ['endsWith', method('TEXT.endsWith(TEXT)', 2, (call) => search(call, (a, b) => a.endsWith(b), false))],
  ['matches', either('TEXT.matches("PATTERN")', 2, compileMatches)],
  ['lowerAscii', method('TEXT.lowerAscii()', 1, (call) => changeCase(call, 65, 90, 32))],
  ['upperAscii', method('TEXT.upperAscii()', 1, (call) => changeCase(call, 97, 122, -32))],
  ['string', plain('string(VALUE)', 1, compileString)],
  ['double', plain('double(INTEGER)', 1, compileDouble)],
  ['abs', plain('abs(NUMBER)', 1, compileAbs)],
  ['round', plain('round(DECIMAL, DIGITS)', 2, compileRound)],
  ['sum', either('LIST.sum()', 1, compileSum)],
  ['date', plain('date(TIME)', 1, compileDate)],
  ['addDays', plain('addDays(DATE, DAYS)', 2, compileAddDays)],
  ['daysBetween', plain('daysBetween(FROM, TO)', 2, (call) => between(call, NANOS_PER_DAY))],
  ['secondsBetween', plain('secondsBetween(FROM, TO)', 2, (call) => between(call, NANOS_PER_SECOND))]
])

/** Names of everything a rule can call, for messages; docs/rules.md describes each. */
export const FUNCTION_NAMES: readonly string[] = ['has', ...FUNCTIONS.keys(), ...MACRO_NAMES]

function method(usage: string, count: number, compile: Compile): RuleFunction {
  return { usage, style: 'method', count, compile }
}

function plain(usage: string, count: number, compile: Compile): RuleFunction {
  return { usage, style: 'function', count, compile }
}

function either(usage: string, count: number, compile: Compile): RuleFunction {
  return { usage, style: 'both', count, compile }
}

/** Compiles `name(...)`, or `receiver.name(...)` where the receiver is the first argument. */
export function compileCall(
  name: string,
  receiver: RuleNode | null,
  args: readonly RuleNode[],
  node: RuleNode,
  context: RuleContext
): Expression | null {
  const entry = FUNCTIONS.get(name)
  if (entry === undefined) {
    context.problem(node, `there is no function ${name}`, didYouMean(name, FUNCTION_NAMES, 'functions'))
    return null
  }
  const { usage, count, style, compile } = entry
  const all = receiver === null ? args : [receiver, ...args]
  if (all.length !== count || style === (receiver === null ? 'method' : 'function')) {
    context.problem(node, `${name} is not called like this`, `write ${usage}`)
    return null
  }
  const compiled = all.map((part) => compileValue(part, context))
  if (compiled.includes(null)) return null
  const parts = compiled as Expression[]
  const cost = parts.reduce((sum, part) => sum + part.cost, STEP)
  return compile({ name, usage, node, args: parts, context, cost })
}
