import { canonicalText } from '../base/canonical.js'
import type { Json } from '../base/json.js'
import type { IndexState } from './key-index.js'
import type { StateEntry, StateReader } from './state.js'

/** What became of an amendment that needs another's word. */
export type AmendmentState = 'open' | 'approved' | 'rejected' | 'withdrawn'

/** One partner's word on an amendment. */
export interface AmendmentVote {
  readonly height: number
  /** Of the record that says it. */
  readonly id: string
  readonly partner: string
  readonly reason: string
  readonly yes: boolean
}

/** An amendment that needs another's word, as the state keeps it. */
export interface Amendment {
  readonly author: string
  /** Role of the author when it wrote the amendment. */
  readonly role: string
  /** Of its block. */
  readonly height: number
  readonly id: string
  readonly object: string
  /** Id of what it amends. */
  readonly record: string
  readonly state: AmendmentState
  /** Milliseconds since 1970, of its block. */
  readonly time: number
  readonly votes: readonly AmendmentVote[]
}

/** State keys of amendments that need another's word begin so. */
export const AMENDMENT_PREFIX = 'q:'

export function amendmentKey(id: string): string {
  return `${AMENDMENT_PREFIX}${id}`
}

/** An amendment that needs another's word; null when there is none of this id. */
export function amendmentIn(state: StateReader, id: string): Amendment | null {
  const entry = state.get(amendmentKey(id))
  return entry === undefined ? null : readAmendment(entry)
}

export function readAmendment(entry: StateEntry): Amendment {
  entry.memo ??= JSON.parse(entry.text)
  return entry.memo as Amendment
}

/** Amendments of one author that may wait at a time. */
export const OPEN_AMENDMENTS_MAX = 64

function openKey(author: string): string {
  return `Q:${author}`
}

/** How many amendments of an author wait. */
export function openAmendmentsOf(state: StateReader, author: string): number {
  return Number(state.get(openKey(author))?.text ?? 0)
}

function countOpen(run: IndexState, author: string, by: 1 | -1): void {
  const key = openKey(author)
  const text = String(openAmendmentsOf(run, author) + by)
  run.write(key, { text }, `${key} ${text}\n`)
}

/** State key of the text of an amendment that needs another's word: apart, as each word writes the rest anew. */
function textKey(id: string): string {
  return `Q:${id}`
}

/** Exact text of an amendment that needs, or needed, another's word. */
export function amendmentText(state: StateReader, id: string): string {
  return state.get(textKey(id))?.text ?? ''
}

/** Writes down one that nobody has said anything of yet. */
export function openAmendment(run: IndexState, made: Omit<Amendment, 'state' | 'votes'>, text: string): void {
  // No result covers it: it is the record's own text.
  run.write(textKey(made.id), { text }, '')
  write(run, { ...made, state: 'open', votes: [] })
  countOpen(run, made.author, 1)
}

/** Writes down what became of one that waited. */
export function writeAmendment(run: IndexState, amendment: Amendment): void {
  write(run, amendment)
  if (amendment.state !== 'open') countOpen(run, amendment.author, -1)
}

function write(run: IndexState, amendment: Amendment): void {
  const { author, height, id, object, record, role, state, time, votes } = amendment
  const value = { author, height, id, object, record, role, state, time, votes: votes as unknown as Json[] }
  const key = amendmentKey(id)
  const written = canonicalText(value)
  run.write(key, { text: written }, `${key} ${written}\n`)
}
