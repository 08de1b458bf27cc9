import { ATTACHMENT_NAME_CHARS_MAX, MEDIA_TYPE_CHARS_MAX } from './attachment.js'
import { readDecimal } from './decimal.js'
import { instantOfMillis, readDate, readDateTime } from './rfc3339.js'
import {
  type AttachmentSchema,
  type FieldSchema,
  type ListSchema,
  type ObjectSchema,
  UNREADABLE
} from './schema-type.js'

/** Types of expressions in rules, made from the schema, so that every mistake is found before a rule ever runs. */
export type RuleType = ScalarType | StringType | DecimalType | ListType | ObjectType

/** `any` is data whose type the schema leaves open, `null` the literal. Dates and times are text only in the record. */
export interface ScalarType {
  readonly kind: 'bool' | 'int' | 'double' | 'date' | 'time' | 'null' | 'any'
}

export interface StringType {
  readonly kind: 'string'
  /** Code points; null when the schema gives no bound. */
  readonly charsMax: number | null
  /** The only values it can have. */
  readonly values: readonly string[] | null
}

/** An exact amount: an integer that counts in steps of 10^-scale. */
export interface DecimalType {
  readonly kind: 'decimal'
  readonly scale: number
}

export interface ListType {
  readonly kind: 'list'
  readonly items: Slot
  /** Null when the schema gives no bound. */
  readonly itemsMax: number | null
}

export interface ObjectType {
  readonly kind: 'object'
  readonly properties: ReadonlyMap<string, Property>
  /** What fields that are not listed are; null when there are none. */
  readonly additional: Slot | null
}

/** A place that holds a value: its type, and how the JSON in it becomes what rules calculate with. */
export interface Slot {
  readonly type: RuleType
  readonly nullable: boolean
  /** Undefined when the JSON is missing or not of this type, as data from before a change of the schema may be. */
  read(json: unknown): Value | undefined
}

export interface Property extends Slot {
  /** Whether the schema lets it be missing. */
  readonly optional: boolean
}

/**
 * What expressions evaluate to: int and time (nanoseconds) and decimal (scaled) are bigint, double and date (days) are
 * number, lists and objects are the JSON of the record or lists made by a rule.
 */
export type Value = null | boolean | bigint | number | string | object

export const BOOL: ScalarType = { kind: 'bool' }
export const INT: ScalarType = { kind: 'int' }
export const DOUBLE: ScalarType = { kind: 'double' }
export const DATE: ScalarType = { kind: 'date' }
export const TIME: ScalarType = { kind: 'time' }
export const NULL: ScalarType = { kind: 'null' }
export const ANY_TYPE: ScalarType = { kind: 'any' }

/** The type of a field whose schema has a mistake that was reported. */
export const UNREADABLE_TYPE: ScalarType = { kind: 'any' }

/** The type of an object's data. */
export function objectTypeOf(schema: ObjectSchema): ObjectType {
  const properties = new Map<string, Property>()
  for (const [name, field] of schema.properties) {
    properties.set(name, { ...slotOf(field), optional: !schema.required.has(name) })
  }
  return { kind: 'object', properties, additional: schema.additional === null ? null : slotOf(schema.additional) }
}

/** The type and reader of a field. */
export function slotOf(schema: FieldSchema): Slot {
  switch (schema.kind) {
    case 'any':
      return {
        type: schema === UNREADABLE ? UNREADABLE_TYPE : ANY_TYPE,
        nullable: true,
        read: (json) => json as Value | undefined
      }
    case 'null':
      return { type: NULL, nullable: true, read: (json) => (json === null ? null : undefined) }
    case 'boolean':
      return slot(BOOL, schema.nullable, (json) => (typeof json === 'boolean' ? json : undefined))
    case 'integer':
      return slot(INT, schema.nullable, (json) => (Number.isSafeInteger(json) ? BigInt(json as number) : undefined))
    case 'number':
      return slot(DOUBLE, schema.nullable, (json) => (typeof json === 'number' ? json : undefined))
    case 'decimal': {
      const { scale } = schema
      return slot(
        { kind: 'decimal', scale },
        schema.nullable,
        fromText((text) => readDecimal(text, scale))
      )
    }
    case 'string':
      if (schema.format === 'date') return slot(DATE, schema.nullable, fromText(readDate))
      if (schema.format === 'date-time') return slot(TIME, schema.nullable, fromText(readDateTime))
      return textSlot(schema.lengthMax, schema.values, schema.nullable)
    case 'list':
      return listSlot(schema)
    case 'object':
      return slot(objectTypeOf(schema), schema.nullable, (json) => (isObject(json) ? json : undefined))
    case 'attachment':
      return slot(attachmentType(schema), schema.nullable, (json) => (isObject(json) ? json : undefined))
  }
}

