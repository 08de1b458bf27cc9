import type { FindingPath } from './finding.js'
import { collectFindings, FINDINGS_MAX, type Finding, pathText } from './finding.js'
import { checkNetwork } from './network-check.js'
import type { NetworkDefinition } from './network-definition.js'
import { readNetworkText } from './network-yaml.js'
import { RULE_COST_MAX } from './rule-cost.js'
import type { ExampleCount } from './rule-examples.js'

/** A mistake in a network file. Line and column count from 1. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Such as `objects.inspection.rules[0].expr`; empty for the file as a whole. */
  readonly path: string
  readonly problem: string
  readonly remedy: string
}

export type ReadNetwork =
  | {
      readonly ok: true
      readonly network: NetworkDefinition
      /** What is allowed and still likely not meant, such as a rule that some records would make fail. */
      readonly warnings: Problem[]
      /** How many examples stand beside each rule that has any; they are no part of the definition. */
      readonly examples: readonly ExampleCount[]
    }
  | { readonly ok: false; readonly problems: Problem[] }

/**
 * Reads a network file (docs/network-file.md), YAML or JSON, checks all of it and fills in the defaults.
 * @param text of the file, decoded from UTF-8
 * @param file its name, for the problems
 * @param ruleCostMax units the rules of one object may cost together, of the genesis it is for
 * @returns the definition as it stands in the genesis, or every mistake found, in the order of the lines
 */
export function readNetworkFile(text: string, file: string, ruleCostMax: number = RULE_COST_MAX): ReadNetwork {
  const source = readNetworkText(text)
  const findings = collectFindings()
  const checked =
    source.json === undefined || source.findings.length > 0
      ? null
      : checkNetwork(source.json, ruleCostMax, findings, 'file')
  const told = (list: readonly Finding[]): Problem[] =>
    inOrder(list.map((finding) => problemOf(finding, file, source.locate(finding))))
  if (checked !== null) {
    const { network, examples } = checked
    return { ok: true, network, warnings: told(findings.warnings), examples }
  }
  return { ok: false, problems: told([...source.findings, ...findings.list]) }
}

/** The problems for people: a line each for the place, what is wrong and what to do. */
export function describeProblems(problems: readonly Problem[]): string {
  const lines = problems.map(({ file, line, column, path, problem, remedy }) => {
    const where = path === '' ? '' : `${path}: `
    return `${file}:${line}:${column}: ${where}${problem}\n  -> ${remedy}`
  })
  if (problems.length >= FINDINGS_MAX) lines.push(`There may be more; these are the first ${FINDINGS_MAX}.`)
  return lines.join('\n')
}

function problemOf(finding: Finding, file: string, position: { line: number; column: number }): Problem {
  const { problem, remedy } = finding
  return { file, line: position.line, column: position.column, path: shownPath(finding.path), problem, remedy }
}

/** Mistakes of the text itself have a place but no path. */
function shownPath(path: FindingPath): string {
  const text = pathText(path)
  return text.startsWith('["#') ? '' : text
}

/** By line; what a definition that is used twice says twice is told once. */
function inOrder(problems: Problem[]): Problem[] {
  const seen = new Set<string>()
  const once = problems.filter((problem) => {
    const text = JSON.stringify(problem)
    if (seen.has(text)) return false
    seen.add(text)
    return true
  })
  return once.sort((a, b) => a.line - b.line || a.column - b.column)
}
