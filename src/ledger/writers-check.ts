import type { Json } from '../base/json.js'
import type { FieldWriters } from './field-writers.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { didYouMean } from './nearest.js'
import type { RoleDefinition } from './network-definition.js'
import { isObject } from './network-members.js'
import type { ObjectSchema } from './schema-type.js'

type Writers = Record<string, string[]>

/** Reads `writers` of an object: nothing when the file has none. Roles are sorted: their order says nothing. */
export function readWriters(json: Json | undefined, path: FindingPath, findings: Findings): { writers?: Writers } {
  if (json === undefined) return {}
  if (!isObject(json)) {
    findings.value(path, 'writers are listed by field', 'write FIELD: [ROLE, ROLE]')
    return {}
  }
  const writers = Object.entries(json).map(([field, roles]): [string, string[]] => {
    return [field, readRoles(roles, [...path, field], findings)]
  })
  return writers.length === 0 ? {} : { writers: Object.fromEntries(writers) }
}

function readRoles(json: Json, path: FindingPath, findings: Findings): string[] {
  if (!Array.isArray(json) || json.length === 0 || !json.every((role) => typeof role === 'string')) {
    findings.value(path, `${quote(json)} is not a list of roles`, 'write [ROLE, ROLE]')
    return []
  }
  const roles = json as string[]
  roles.forEach((role, index) => {
    if (roles.indexOf(role) < index) findings.value([...path, index], `${role} is listed twice`, 'remove one of them')
  })
  return [...new Set(roles)].sort()
}

/** The object that is checked, and the name and path that it has. */
export interface WritersGround {
  readonly name: string
  readonly path: FindingPath
  readonly schema: ObjectSchema
}

/** Checks that the fields and roles exist, and that whoever may set a field may append the object at all. */
export function checkWriters(
  writers: Writers,
  { name, path, schema }: WritersGround,
  roles: Readonly<Record<string, RoleDefinition>>,
  findings: Findings
): FieldWriters[] {
  return Object.entries(writers).map(([field, allowed]): FieldWriters => {
    const fieldPath = [...path, 'writers', field]
    if (!schema.properties.has(field)) {
      const remedy = didYouMean(field, [...schema.properties.keys()], 'fields')
      findings.name(fieldPath, `writers names ${field}, which is not among the fields`, remedy)
    }
    for (const role of allowed) {
      const definition = Object.hasOwn(roles, role) ? roles[role] : undefined
      if (definition === undefined) {
        findings.value(fieldPath, `there is no role ${quote(role)}`, didYouMean(role, Object.keys(roles), 'roles'))
      } else if (!definition.append.includes(name)) {
        const remedy = `add ${name} to append of ${role}, or remove ${role} here`
        findings.value(fieldPath, `role ${role} may not append ${name}, so it cannot write ${field}`, remedy)
      }
    }
    return { field, roles: allowed }
  })
}
