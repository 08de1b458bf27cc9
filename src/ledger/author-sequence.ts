import { assertInvariant } from '../base/errors.js'
import type { StateEntry, StateReader } from './state.js'

/** Which batch of an author comes next. */
export interface AuthorSequence {
  readonly incarnation: number
  readonly next: number
}

export function sequenceKey(author: string): string {
  return `s:${author}`
}

export function authorSequenceEntry(sequence: AuthorSequence): StateEntry {
  return { text: `${sequence.incarnation} ${sequence.next}`, memo: sequence }
}

/** The author's next sequence after this state; 0 for one who has not written yet. */
export function authorSequence(state: StateReader, author: string): AuthorSequence {
  const entry = state.get(sequenceKey(author))
  if (entry === undefined) return { incarnation: 0, next: 0 }
  if (entry.memo === undefined) {
    const match = /^(\d+) (\d+)$/.exec(entry.text)
    assertInvariant(match !== null, `state of ${sequenceKey(author)} has its form`)
    entry.memo = { incarnation: Number(match[1]), next: Number(match[2]) } satisfies AuthorSequence
  }
  return entry.memo as AuthorSequence
}
