import type { Root, RuleScope } from './rule-context.js'
import { millisSlot, type ObjectType, objectTypeOf, type Slot, slotOf, textSlot, type Value } from './rule-type.js'
import type { ObjectSchema } from './schema-type.js'

/** A reference as rules need to know it. */
export interface ScopeReference {
  readonly name: string
  /** Name and schema of the object pointed to. */
  readonly object: string
  readonly schema: ObjectSchema
  readonly required: boolean
  /** Whether a key field of it may be missing or null. */
  readonly optional: boolean
  /** Most records it points to where a key field is a list; null where none is. */
  readonly itemsMax: number | null
}

/**
 * What the rules of one object can see (docs/rules.md, "Variables").
 * @param hasKey whether records of the object follow one another under a key; without, there is no `previous`
 * @param hasNext whether a record may get its place before others; without, there is no `next`
 */
export function ruleScope(
  schema: ObjectSchema,
  references: readonly ScopeReference[],
  hasKey: boolean,
  hasNext = false
): RuleScope {
  const record = objectSlot(objectTypeOf(schema), false)
  const author = objectSlot(fixedType({ id: textSlot(32, null, false), role: textSlot(64, null, false) }), false)
  const height: Slot = slotOf({ ...COUNT, nullable: false })
  const block = objectSlot(fixedType({ height, time: millisSlot() }), false)
  const roots = new Map<string, Root>([
    ['record', { slot: record, absence: '', get: (input) => input.record }],
    ['author', { slot: author, absence: '', get: (input) => input.author }],
    ['block', { slot: block, absence: '', get: (input) => input.block }]
  ])
  if (hasKey) {
    const absence = 'the first record of a key has none before it'
    roots.set('previous', { slot: { ...record, nullable: true }, absence, get: (input) => input.previous })
  }
  if (hasKey && hasNext) {
    const absence = 'the last record of a key has none after it'
    roots.set('next', { slot: { ...record, nullable: true }, absence, get: (input) => input.next ?? null })
  }
  return { roots, references: new Map(references.map((reference) => [reference.name, referenceRoot(reference)])) }
}

const COUNT = {
  kind: 'integer',
  minimum: 0,
  maximum: null,
  exclusiveMinimum: null,
  exclusiveMaximum: null,
  multipleOf: null,
  values: null
} as const

function referenceRoot({ name, object, schema, required, optional, itemsMax }: ScopeReference): Root {
  const target = objectSlot(objectTypeOf(schema), !required)
  const nullable = itemsMax === null ? !required || optional : optional
  const slot = itemsMax === null ? { ...target, nullable } : listSlot(target, itemsMax, nullable)
  const missing = required ? '' : `there may be no such ${object}; required: true would refuse the record then`
  const absence = optional ? 'its key field may be missing' : itemsMax === null ? missing : ''
  // Of a record from before today's schema its fields may lead elsewhere, or to more than there may be.
  const isRight = (found: unknown): boolean =>
    itemsMax === null ? !Array.isArray(found) : Array.isArray(found) && found.length <= itemsMax
  return { slot, absence, get: (input) => (isRight(input.refs[name]) ? (input.refs[name] ?? null) : null) }
}

function objectSlot(type: ObjectType, nullable: boolean): Slot {
  return { type, nullable, read: (json) => (typeof json === 'object' ? (json as Value) : undefined) }
}

function listSlot(items: Slot, itemsMax: number, nullable: boolean): Slot {
  return { type: { kind: 'list', items, itemsMax }, nullable, read: (json) => json as Value }
}

function fixedType(slots: Record<string, Slot>): ObjectType {
  const properties = new Map(Object.entries(slots).map(([name, slot]) => [name, { ...slot, optional: false }]))
  return { kind: 'object', properties, additional: null }
}