/** What rules see of a file: what the record says of it. */
function attachmentType({ mediaTypes }: AttachmentSchema): ObjectType {
  const members: Record<string, Slot> = {
    bytes: slot(INT, false, (json) => (Number.isSafeInteger(json) ? BigInt(json as number) : undefined)),
    hash: textSlot(64, null, false),
    name: textSlot(ATTACHMENT_NAME_CHARS_MAX, null, false),
    type: textSlot(MEDIA_TYPE_CHARS_MAX, mediaTypes, false)
  }
  const properties = new Map(Object.entries(members).map(([name, member]) => [name, { ...member, optional: false }]))
  return { kind: 'object', properties, additional: null }
}

/** A place for text. */
export function textSlot(charsMax: number | null, values: readonly string[] | null, nullable: boolean): Slot {
  return slot({ kind: 'string', charsMax, values }, nullable, (json) => (typeof json === 'string' ? json : undefined))
}

/** A place for an instant given as milliseconds since 1970. */
export function millisSlot(): Slot {
  return slot(TIME, false, (json) => (Number.isSafeInteger(json) ? instantOfMillis(json as number) : undefined))
}

/** A place whose values a rule made itself: they are what they are. */
export function computedSlot(type: RuleType, nullable: boolean): Slot {
  return { type, nullable, read: (value) => value as Value }
}

function listSlot(schema: ListSchema): Slot {
  const { itemsMax } = schema
  const type: ListType = { kind: 'list', items: slotOf(schema.items), itemsMax }
  // Data from before a change of the schema may be longer than the cost of the rule allows for.
  const fits = (json: unknown): boolean => Array.isArray(json) && (itemsMax === null || json.length <= itemsMax)
  return slot(type, schema.nullable, (json) => (fits(json) ? (json as object) : undefined))
}

function slot(type: RuleType, nullable: boolean, read: (json: unknown) => Value | undefined): Slot {
  if (!nullable) return { type, nullable, read }
  return { type, nullable, read: (json) => (json === null ? null : read(json)) }
}

function fromText(read: (text: string) => Value | null): (json: unknown) => Value | undefined {
  return (json) => (typeof json === 'string' ? (read(json) ?? undefined) : undefined)
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** Whether two types can stand for each other, and the one that covers both; null when there is none. */
export function unify(a: RuleType, b: RuleType): RuleType | null {
  if (a === b) return a
  if (a.kind === 'decimal' || b.kind === 'decimal') {
    if (a.kind === 'decimal' && b.kind === 'decimal') return a.scale >= b.scale ? a : b
    if (a.kind === 'int') return b
    return b.kind === 'int' ? a : null
  }
  if (a.kind !== b.kind) return null
  if (a.kind === 'string' && b.kind === 'string') {
    const charsMax = a.charsMax === null || b.charsMax === null ? null : Math.max(a.charsMax, b.charsMax)
    const values = a.values === null || b.values === null ? null : [...a.values, ...b.values]
    return { kind: 'string', charsMax, values }
  }
  return a.kind === 'list' || a.kind === 'object' ? null : a
}

/** A type for people, with its article. */
export function typeText(type: RuleType): string {
  switch (type.kind) {
    case 'bool':
      return 'true or false'
    case 'int':
      return 'an integer'
    case 'double':
      return 'a number'
    case 'decimal':
      return `a decimal with ${type.scale} digits after the point`
    case 'string':
      return 'a text'
    case 'date':
      return 'a date'
    case 'time':
      return 'a time'
    case 'list':
      return 'a list'
    case 'object':
      return 'an object'
    case 'null':
      return 'null'
    case 'any':
      return 'data whose type the schema leaves open'
  }
}
