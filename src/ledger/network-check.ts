import type { Json, JsonObject } from '../base/json.js'
import type { FindingPath, Findings } from './finding.js'
import { quote } from './finding.js'
import { readRemoved } from './former-names.js'
import { checkAmendRoles } from './keeping-check.js'
import { didYouMean } from './nearest.js'
import type {
  NetworkDefinition,
  ObjectDefinition,
  QuorumRule,
  RoleDefinition,
  Threshold,
  ThresholdKind
} from './network-definition.js'
import { NETWORK_FORMAT } from './network-definition.js'
import { checkMembers, checkName, isObject, OBJECT_NAME, ROLE_NAME, readFlag, readText } from './network-members.js'
import { type CheckedObject, checkObject, checkObjectExamples, checkObjectLinks, readObject } from './object-check.js'
import type { ExampleCount } from './rule-examples.js'
import { THRESHOLD_KINDS, THRESHOLDS } from './threshold.js'
import { checkWriters } from './writers-check.js'

/** Objects, and roles, of one network. */
const OBJECTS_MAX = 100
const ROLES_MAX = 50

/** A network definition that was checked, and what was compiled on the way. */
export interface CheckedNetwork {
  readonly network: NetworkDefinition
  readonly objects: ReadonlyMap<string, CheckedObject>
  /** Of each rule that has any. */
  readonly examples: readonly ExampleCount[]
}

/** A network file may have examples beside its rules; a definition, as it stands in a genesis, has none. */
export type NetworkSource = 'file' | 'definition'

const MEMBERS = ['format', 'title', 'quorum', 'thresholds', 'roles', 'objects', 'removed']

/**
 * Checks a network definition, as it comes from a file or stands in a genesis, fills in the defaults and compiles schemas
 * and rules. Everything that is wrong is reported.
 * @param ruleCostMax units the rules of one object may cost together
 * @returns null when there are mistakes
 */
export function checkNetwork(
  json: Json,
  ruleCostMax: number,
  findings: Findings,
  source: NetworkSource = 'definition'
): CheckedNetwork | null {
  if (!isObject(json)) {
    findings.value([], 'a network file begins with its members', 'write format: 1, title, roles and objects')
    return null
  }
  checkMembers(json, MEMBERS, ['format', 'title', 'roles', 'objects'], [], 'a network file', findings)
  if (json.format !== undefined && json.format !== NETWORK_FORMAT) {
    findings.value(
      ['format'],
      `${quote(json.format)} is not a format this software knows`,
      `write format: ${NETWORK_FORMAT}`
    )
  }
  const title = readText(json.title, ['title'], 1, 200, findings)
  const quorum = readQuorum(json.quorum, findings)
  const thresholds = readThresholds(json.thresholds, findings)
  const definitions = readObjects(json.objects, source, findings)
  const removed = readRemoved(json.removed, ['removed'], findings)
  checkRemoved(removed, definitions, findings)
  const roles = readRoles(json.roles, definitions, findings)
  const objects = new Map<string, CheckedObject>()
  for (const [name, definition] of definitions) {
    checkAmendRoles(definition, roles, ['objects', name], findings)
    const checked = checkObject(name, definition, ['objects', name], findings)
    if (checked !== null) objects.set(name, checked)
  }
  for (const [name, definition] of definitions) {
    const checked = objects.get(name)
    if (checked === undefined) continue
    checkObjectLinks(checked, definition, objects, definitions, ruleCostMax, findings)
    checked.writers = checkWriters(definition.writers ?? {}, checked, roles, findings)
  }
  if (findings.list.length > 0) return null
  const examples = source === 'file' ? checkAllExamples(json.objects as JsonObject, roles, objects, findings) : []
  if (findings.list.length > 0) return null
  const network: NetworkDefinition = {
    format: NETWORK_FORMAT,
    title,
    quorum,
    // Absent rather than empty: definitions are hashed as they stand, and older ones know nothing of it.
    ...(Object.keys(thresholds).length === 0 ? {} : { thresholds }),
    roles,
    objects: Object.fromEntries(definitions),
    ...removed
  }
  return { network, objects, examples }
}

/** Once everything else is good: an example says nothing about a rule that has a mistake. */
function checkAllExamples(
  json: JsonObject,
  roles: Record<string, RoleDefinition>,
  objects: ReadonlyMap<string, CheckedObject>,
  findings: Findings
): ExampleCount[] {
  return [...objects.values()].flatMap((object) => {
    const role = Object.keys(roles).find((name) => roles[name]?.append.includes(object.name)) ?? ''
    return checkObjectExamples(json[object.name] as JsonObject, object, role, findings)
  })
}

function readQuorum(json: Json | undefined, findings: Findings): QuorumRule {
  if (json === undefined || json === 'two-thirds' || json === 'majority') return json ?? 'two-thirds'
  findings.value(
    ['quorum'],
    `${quote(json)} is not a quorum`,
    'write two-thirds (also holds when partners lie) or majority (only when they may fail)'
  )
  return 'two-thirds'
}

