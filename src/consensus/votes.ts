import type { SignedVote } from './types.js'

/** The votes of one kind in one round. Never changed in place. */
export interface Tally {
  /** The first vote of each voter: the one that counts. */
  readonly votes: ReadonlyMap<string, SignedVote>
  /** The first vote of each voter that contradicts its counted one: evidence. */
  readonly conflicts: ReadonlyMap<string, SignedVote>
  /** How many counted votes each block has; the votes for nil stand under null. */
  readonly counts: ReadonlyMap<string | null, number>
}

export const EMPTY_TALLY: Tally = { votes: new Map(), conflicts: new Map(), counts: new Map() }

/** What a vote did to the tally: `evidence` is a contradiction seen for the first time. */
export type TallyResult =
  | { readonly type: 'counted'; readonly tally: Tally }
  | { readonly type: 'evidence'; readonly tally: Tally; readonly first: SignedVote }
  | { readonly type: 'known' }

/** Adds a vote. Costs O(voters). Every voter weighs 1, and counts once however often it votes. */
export function addVote(tally: Tally, vote: SignedVote): TallyResult {
  const first = tally.votes.get(vote.voter)
  if (first === undefined) {
    const votes = new Map(tally.votes).set(vote.voter, vote)
    const counts = new Map(tally.counts).set(vote.block, (tally.counts.get(vote.block) ?? 0) + 1)
    return { type: 'counted', tally: { ...tally, votes, counts } }
  }
  if (first.block === vote.block || tally.conflicts.has(vote.voter)) return { type: 'known' }
  const conflicts = new Map(tally.conflicts).set(vote.voter, vote)
  return { type: 'evidence', tally: { ...tally, conflicts }, first }
}

/** Has a quorum voted, whatever for? */
export function hasAnyQuorum(tally: Tally, quorum: number): boolean {
  return tally.votes.size >= quorum
}

/** Has a quorum voted for nil? */
export function hasNilQuorum(tally: Tally, quorum: number): boolean {
  return (tally.counts.get(null) ?? 0) >= quorum
}

/** The block that a quorum voted for, or null. There is one at most, as a quorum is more than half. */
export function quorumBlock(tally: Tally, quorum: number): string | null {
  for (const [block, count] of tally.counts) if (block !== null && count >= quorum) return block
  return null
}

/** The counted votes for a block, sorted by voter. */
export function votesFor(tally: Tally, block: string): SignedVote[] {
  return sortedByVoter([...tally.votes.values()].filter((vote) => vote.block === block))
}

/** A sorted copy, in the order of certificates: by voter, by UTF-16 code units. */
export function sortedByVoter<T extends { readonly voter: string }>(votes: readonly T[]): T[] {
  return [...votes].sort((a, b) => (a.voter < b.voter ? -1 : a.voter > b.voter ? 1 : 0))
}
