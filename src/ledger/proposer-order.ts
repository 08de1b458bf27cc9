/** What a committed block says about who proposed and who lived. */
export interface CommittedBlock {
  /** Round of the block's first proposal, from its header. */
  readonly originRound: number
  /** The order that was in force at the block's height, from {@link proposerOrder}. */
  readonly order: readonly string[]
  /** Authors of the batches in the block. */
  readonly batchAuthors: readonly string[]
}

/**
 * Who proposes at a height: the proposer of round r is the voter at r modulo their number. Charged voters stand at the
 * end, never out; the others take turns by height. A pure function of chain data (rule 14).
 * @param height from 1
 * @param voters ids of the voters of that height, in any order
 * @param charges ids of the charged voters, the one charged last at the end; others than voters are passed over
 * @returns a permutation of the voters
 */
export function proposerOrder(height: number, voters: readonly string[], charges: readonly string[]): string[] {
  const charged = charges.filter((id) => voters.includes(id))
  const free = voters.filter((id) => !charged.includes(id)).sort()
  const first = free.length === 0 ? 0 : height % free.length
  return [...free.slice(first), ...free.slice(0, first), ...charged]
}

/**
 * The charges after a block: the proposers of the rounds before its origin round, who brought nothing about, are
 * charged and go to the end; whoever has a batch in it is alive and is not charged any more (rule 14).
 * @param charges the charges before the block
 * @returns the charges after it, the one charged last at the end
 */
export function nextCharges(charges: readonly string[], block: CommittedBlock): string[] {
  const { originRound, order, batchAuthors } = block
  const next = new Set(charges)
  // Only the last turn of each voter tells where it ends up.
  for (let round = Math.max(0, originRound - order.length); round < originRound; round++) {
    const proposer = order[round % order.length]
    if (proposer === undefined) continue
    next.delete(proposer)
    next.add(proposer)
  }
  for (const author of batchAuthors) next.delete(author)
  return [...next]
}
