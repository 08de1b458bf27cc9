import type { Json } from '../base/json.js'
import type { Pattern } from './pattern.js'

/**
 * A schema after it was read: the documented subset of JSON Schema 2020-12 (docs/schema.md) as typed data, with references
 * written out. The validator, the author's normalisation and the types of rules are all made from this.
 */
export type FieldSchema =
  | StringSchema
  | IntegerSchema
  | NumberSchema
  | DecimalSchema
  | BooleanSchema
  | NullSchema
  | ListSchema
  | ObjectSchema
  | AttachmentSchema
  | AnySchema

export interface StringSchema {
  readonly kind: 'string'
  readonly nullable: boolean
  /** Code points. */
  readonly lengthMin: number
  /** Code points; null when the schema gives no bound. */
  readonly lengthMax: number | null
  readonly pattern: Pattern | null
  readonly format: 'date' | 'date-time' | null
  /** The only values allowed. */
  readonly values: readonly string[] | null
  /** The object whose records have the values as their key. */
  readonly from?: string
  /** What the author's node writes where the field is left out; absent when the file gives none. */
  readonly default?: Json
}

/** Bounds of numbers, inclusive unless the name says otherwise. */
export interface NumericBounds {
  readonly minimum: number | null
  readonly maximum: number | null
  readonly exclusiveMinimum: number | null
  readonly exclusiveMaximum: number | null
}

export interface IntegerSchema extends NumericBounds {
  readonly kind: 'integer'
  readonly nullable: boolean
  readonly multipleOf: number | null
  readonly values: readonly number[] | null
  /** The object whose records have the values as their key. */
  readonly from?: string
  /** What the author's node writes where the field is left out; absent when the file gives none. */
  readonly default?: Json
}

export interface NumberSchema extends NumericBounds {
  readonly kind: 'number'
  readonly nullable: boolean
  readonly values: readonly number[] | null
  /** What the author's node writes where the field is left out; absent when the file gives none. */
  readonly default?: Json
}

/** An exact amount: a string with exactly `scale` digits after the point. */
export interface DecimalSchema {
  readonly kind: 'decimal'
  readonly nullable: boolean
  readonly scale: number
  /** Scaled integers. */
  readonly minimum: bigint | null
  readonly maximum: bigint | null
  /** What the author's node writes where the field is left out; absent when the file gives none. */
  readonly default?: Json
}

export interface BooleanSchema {
  readonly kind: 'boolean'
  readonly nullable: boolean
  readonly values: readonly boolean[] | null
  /** What the author's node writes where the field is left out; absent when the file gives none. */
  readonly default?: Json
}

export interface NullSchema {
  readonly kind: 'null'
  readonly nullable: true
}

export interface ListSchema {
  readonly kind: 'list'
  readonly nullable: boolean
  readonly items: FieldSchema
  readonly itemsMin: number
  /** Null when the schema gives no bound. */
  readonly itemsMax: number | null
  readonly unique: boolean
}

export interface ObjectSchema {
  readonly kind: 'object'
  readonly nullable: boolean
  readonly properties: ReadonlyMap<string, FieldSchema>
  readonly required: ReadonlySet<string>
  /** What fields that are not listed must be; null when there may be none. */
  readonly additional: FieldSchema | null
  readonly propertiesMin: number
  readonly propertiesMax: number | null
}

/** What a record says of a file: `{bytes, hash, name, type}`. */
export interface AttachmentSchema {
  readonly kind: 'attachment'
  readonly nullable: boolean
  /** Of the file. */
  readonly bytesMax: number
  /** The only types of files allowed; null for any. */
  readonly mediaTypes: readonly string[] | null
}

/** Anything at all. */
export interface AnySchema {
  readonly kind: 'any'
  readonly nullable: true
}

export const ANY: AnySchema = { kind: 'any', nullable: true }

/** Stands for a schema with a mistake that was reported: whatever uses it stays silent about it. */
export const UNREADABLE: AnySchema = { kind: 'any', nullable: true }

/** The kind of a schema for people. */
export function kindText(schema: FieldSchema): string {
  switch (schema.kind) {
    case 'string':
      if (schema.format === 'date') return 'a date such as 2024-01-31'
      return schema.format === 'date-time' ? 'a time such as 2024-01-31T12:00:00Z' : 'a string'
    case 'integer':
      return 'an integer'
    case 'number':
      return 'a number'
    case 'decimal':
      return schema.scale === 0 ? 'a decimal' : `a decimal with ${schema.scale} digits after the point`
    case 'boolean':
      return 'true or false'
    case 'null':
      return 'null'
    case 'list':
      return 'a list'
    case 'object':
      return 'an object'
    case 'attachment':
      return 'an attachment'
    case 'any':
      return 'anything'
  }
}
