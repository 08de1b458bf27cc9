import type { Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'

/** A record that another network file would have judged otherwise. */
export interface RehearsalDifference {
  readonly id: string
  readonly object: string
  readonly author: string
  readonly height: number
  /** RFC 3339 UTC, the time of the block. */
  readonly time: string
  readonly data: JsonObject
  /** What the other file says; the chain says the opposite. */
  readonly verdict: 'accepted' | 'refused'
  /** Of whichever of the two refuses. */
  readonly refusal: Refusal
}

/** How many records of one partner and object would be judged otherwise for one reason. */
export interface RehearsalGroup {
  readonly verdict: 'accepted' | 'refused'
  readonly partner: string
  readonly object: string
  /** Of whichever of the two refuses. */
  readonly code: string
  readonly rule: string | null
  readonly count: number
}

export interface RehearsalReport {
  /** Of the last block that was looked at. */
  readonly height: number
  /** Judged again: all but those of the network about itself. */
  readonly records: number
  /** Accepted on the chain, and refused by the other file. */
  readonly refused: number
  /** Refused on the chain, and accepted by the other file. */
  readonly accepted: number
  readonly groups: readonly RehearsalGroup[]
  /** Of a file: why it could not be proposed as things stand; absent when it could. */
  readonly problem?: Refusal
}

export interface RehearsalOptions {
  readonly signal?: AbortSignal
  /** Called with heights done and to do. */
  readonly onProgress?: (done: number, total: number) => void
  /** Called for each record that would be judged otherwise, in the order of the chain; waited for. */
  readonly onDifference?: (difference: RehearsalDifference) => Promise<void> | void
}

/** How the rehearsal of a proposal stands at this node. */
export type RehearsalView =
  | { readonly state: 'waiting' }
  | { readonly state: 'running'; readonly done: number; readonly total: number }
  | ({ readonly state: 'done' } & RehearsalReport)
  | { readonly state: 'failed'; readonly why: string }

/** A network definition, which may leave out defaults, or that of a proposal. */
export type RehearsalRequest = { readonly network: JsonObject } | { readonly proposal: string }
