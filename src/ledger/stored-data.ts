import type { Model } from './model.js'
import { type FieldSchema, kindText, type ObjectSchema } from './schema-type.js'

/**
 * Why records that stand under a model could not be read any more under another, or null. What was accepted once stays in
 * the state as it is, and is found by its key: an object and its key stay, and a field keeps the type of its JSON. All else
 * may change; what a rule then finds missing in an older record makes it fail with RULE_ERROR.
 */
export function storedDataProblem(before: Model, after: Model): string | null {
  for (const [name, object] of before.objects) {
    const other = after.objects.get(name)
    if (other === undefined) return `the object ${name} is gone, and its records would be lost from sight`
    if (object.keyFields.join('\n') !== other.keyFields.join('\n')) {
      const [was, is] = [object.keyFields, other.keyFields].map((key) => `[${key.join(', ')}]`)
      return `the key of ${name} is ${is} and was ${was}: its records would not be found any more`
    }
    const problem = fieldsProblem(name, object.schema, other.schema)
    if (problem !== null) return problem
  }
  return null
}

function fieldsProblem(path: string, before: ObjectSchema, after: ObjectSchema): string | null {
  for (const [name, field] of before.properties) {
    const other = after.properties.get(name)
    const fieldPath = `${path}.${name}`
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
