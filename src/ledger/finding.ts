/** Where in the network definition: names of members and positions in lists, from the top. */
export type FindingPath = readonly (string | number)[]

/** A mistake in a network definition: where, what is wrong, and what to do about it. */
export interface Finding {
  readonly path: FindingPath
  /** Whether the name of the member is to blame rather than its value. */
  readonly at: 'name' | 'value'
  /** Within a string such as a rule's expression: position of the mistake, in UTF-16 code units. */
  readonly offset: number | null
  readonly problem: string
  readonly remedy: string
}

/** Most mistakes reported at once. */
export const FINDINGS_MAX = 100

/** Collects mistakes, so that as many as possible are reported at once. */
export interface Findings {
  readonly list: readonly Finding[]
  /** What is allowed and still likely not meant. */
  readonly warnings: readonly Finding[]
  /** Blames the value at the path. */
  value(path: FindingPath, problem: string, remedy: string): void
  /** Blames the name of the member at the path. */
  name(path: FindingPath, problem: string, remedy: string): void
  /** Blames a place within the string at the path. */
  within(path: FindingPath, offset: number, problem: string, remedy: string): void
  /** Warns of a place within the string at the path. */
  warn(path: FindingPath, offset: number, problem: string, remedy: string): void
}

/** Starts an empty collection. */
export function collectFindings(): Findings {
  const list: Finding[] = []
  const warnings: Finding[] = []
  const add = (to: Finding[], finding: Finding): void => {
    if (to.length < FINDINGS_MAX) to.push(finding)
  }
  return {
    list,
    warnings,
    value: (path, problem, remedy) => add(list, { path, at: 'value', offset: null, problem, remedy }),
    name: (path, problem, remedy) => add(list, { path, at: 'name', offset: null, problem, remedy }),
    within: (path, offset, problem, remedy) => add(list, { path, at: 'value', offset, problem, remedy }),
    warn: (path, offset, problem, remedy) => add(warnings, { path, at: 'value', offset, problem, remedy })
  }
}

/** A path for people, such as `objects.inspection.rules[0].expr`. */
export function pathText(path: FindingPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[A-Za-z_$][A-Za-z0-9_$-]*$/.test(step)) text += `[${JSON.stringify(cut(step, 60))}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** Shortens a text from outside before it goes into a message; counts UTF-16 code units, never splits a pair. */
export function cut(text: string, unitsMax: number): string {
  if (text.length <= unitsMax) return text
  const last = text.charCodeAt(unitsMax - 1)
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? unitsMax - 1 : unitsMax)}…`
}

/** Any JSON value, shortly, for a message. */
export function quote(value: unknown): string {
  return cut(JSON.stringify(value) ?? 'nothing', 80)
}
