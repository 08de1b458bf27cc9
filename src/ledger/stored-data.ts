import type { CompiledObject, Model } from './model.js'
import { type FieldSchema, kindText, type ObjectSchema } from './schema-type.js'

/** Since which version of the network a definition can say that a name is gone. */
const FORMER_NAMES_SINCE = 3

/**
 * Why records that stand under a model could not be read any more under another, or null. What was accepted once stays in
 * the state as it is, and is found by its key: an object stays or is listed as removed, its key stays, and so does each
 * field, under another name where an alias says so, or is listed as removed; it keeps the type of its JSON. All else may
 * change; what a rule then finds missing in an older record makes it fail with RULE_ERROR.
 *
 * Held against one model at a time this holds for all before it: whatever was the name of a field once is a field, an alias
 * or a removed name in every model since.
 * @param version of the network, by which such a definition could be decided
 */
export function storedDataProblem(before: Model, after: Model, version: number): string | null {
  const isRemoved = (name: string): boolean => after.network.removed?.includes(name) === true
  const back = before.network.removed?.find((name) => !isRemoved(name))
  if (back !== undefined) return `${back} was removed: leave it in the list, its records still stand`
  for (const [name, object] of before.objects) {
    const other = after.objects.get(name)
    if (other === undefined) {
      if (isRemoved(name)) continue
      const remedy =
        version < FORMER_NAMES_SINCE ? '' : ': keep it (its title may be another one), or list it under removed'
      return `the object ${name} is gone, and its records would be lost from sight${remedy}`
    }
    const problem = objectProblem(object, other, version)
    if (problem !== null) return problem
  }
  return null
}

function objectProblem(before: CompiledObject, after: CompiledObject, version: number): string | null {
  const { name } = before
  if (before.keyFields.map((field) => nameNow(after, field)).join('\n') !== after.keyFields.join('\n')) {
    const [was, is] = [before, after].map(({ keyFields }) => `[${keyFields.join(', ')}]`)
    return `the key of ${name} is ${is} and was ${was}: its records would not be found any more`
  }
  const names = namesProblem(before, after, version) ?? formerProblem(before, after) ?? keptProblem(before, after)
  if (names !== null) return names
  const [open, stillOpen] = [before.schema.additional, after.schema.additional]
  if (open !== null && stillOpen !== null) return typeProblem(`${name}.*`, open, stillOpen)
  return null
}

/** What a field of before is called now; undefined when it is removed, or nothing is said of it. */
function nameNow({ aliases, schema }: CompiledObject, field: string): string | undefined {
  return schema.properties.has(field) ? field : aliases.get(field)
}

/** Each field of before is one of today, by its name or an alias, or removed; and no two become one. */
function namesProblem(before: CompiledObject, after: CompiledObject, version: number): string | null {
  const { name } = before
  const cameFrom = new Map<string, string>()
  for (const [field, type] of before.schema.properties) {
    if (after.removed.has(field)) continue
    const now = nameNow(after, field)
    if (now === undefined) {
      const remedy =
        version < FORMER_NAMES_SINCE ? '' : ', say under aliases what it is called now, or list it under removed'
      return `the field ${name}.${field} is gone; leave it optional instead${remedy}`
    }
    const other = cameFrom.get(now)
    if (other !== undefined) return `${name}.${other} and ${name}.${field} would both be ${now}: records have both`
    cameFrom.set(now, field)
    const problem = typeProblem(`${name}.${now}`, type, after.schema.properties.get(now)!)
    if (problem !== null) return problem
  }
  return null
}

/** What was said of former names stays said. */
function formerProblem(before: CompiledObject, after: CompiledObject): string | null {
  const { name } = before
  for (const field of before.removed) {
    if (!after.removed.has(field)) return `${name}.${field} was removed: leave it in the list, older records have it`
  }
  for (const [former, field] of before.aliases) {
    if (after.removed.has(former)) continue
    const now = nameNow(after, former)
    if (now !== undefined && now === nameNow(after, field)) continue
    return `${name}.${former} is what older records call ${field}: leave it an alias of that field, or list it under removed`
  }
  for (const former of after.aliases.keys()) {
    if (before.schema.properties.has(former) || before.aliases.has(former)) continue
    return `${name}.${former} was no field of ${name}: an alias says what one was called (fields within fields have none)`
  }
  return null
}

/** What is taken or used stands in the state under the names of fields, and would be forgotten under other ones. */
function keptProblem(before: CompiledObject, after: CompiledObject): string | null {
  const kept = new Set(keptFields(after))
  for (const field of keptFields(before)) {
    const now = nameNow(after, field)
    if (now === undefined || now === field || !kept.has(now)) continue
    return `${before.name}.${field} stands in unique or limits, which are kept by its name: leave it, or take ${now} out of them`
  }
  return null
}

function keptFields({ uniques, limits }: CompiledObject): string[] {
  const counted = limits.flatMap(({ per, at, sum }) => [...per, at, sum?.field ?? null])
  return [...uniques.flatMap(({ fields }) => fields), ...counted].filter((field) => field !== null)
}

function fieldsProblem(path: string, before: ObjectSchema, after: ObjectSchema): string | null {
  for (const [name, field] of before.properties) {
    const other = after.properties.get(name)
    const fieldPath = `${path}.${name}`
    // Fields within fields cannot be renamed or removed.
    if (other === undefined) return `the field ${fieldPath} is gone; leave it optional instead`
    const problem = typeProblem(fieldPath, field, other)
    if (problem !== null) return problem
  }
  const [open, stillOpen] = [before.additional, after.additional]
  if (open !== null && stillOpen !== null) return typeProblem(`${path}.*`, open, stillOpen)
  return null
}

function typeProblem(path: string, before: FieldSchema, after: FieldSchema): string | null {
  if (before.kind === 'object' && after.kind === 'object') return fieldsProblem(path, before, after)
  if (before.kind === 'list' && after.kind === 'list') return typeProblem(`${path}[]`, before.items, after.items)
  if (isSameJson(before, after)) return null
  return `the field ${path} was ${kindText(before)} and would be ${kindText(after)}: older records have the former`
}

/** Whether what the one takes is, as JSON, of the type that the other takes. */
function isSameJson(before: FieldSchema, after: FieldSchema): boolean {
  if (before.kind === 'any' || before.kind === 'null' || after.kind === 'any') return true
  if (before.kind === 'integer' && after.kind === 'number') return true
  if (before.kind === 'decimal' && after.kind === 'decimal') return before.scale === after.scale
  return before.kind === after.kind
}
