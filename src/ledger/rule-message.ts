import { canonicalText } from '../base/canonical.js'
import type { Json, JsonObject } from '../base/json.js'
import { cut } from './finding.js'
import { didYouMean } from './nearest.js'
import { instantOfMillis, writeDateTime } from './rfc3339.js'
import type { ReportWithin } from './rule-compile.js'
import { fieldNames, type Mention, type Root, type RuleScope } from './rule-context.js'
import { operands, parseExpression, type RuleNode } from './rule-parse.js'
import type { RuleType } from './rule-type.js'
import type { RuleInput } from './rules.js'

/** Characters of a rule's message in the network file. */
export const MESSAGE_CHARS_MAX = 500

/** Characters of one value in a message. */
const VALUE_CHARS_MAX = 200

/** Characters of one value in the details of a refusal. */
const DETAIL_CHARS_MAX = 300

/** A message ready to be written for a record. */
export interface CompiledMessage {
  readonly mentions: readonly Mention[]
  write(input: RuleInput): string
}

/** Takes one value out of the input, as the record's JSON has it. */
type Take = (input: RuleInput) => unknown

/**
 * Reads a message with `{path}` for values, such as `{record.odometer}`; `{{` and `}}` stand for braces.
 * @returns null when it has mistakes, which were reported
 */
export function compileMessage(text: string, scope: RuleScope, report: ReportWithin): CompiledMessage | null {
  const parts: (string | Take)[] = []
  const mentions: Mention[] = []
  let good = true
  let at = 0
  for (const match of text.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]/g)) {
    const { index, 0: found } = match
    parts.push(text.slice(at, index))
    at = index + found.length
    if (found === '{{' || found === '}}') parts.push(found[0]!)
    else if (found.length === 1) {
      report(index, `a brace without its other one`, 'for a brace as such write {{ or }}')
      good = false
    } else {
      const shifted: ReportWithin = (offset, problem, remedy) => report(index + 1 + offset, problem, remedy)
      const take = compilePath(found.slice(1, -1), scope, mentions, shifted)
      if (take === null) good = false
      else parts.push((input) => take(input))
    }
  }
  parts.push(text.slice(at))
  if (!good) return null
  return {
    mentions,
    write: (input) => parts.map((part) => (typeof part === 'string' ? part : shown(part(input)))).join('')
  }
}

/** The values that a rule and its message mention, for the details of a refusal; long ones are cut. */
export function mentionedValues(mentions: readonly Mention[], scope: RuleScope, input: RuleInput): JsonObject {
  const details: JsonObject = {}
  for (const { root, field } of mentions) {
    const [group, name] = root.startsWith('refs.') ? ['refs', root.slice(5)] : [root, '']
    const place = group === 'refs' ? memberOf(details, 'refs') : details
    const key = group === 'refs' ? name : group
    const json = (group === 'refs' ? scope.references.get(name) : scope.roots.get(group))?.get(input)
    if (json === null || json === undefined || Array.isArray(json)) {
      place[key] ??= null
      continue
    }
    const value = ownMember(json, field)
    if (value !== undefined)
      memberOf(place, key)[field] = short(root === 'block' && field === 'time' ? timeText(value) : value)
  }
  return details
}

function memberOf(object: JsonObject, name: string): JsonObject {
  const member = object[name]
  if (typeof member === 'object' && member !== null && !Array.isArray(member)) return member
  const made: JsonObject = {}
  object[name] = made
  return made
}

function short(value: unknown): Json {
  const json = value as Json
  if (json === null || typeof json === 'number' || typeof json === 'boolean') return json
  if (typeof json === 'string') return cut(json, DETAIL_CHARS_MAX)
  const text = canonicalText(json)
  return text.length <= DETAIL_CHARS_MAX ? json : cut(text, DETAIL_CHARS_MAX)
}

/** Compiles what stands within the braces: names, fields and positions, and nothing else. */
function compilePath(source: string, scope: RuleScope, mentions: Mention[], report: ReportWithin): Take | null {
  const parsed = parseExpression(source)
  if ('problem' in parsed) {
    report(
      parsed.offset,
      `{${source}} is not a path`,
      'write something like {record.odometer}; for a brace as such write {{'
    )
    return null
  }
  const steps: RuleNode[] = []
  let node = parsed.node
  while (node.op === '.' || node.op === '[]') {
    steps.unshift(node)
    node = operands(node)[0]!
  }
  let root: Root | undefined
  let rootName = ''
  if (node.op === 'id' && node.args === 'refs' && steps[0]?.op === '.') {
    rootName = `refs.${String(operands(steps[0])[1])}`
    root = scope.references.get(rootName.slice(5))
    steps.shift()
  } else if (node.op === 'id') {
    rootName = String(node.args)
    root = scope.roots.get(rootName)
  }
  if (root === undefined || steps.length === 0) {
    const names = [...scope.roots.keys(), ...[...scope.references.keys()].map((name) => `refs.${name}`)]
    report(node.start, `{${source}} does not name a field`, didYouMean(rootName, names, 'it may begin with'))
    return null
  }
  const keys: (string | number)[] = []
  let type = root.slot.type
  for (const step of steps) {
    const next = stepInto(type, step, report)
    if (next === null) return null
    if (keys.length === 0 && typeof next.key === 'string') mentions.push({ root: rootName, field: next.key })
    keys.push(next.key)
    type = next.type
  }
  const isBlockTime = rootName === 'block' && keys[0] === 'time'
  const { get } = root
  return (input) => {
    let value = get(input)
    for (const key of keys) value = Array.isArray(value) ? value[Number(key)] : ownMember(value, String(key))
    return isBlockTime ? timeText(value) : value
  }
}

/** One field or position further, or null with the mistake reported. */
function stepInto(
  type: RuleType,
  step: RuleNode,
  report: ReportWithin
): { key: string | number; type: RuleType } | null {
  const [, second] = step.args as [RuleNode, unknown]
  const key = step.op === '.' ? second : (second as RuleNode).op === 'value' ? (second as RuleNode).args : undefined
  if (type.kind === 'list' && typeof key === 'bigint') return { key: Number(key), type: type.items.type }
  if (type.kind === 'object' && typeof key === 'string') {
    const property = type.properties.get(key) ?? type.additional
    if (property !== null) return { key, type: property.type }
    report(step.start, `there is no field ${key}`, didYouMean(key, fieldNames(type), 'fields'))
    return null
  }
  report(
    step.start,
    'this cannot be followed further',
    'a path is made of fields such as .odometer and positions such as [0]'
  )
  return null
}

/** A value for people: text as it is, everything else as JSON. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return cut(value, VALUE_CHARS_MAX)
  return cut(canonicalText(value as Json), VALUE_CHARS_MAX)
}

function timeText(value: unknown): unknown {
  return typeof value === 'number' ? writeDateTime(instantOfMillis(value)) : value
}

function ownMember(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
