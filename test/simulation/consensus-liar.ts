import type { Message, Proposal, SignedVote, Vote } from '../../src/consensus/types.js'

/** What a liar sends to one partner when it has heard a message: something else to each of them. */
export type Liar = (id: string, heard: Message, order: readonly string[]) => Message[]

/** A block that breaks the rules. */
export function isForged(block: string): boolean {
  return block.endsWith('-forged')
}

/** A block whose bodies its proposer never hands out. */
export function isWithheld(block: string): boolean {
  return block.endsWith('-withheld')
}

export function heightOf(message: Message): number {
  return message.type === 'vote' ? message.vote.height : message.proposal.height
}

/**
 * Voters that contradict themselves: votes for anything in any near round, and as proposers several blocks, some
 * forged or withheld, some with a validRound that nobody prevoted but the liars.
 */
export function makeLiar(random: () => number, liars: readonly string[]): Liar {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!

  return (id, heard, order) => {
    if (random() < 0.5) return []
    const { height, round, block } = heard.type === 'vote' ? heard.vote : heard.proposal
    const at = round + pick([0, 0, 0, 0, 1, 2])
    const own = `${height}-${id}-${at}`
    const kind = pick(['prevote', 'precommit'] as const)
    const vote = {
      block: pick([null, block, block, own, `${own}-other`]),
      height,
      incarnation: 0,
      kind,
      round: at,
      voter: id
    }
    const lies: Message[] = [{ type: 'vote', vote: sign(vote) }]
    if (order[at % order.length] === id) lies.push(falseProposal(id, height, at))
    return lies
  }

  function falseProposal(proposer: string, height: number, round: number): Message {
    const block = `${height}-${proposer}-${round}${pick(['', '-other', '-withheld', '-forged'])}`
    const validRound = random() < 0.3 ? Math.floor(random() * (round + 1)) - 1 : -1
    const proposal: Proposal = { block, height, incarnation: 0, proposer, round, validRound }
    const prevote = { block, height, incarnation: 0, kind: 'prevote', round: validRound } as const
    const prevotes = validRound < 0 ? [] : liars.map((voter) => sign({ ...prevote, voter }))
    const signature = `${proposer}:proposal:${round}:${block}:${validRound}`
    return { type: 'proposal', proposal: { ...proposal, signature }, prevotes }
  }
}

function sign(vote: Vote): SignedVote {
  return { ...vote, signature: `${vote.voter}:${vote.kind}:${vote.round}:${vote.block}` }
}