function readThresholds(json: Json | undefined, findings: Findings): Partial<Record<ThresholdKind, Threshold>> {
  const thresholds: Partial<Record<ThresholdKind, Threshold>> = {}
  if (json === undefined) return thresholds
  if (!isObject(json)) {
    findings.value(['thresholds'], 'thresholds are listed by kind of change', 'write { model: all, suspend: majority }')
    return thresholds
  }
  checkMembers(json, THRESHOLD_KINDS, [], ['thresholds'], 'thresholds', findings)
  for (const kind of THRESHOLD_KINDS) {
    const given = Object.hasOwn(json, kind) ? json[kind] : undefined
    if (given === undefined) continue
    const threshold = THRESHOLDS.find((known) => known === given)
    if (threshold !== undefined) thresholds[kind] = threshold
    else findings.value(['thresholds', kind], `${quote(given)} is no threshold`, `write ${THRESHOLDS.join(', ')}`)
  }
  return thresholds
}

function readObjects(json: Json | undefined, source: NetworkSource, findings: Findings): Map<string, ObjectDefinition> {
  const definitions = new Map<string, ObjectDefinition>()
  if (json === undefined) return definitions
  const entries = entriesOf(
    json,
    ['objects'],
    'objects',
    'write a name such as vehicle, and below it key, fields and rules',
    OBJECTS_MAX,
    findings
  )
  for (const [name, object] of entries) {
    const path = ['objects', name]
    checkName(name, OBJECT_NAME, path, findings)
    if (name.endsWith('_history')) {
      findings.name(path, 'a name that ends in _history belongs to the history of an object', 'choose another name')
    }
    const definition = readObject(object, path, source, findings)
    if (definition !== null) definitions.set(name, definition)
  }
  return definitions
}

function checkRemoved(
  { removed = [] }: Pick<NetworkDefinition, 'removed'>,
  objects: ReadonlyMap<string, ObjectDefinition>,
  findings: Findings
): void {
  for (const name of removed) {
    checkName(name, OBJECT_NAME, ['removed'], findings)
    if (!objects.has(name)) continue
    findings.value(['removed'], `${name} is an object of today`, 'a removed name cannot be used again: choose another')
  }
}

function readRoles(
  json: Json | undefined,
  objects: ReadonlyMap<string, ObjectDefinition>,
  findings: Findings
): Record<string, RoleDefinition> {
  const roles: Record<string, RoleDefinition> = {}
  if (json === undefined) return roles
  const entries = entriesOf(
    json,
    ['roles'],
    'roles',
    'write a name such as dealer: { append: [vehicle], govern: true }',
    ROLES_MAX,
    findings
  )
  for (const [name, role] of entries) {
    checkName(name, ROLE_NAME, ['roles', name], findings)
    roles[name] = readRole(role, ['roles', name], objects, findings)
  }
  const all = Object.values(roles)
  if (all.length > 0 && !all.some((role) => role.govern)) {
    findings.name(
      ['roles'],
      'no role may govern, so nobody could ever change the network',
      'add govern: true to a role'
    )
  }
  if (all.length > 0 && !all.some((role) => role.vote)) {
    findings.name(
      ['roles'],
      'no role has a vote, so no block could ever be agreed on',
      'remove vote: false from a role'
    )
  }
  return roles
}

function readRole(
  json: Json,
  path: FindingPath,
  objects: ReadonlyMap<string, ObjectDefinition>,
  findings: Findings
): RoleDefinition {
  const role: RoleDefinition = { append: [], govern: false, vote: true }
  if (!isObject(json)) {
    findings.value(path, 'a role says what its partners may do', 'write { append: [OBJECT], govern: true }')
    return role
  }
  checkMembers(json, ['append', 'govern', 'vote'], [], path, 'a role', findings)
  role.govern = readFlag(json.govern, [...path, 'govern'], false, findings)
  role.vote = readFlag(json.vote, [...path, 'vote'], true, findings)
  if (role.govern && !role.vote) {
    findings.value([...path, 'vote'], 'a role that governs needs its vote', 'remove vote: false, or govern: true')
  }
  role.append = readAppend(json.append ?? [], [...path, 'append'], objects, findings)
  return role
}

function readAppend(
  json: Json,
  path: FindingPath,
  objects: ReadonlyMap<string, ObjectDefinition>,
  findings: Findings
): string[] {
  if (!Array.isArray(json)) {
    findings.value(path, 'append must be a list of objects', 'write [OBJECT, OBJECT]')
    return []
  }
  const names = new Set<string>()
  json.forEach((name, index) => {
    const namePath = [...path, index]
    if (typeof name !== 'string' || !objects.has(name)) {
      findings.value(
        namePath,
        `there is no object ${quote(name)}`,
        didYouMean(String(name), [...objects.keys()], 'objects')
      )
    } else if (names.has(name)) findings.value(namePath, `${name} is listed twice`, 'remove one of them')
    else names.add(name)
  })
  return [...names].sort()
}

/** The members of an object with names of its own, bounded; mistakes are reported. */
function entriesOf(
  json: Json,
  path: FindingPath,
  what: string,
  remedy: string,
  max: number,
  findings: Findings
): [string, Json][] {
  const entries = isObject(json as JsonObject) ? Object.entries(json as JsonObject) : []
  if (entries.length === 0) findings.value(path, `there are no ${what}`, remedy)
  if (entries.length <= max) return entries
  findings.name(path, `there are more than ${max} ${what}`, 'split the network')
  return entries.slice(0, max)
}
