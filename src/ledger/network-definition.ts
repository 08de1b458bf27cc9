import type { JsonObject } from '../base/json.js'
import type { Translations } from '../base/languages.js'
import type { Period } from './rfc3339.js'

/**
 * The network definition: the network file after it was read and checked, with every default filled in. This is what
 * stands in the genesis as `network`, what the model hash covers (docs/formats.md), and what every partner compiles to
 * the same model. It is plain JSON, so its members are written here exactly as they are written there.
 */

/** How many of the voting partners must agree before a block commits. */
export type QuorumRule = 'two-thirds' | 'majority'

/** How many of the partners whose role governs must say yes to a change. */
export type Threshold = 'one' | 'majority' | 'two-thirds' | 'all'

/** What a threshold can be set for: the kinds of changes. */
export type ThresholdKind = 'admit' | 'key' | 'model' | 'reinstate' | 'remove' | 'role' | 'suspend' | 'version'

/** What partners of one kind may do. */
export interface RoleDefinition {
  /** Names of the objects whose records this role may append, sorted. */
  append: string[]
  /** Whether the role may propose and vote on changes of the network. */
  govern: boolean
  /** Whether partners of this role vote on blocks. Without a vote a partner still keeps a copy and checks everything. */
  vote: boolean
}

/** One record points to another: the newest accepted record of `object` whose key these fields hold. */
export interface ReferenceDefinition {
  object: string
  /** Fields of this object, in the order of the other object's key. One of them may be a list: then there are many. */
  key: string[]
  /** Whether a record is refused with REFERENCE_MISSING when what it refers to does not exist. */
  required: boolean
}

/** A rule every new record of the object must keep (docs/rules.md). */
export interface RuleDefinition {
  id: string
  /** CEL; must answer true. */
  expr: string
  /** What people read when it answers false; `{record.odometer}` takes a value. */
  message: RuleMessage
}

/** Who may amend a record: the partner that wrote it, or partners of these roles. */
export type Amender = 'own' | string[]

/** Whose word an amendment needs besides: nobody's, that of who wrote the record, of a partner of these roles, or a ballot. */
export type AmendApproval = 'none' | 'own' | 'ballot' | string[]

/** How records of an object are amended (docs/network-file.md, "Amendments"). */
export interface AmendDefinition {
  approval: AmendApproval
  by: Amender
}
/** A text, or one for each of some languages, at least one. A map is of version 3 of the network (definition-version.ts). */
export type RuleMessage = string | Translations
/** How many records of an object are accepted in each period, or how much of a field of theirs: `count`, or `sum` and `max`. */
export interface LimitDefinition {
  /** Named with a refusal as that of a rule is. */
  id: string
  /** Fields whose values are counted apart. */
  per: string[]
  /** The date or date-time field that says when; absent: the time of the block. */
  at?: string
  period: Period
  count?: number
  sum?: string
  max?: number | string
  message?: string
}

/** A kind of record. */
export interface ObjectDefinition {
  title: string
  /** Names of the key fields in their order; empty when each record is its own history. */
  key: string[]
  /** Field of a date by which the records of a key follow one another; absent where they do as they arrive. */
  order?: string
  /** Absent where records are not amended. */
  amend?: AmendDefinition
  /** JSON Schema of the record's data: the subset of docs/schema.md, of type object. */
  fields: JsonObject
  references: Record<string, ReferenceDefinition>
  rules: RuleDefinition[]
  /** Lists of fields whose values no two different things may share; absent when the file has none. */
  unique?: string[][]
  /** How many records, or how much, in each period; absent when the file has none. */
  limits?: LimitDefinition[]
  /** Of fields that not every role may set: the roles that may, sorted; absent when the file has none. */
  writers?: Record<string, string[]>
  /** Former names of fields: what older records call it, and the field it is now. Absent when there are none. */
  aliases?: Record<string, string>
  /** Names of fields that were removed, sorted: no later field may have one. Absent when there are none. */
  removed?: string[]
}

export interface NetworkDefinition {
  format: 1
  title: string
  quorum: QuorumRule
  /** Where the defaults of threshold.ts do not hold; absent when the file sets none. */
  thresholds?: Partial<Record<ThresholdKind, Threshold>>
  roles: Record<string, RoleDefinition>
  objects: Record<string, ObjectDefinition>
  /** Names of objects that were removed, sorted: no later object may have one. Absent when there are none. */
  removed?: string[]
}

/** Format number of the network file this software reads and writes. */
export const NETWORK_FORMAT = 1
