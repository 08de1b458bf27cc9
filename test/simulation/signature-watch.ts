import type { PeerMessage, PullResponse } from '../../src/node/peers.js'

/**
 * Sees every message that leaves an honest node, and complains when somebody signs two things for one place, or votes at
 * a height that it is known to have fetched whole instead of deciding it.
 */
export function createSignatureWatch(liars: ReadonlySet<string>, complain: (why: string) => void) {
  const seen = new Map<string, string>()

  function see(place: string, content: string): void {
    const before = seen.get(place)
    if (before === undefined) seen.set(place, content)
    else if (before !== content) complain(`${place}: ${before} and ${content}`)
  }

  function seeBatch({ author, incarnation, sequence, hash }: Batch): void {
    if (!liars.has(author)) see(`batch ${author}/${incarnation}/${sequence}`, hash)
  }

  function sent(message: PeerMessage | PullResponse): void {
    switch (message.type) {
      case 'vote': {
        const { voter, incarnation, height, round, kind, block } = message.vote
        if (!liars.has(voter)) see(`${kind} of ${voter}/${incarnation} at h${height} r${round}`, block ?? 'nil')
        return
      }
      case 'proposal': {
        if (!('proposal' in message)) return
        const { proposer, incarnation, height, round, validRound, block } = message.proposal
        if (liars.has(proposer)) return
        see(`proposal of ${proposer}/${incarnation} at h${height} r${round}`, `${block} ${validRound}`)
        return
      }
      case 'batch':
        return seeBatch(message)
      case 'status':
        for (const batch of message.batches) seeBatch(batch)
        return
      case 'messages':
        for (const each of message.messages) sent(each)
    }
  }

  return { sent }
}

interface Batch {
  readonly author: string
  readonly incarnation: number
  readonly sequence: number
  readonly hash: string
}
