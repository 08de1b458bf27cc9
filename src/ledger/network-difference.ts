import { canonicalText } from '../base/canonical.js'
import type { Json, JsonObject } from '../base/json.js'
import { classOfDifference, type DifferenceKind } from './difference-class.js'
import { cut, type FindingPath, pathText } from './finding.js'
import type { NetworkDefinition } from './network-definition.js'

/** One thing that is another one; null where it is not there. */
export interface Difference {
  /** Such as `objects.vehicle.rules.odometer-never-decreases.expr`. */
  readonly path: string
  /** A text as it is, everything else as JSON. */
  readonly before: string | null
  readonly after: string | null
  /** What it means for whoever writes and reads records, and why. */
  readonly kind: DifferenceKind
  readonly why: string
}

export interface Differences {
  readonly list: readonly Difference[]
  /** How many more there are. */
  readonly leftOut: number
}

/** Differences that are listed, and UTF-16 code units of a value that are shown. */
const LISTED_MAX = 200
const VALUE_CHARS_MAX = 2_000

/**
 * So deep what one side lacks is gone through part by part, so that each field of a new object is named; a field's schema is
 * shown as a whole.
 */
const PARTS_LEVELS = 4

/** What is different between two network definitions, in the order of the names. */
export function networkDifference(before: NetworkDefinition, after: NetworkDefinition): Differences {
  const sides = { before: before as unknown as Json, after: after as unknown as Json }
  const found: Difference[] = []
  let count = 0
  const add: Add = (path, was, is) => {
    if (++count > LISTED_MAX) return
    const told = classOfDifference(path, was, is, sides)
    found.push({ path: pathText(path), before: textOf(was), after: textOf(is), ...told })
  }
  compare(sides.before, sides.after, [], add)
  return { list: found, leftOut: count - found.length }
}

type Add = (path: FindingPath, before: Json | undefined, after: Json | undefined) => void

function compare(before: Json | undefined, after: Json | undefined, path: FindingPath, add: Add): void {
  if (sameJson(before, after)) return
  if (path.at(-1) === 'rules' && path.length === 3) {
    compareRules(rulesOf(before), rulesOf(after), path, add)
    return
  }
  if (path.at(-1) === 'limits' && path.length === 3) {
    compareLimits(rulesOf(before), rulesOf(after), path, add)
    return
  }
  const [left, right] = [objectOf(before), objectOf(after)]
  const isWhole = before !== undefined && after !== undefined
  const hasParts = isWhole ? left !== null && right !== null : path.length <= PARTS_LEVELS && (left ?? right) !== null
  const names = hasParts ? namesOf(left, right) : []
  for (const name of names) compare(ownOf(left, name), ownOf(right, name), [...path, name], add)
  // That a new object has no references says nothing.
  if (!hasParts) add(path, before, after)
}

/** Rules are known by their ids, and by their order. */
function compareRules(before: readonly JsonObject[], after: readonly JsonObject[], path: FindingPath, add: Add): void {
  for (const id of new Set([...idsOf(before), ...idsOf(after)])) {
    const [was, is] = [ofId(before, id), ofId(after, id)]
    if (was?.expr !== is?.expr) add([...path, id, 'expr'], was?.expr, is?.expr)
    compareMessages(was?.message, is?.message, [...path, id, 'message'], add)
  }
  compareOrder(before, after, path, add)
}

/** Limits likewise; one that is new or gone is shown as a whole, since no part of it says anything alone. */
function compareLimits(before: readonly JsonObject[], after: readonly JsonObject[], path: FindingPath, add: Add): void {
  for (const id of new Set([...idsOf(before), ...idsOf(after)])) {
    const [was, is] = [ofId(before, id), ofId(after, id)]
    if (was === undefined || is === undefined) add([...path, id], was, is)
    else for (const name of namesOf(was, is)) compare(ownOf(was, name), ownOf(is, name), [...path, id, name], add)
  }
  compareOrder(before, after, path, add)
}

/** Of those that stay. */
function compareOrder(before: readonly JsonObject[], after: readonly JsonObject[], path: FindingPath, add: Add): void {
  const stay = (rules: readonly JsonObject[], others: readonly JsonObject[]): string => {
    return idsOf(rules)
      .filter((id) => ofId(others, id) !== undefined)
      .join(', ')
  }
  const [was, is] = [stay(before, after), stay(after, before)]
  if (was !== is) add(path, was, is)
}

/** Each language by itself, unless one of the two is a text, which does not say in which language it is. */
function compareMessages(before: Json | undefined, after: Json | undefined, path: FindingPath, add: Add): void {
  if (sameJson(before, after)) return
  const [left, right] = [objectOf(before ?? null), objectOf(after ?? null)]
  const isText = (before !== undefined && left === null) || (after !== undefined && right === null)
  for (const language of isText ? [] : namesOf(left, right)) {
    const [was, is] = [ownOf(left, language), ownOf(right, language)]
    if (was !== is) add([...path, language], was, is)
  }
  if (isText) add(path, before, after)
}

function idsOf(rules: readonly JsonObject[]): string[] {
  return rules.map(({ id }) => String(id))
}

function ofId(rules: readonly JsonObject[], id: string): JsonObject | undefined {
  return rules.find((each) => each.id === id)
}

function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && canonicalText(a) === canonicalText(b))
}

function namesOf(left: JsonObject | null, right: JsonObject | null): string[] {
  return [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])].sort()
}

function ownOf(object: JsonObject | null, name: string): Json | undefined {
  return object !== null && Object.hasOwn(object, name) ? object[name] : undefined
}

function objectOf(json: Json | undefined): JsonObject | null {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : null
}

function rulesOf(json: Json | undefined): readonly JsonObject[] {
  return Array.isArray(json) ? (json as readonly JsonObject[]) : []
}

function textOf(json: Json | undefined): string | null {
  if (json === undefined) return null
  return cut(typeof json === 'string' ? json : canonicalText(json), VALUE_CHARS_MAX)
}
