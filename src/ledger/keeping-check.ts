import type { Json, JsonObject } from '../base/json.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { didYouMean } from './nearest.js'
import type { AmendApproval, AmendDefinition, Amender, ObjectDefinition, RoleDefinition } from './network-definition.js'
import { checkMembers, isObject, readText } from './network-members.js'
import { kindText, type ObjectSchema, UNREADABLE } from './schema-type.js'

/** Reads what an object says of the order of its records and of their amendment; absent where it says nothing. */
export function readKeeping(
  json: JsonObject,
  path: FindingPath,
  findings: Findings
): Pick<ObjectDefinition, 'amend' | 'order'> {
  const order = json.order === undefined ? '' : readText(json.order, [...path, 'order'], 1, 256, findings)
  const amend = json.amend === undefined ? null : readAmend(json.amend, [...path, 'amend'], findings)
  return { ...(order === '' ? {} : { order }), ...(amend === null ? {} : { amend }) }
}

function readAmend(json: Json, path: FindingPath, findings: Findings): AmendDefinition | null {
  if (!isObject(json)) {
    findings.value(path, 'amend says who may amend a record', 'write { by: own } or { by: [ROLE], approval: own }')
    return null
  }
  checkMembers(json, ['approval', 'by'], ['by'], path, 'amend', findings)
  const by = readRolesOr<'own'>(json.by ?? 'own', ['own'], [...path, 'by'], findings)
  const approval = readRolesOr<'none' | 'own' | 'ballot'>(
    json.approval ?? 'none',
    ['none', 'own', 'ballot'],
    [...path, 'approval'],
    findings
  )
  return by === null || approval === null ? null : { approval, by }
}

/** A word of a few, or a list of roles. */
function readRolesOr<Word extends string>(
  json: Json,
  words: readonly Word[],
  path: FindingPath,
  findings: Findings
): Word | string[] | null {
  const word = words.find((known) => known === json)
  if (word !== undefined) return word
  const isList = Array.isArray(json) && json.length > 0 && json.every((name) => typeof name === 'string')
  if (isList) return [...new Set(json as string[])].sort()
  findings.value(
    path,
    `${quote(json)} is neither ${words.join(', ')} nor a list of roles`,
    `write ${words.join(', ')} or [ROLE]`
  )
  return null
}

/** Checks that records can be ordered by the field: it is a date that each record has. */
export function checkOrder(
  { key, order }: ObjectDefinition,
  schema: ObjectSchema,
  path: FindingPath,
  findings: Findings
): void {
  if (order === undefined) return
  const place = [...path, 'order']
  if (key.length === 0) {
    findings.value(place, 'records without a key do not follow one another', 'give the object a key, or remove order')
    return
  }
  const field = schema.properties.get(order)
  if (field === undefined) {
    const names = [...schema.properties.keys()]
    findings.value(place, `there is no field ${quote(order)}`, didYouMean(order, names, 'fields'))
    return
  }
  if (field === UNREADABLE) return
  if (field.kind !== 'string' || field.format === null || field.nullable) {
    const what = field.kind !== 'any' && field.nullable ? 'may be null' : `is ${kindText(field)}`
    findings.value(
      place,
      `${order} ${what}, and records are ordered by a date`,
      'use a field with format: date or date-time'
    )
    return
  }
  if (!schema.required.has(order)) {
    findings.value(place, `${order} orders the records and must always be there`, `add ${order} to required`)
  }
}

/** Checks that the roles that amend and approve are there. */
export function checkAmendRoles(
  { amend }: ObjectDefinition,
  roles: Readonly<Record<string, RoleDefinition>>,
  path: FindingPath,
  findings: Findings
): void {
  if (amend === undefined) return
  const lists: [string, Amender | AmendApproval][] = [
    ['by', amend.by],
    ['approval', amend.approval]
  ]
  for (const [member, names] of lists) {
    if (typeof names === 'string') continue
    for (const name of names) {
      if (Object.hasOwn(roles, name)) continue
      const place = [...path, 'amend', member]
      findings.value(place, `there is no role ${quote(name)}`, didYouMean(name, Object.keys(roles), 'roles'))
    }
  }
}
