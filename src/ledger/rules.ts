import type { Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { FindingPath, Findings } from './finding.js'
import type { RuleDefinition } from './network-definition.js'
import { type CompiledTest, compilePart, compileTest } from './rule-compile.js'
import type { Mention, RuleScope } from './rule-context.js'
import { explainTest, type Refused } from './rule-expected.js'
import { RuleFault, type Run } from './rule-expression.js'
import { mentionedValues } from './rule-message.js'
import { compileTranslations, type ToldMessage } from './rule-translations.js'

/** Version of the rules' language and of its parser, part of the genesis. */
export const RULE_ENGINE = 'cel-subset/1 cel-js/8.0.0'

/** Data of a record as rules see it. */
export type RuleValue = JsonObject

/** What the rules of one record are run on. */
export interface RuleInput {
  readonly record: RuleValue
  /** Newest accepted record under the same key. */
  readonly previous: RuleValue | null
  /** The record that comes after it, where records are ordered or amended; none elsewhere. */
  readonly next?: RuleValue | null
  /** By name of the reference: newest accepted record, null when there is none; a list where the key field is a list. */
  readonly refs: Readonly<Record<string, RuleValue | null | readonly (RuleValue | null)[]>>
  readonly author: { readonly id: string; readonly role: string }
  /** Time in milliseconds since 1970-01-01T00:00:00Z. */
  readonly block: { readonly height: number; readonly time: number }
}

/** The neighbours of a record that rules can see. */
export type Side = 'previous' | 'next'

/** The rules of one object, ready to run. */
export interface CompiledRules {
  readonly count: number
  /** Most units all of them cost together for one record. */
  readonly cost: number
  readonly usesPrevious: boolean
  readonly usesNext: boolean
  readonly usesBlock: boolean
  /** Runs them in their order. Refusal RULE_BROKEN or RULE_ERROR of the first that fails; null when all pass. */
  check(input: RuleInput): Refusal | null
  /**
   * Runs those that read a neighbour on a record that gets another one on that side. One that it broke before as well is not
   * held against the newcomer. Refusal of the first that it breaks only now, with what would be right of the newcomer.
   */
  checkNeighbour(side: Side, before: RuleInput, after: RuleInput): Refusal | null
  /** Runs one of them alone, by its place in the list. */
  checkOne(index: number, input: RuleInput): Refusal | null
}

interface CompiledRule {
  readonly id: string
  readonly test: CompiledTest
  readonly message: (input: RuleInput) => ToldMessage
  readonly mentions: readonly Mention[]
  /** What would have been right; null when the rule says it itself. */
  readonly expected: (input: RuleInput, refused: Refused) => string | null
}

/**
 * Compiles the rules of one object.
 * @param path of the list of rules in the network definition
 * @param costMax units all of them may cost together
 * @returns null when one of them has mistakes, which were reported
 */
export function compileRules(
  rules: readonly RuleDefinition[],
  scope: RuleScope,
  costMax: number,
  path: FindingPath,
  findings: Findings
): CompiledRules | null {
  const compiled = rules.map((rule, index) => compileRule(rule, scope, [...path, index], findings))
  if (compiled.includes(null)) return null
  const ready = compiled as CompiledRule[]
  const cost = ready.reduce((sum, { test }) => sum + test.cost, 0)
  const reading: Readonly<Record<Side, readonly CompiledRule[]>> = {
    previous: ready.filter((rule) => reads('previous', rule)),
    next: ready.filter((rule) => reads('next', rule))
  }
  if (!checkCost(ready, cost, costMax, path, findings)) return null
  return {
    count: ready.length,
    cost,
    usesPrevious: reading.previous.length > 0,
    usesNext: reading.next.length > 0,
    usesBlock: ready.some(({ test }) => test.usesBlock),
    check(input) {
      for (const rule of ready) {
        const refusal = checkRule(rule, scope, input)
        if (refusal !== null) return refusal
      }
      return null
    },
    checkNeighbour(side, before, after) {
      for (const rule of reading[side]) {
        const refusal = checkRule(rule, scope, after, side)
        if (refusal !== null && checkRule(rule, scope, before) === null) return refusal
      }
      return null
    },
    checkOne: (index, input) => checkRule(ready[index]!, scope, input)
  }
}

function reads(side: Side, { test, mentions }: CompiledRule): boolean {
  const isTested = side === 'previous' ? test.usesPrevious : test.usesNext
  return isTested || mentions.some(({ root }) => root === side)
}

function compileRule(
  rule: RuleDefinition,
  scope: RuleScope,
  path: FindingPath,
  findings: Findings
): CompiledRule | null {
  const exprPath = [...path, 'expr']
  const test = compileTest(rule.expr, scope, {
    problem: (offset, problem, remedy) => findings.within(exprPath, offset, problem, remedy),
    warning: (offset, problem, remedy) => findings.warn(exprPath, offset, problem, remedy)
  })
  const message = compileTranslations(rule.message, scope, [...path, 'message'], findings)
  if (test === null || message === null) return null
  const mentions = [...test.mentions, ...message.mentions]
  // Worked out with the first record that breaks the rule: most never meet one.
  const explain: Partial<Record<Refused, (input: RuleInput) => string | null>> = {}
  const expected: CompiledRule['expected'] = (input, refused) => {
    explain[refused] ??= explainTest(rule.expr, scope, compilePart, refused)
    return explain[refused](input)
  }
  return { id: rule.id, test, message: message.write, mentions, expected }
}

/** Reports rules that cost too much, each on its own or all together. */
function checkCost(
  rules: readonly CompiledRule[],
  cost: number,
  costMax: number,
  path: FindingPath,
  findings: Findings
): boolean {
  if (cost <= costMax) return true
  const remedy = 'give the lists it goes through a smaller maxItems and its texts a smaller maxLength, or simplify it'
  const tooDear = rules.findIndex(({ test }) => test.cost > costMax)
  if (tooDear !== -1) {
    const problem = `the rule can cost ${rules[tooDear]!.test.cost} units for one record; at most ${costMax} are allowed`
    findings.value([...path, tooDear, 'expr'], problem, remedy)
    return false
  }
  const each = rules.map(({ id, test }) => `${id} ${test.cost}`).join(', ')
  findings.name(
    path,
    `the rules can cost ${cost} units together for one record (${each}); at most ${costMax} are allowed`,
    remedy
  )
  return false
}

function checkRule(
  rule: CompiledRule,
  scope: RuleScope,
  input: RuleInput,
  refused: Refused = 'record'
): Refusal | null {
  const run: Run = { input, variables: [] }
  try {
    if (rule.test.run(run) === true) return null
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    const message = `the rule ${rule.id} cannot be evaluated: ${error.message}`
    return { code: 'RULE_ERROR', message, rule: rule.id, details: mentionedValues(rule.mentions, scope, input) }
  }
  const details = mentionedValues(rule.mentions, scope, input)
  const expected = rule.expected(input, refused)
  const more = expected === null ? {} : { expected }
  return { code: 'RULE_BROKEN', ...rule.message(input), rule: rule.id, ...more, details }
}
