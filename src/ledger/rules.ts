import type { JsonObject } from '../base/json.js'

/** Data of a record as rules see it. */
export type RuleValue = JsonObject

/** What the rules of one record are run on. */
export interface RuleInput {
  readonly record: RuleValue
  /** Newest accepted record under the same key. */
  readonly previous: RuleValue | null
  /** By name of the reference: newest accepted record, null when there is none; a list where the key field is a list. */
  readonly refs: Readonly<Record<string, RuleValue | null | readonly (RuleValue | null)[]>>
  readonly author: { readonly id: string; readonly role: string }
  /** Time in milliseconds since 1970-01-01T00:00:00Z. */
  readonly block: { readonly height: number; readonly time: number }
}
