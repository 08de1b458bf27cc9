import { BrokenPromise } from './broken-promise.js'
import type { PartnerHistory } from './partner-history.js'

/** What a header says of who proposed it. */
export interface Proposed {
  readonly height: number
  readonly originRound: number
  readonly proposer: string
}

/**
 * Follows in plain steps whose turn it is: voters by name, from another one on at each height, and behind them those whose
 * rounds brought nothing about, until a batch of theirs stands in a block.
 */
export function createProposerCheck(partners: PartnerHistory) {
  let charged: string[] = []

  function orderAt(height: number): string[] {
    const voters = partners.voters().map(({ id }) => id)
    const free = voters.filter((id) => !charged.includes(id)).sort()
    const turned = free.map((_, index) => free[(height + index) % free.length]!)
    return [...turned, ...charged.filter((id) => voters.includes(id))]
  }

  return {
    /** @param authors of the batches of the block; the partners are those before it */
    take({ height, originRound, proposer }: Proposed, authors: readonly string[]): void {
      const order = orderAt(height)
      const due = order[originRound % order.length]
      if (proposer !== due)
        throw new BrokenPromise(
          'proposers take turns',
          `block ${height} of ${originRound} is of ${proposer}, not ${due}`
        )
      for (let round = 0; round < originRound; round++) {
        const idle = order[round % order.length]!
        charged = [...charged.filter((id) => id !== idle), idle]
      }
      charged = charged.filter((id) => !authors.includes(id))
    },
    /** Whom the state must name in the end. */
    checkState(state: ReadonlyMap<string, { readonly text: string }>): void {
      const there = state.get('c:')?.text ?? '[]'
      if (there !== JSON.stringify(charged))
        throw new BrokenPromise('proposers take turns', `${there} are charged, and must be ${charged.join()}`)
    }
  }
}
