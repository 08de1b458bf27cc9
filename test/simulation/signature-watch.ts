import type { PeerMessage, PullResponse } from '../../src/node/peers.js'

/** Sees every message that leaves a node, and complains when somebody signs two things for one place. */
export function createSignatureWatch(liars: ReadonlySet<string>, complain: (why: string) => void) {
  const forgotten = new Set<string>()
  const seen = new Map<string, string>()

  function see(place: string, content: string): void {
    const before = seen.get(place)
    if (before === undefined) seen.set(place, content)
    else if (before !== content) complain(`${place}: ${before} and ${content}`)
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
        if (!liars.has(proposer))
          see(`proposal of ${proposer}/${incarnation} at h${height} r${round}`, `${block} ${validRound}`)
        return
      }
      case 'batch':
        if (!forgotten.has(message.author) && !liars.has(message.author))
          see(`batch ${message.author}/${message.sequence}`, message.hash)
        return
      case 'status':
        for (const batch of message.batches) sent({ type: 'batch', ...batch })
        return
      case 'messages':
        for (const each of message.messages) sent(each)
        return
      case 'blocks':
      case 'batches':
      case 'rejoin':
    }
  }

  return {
    sent,
    /** A new incarnation of an author may use its sequences again. */
    forget(author: string): void {
      forgotten.add(author)
    }
  }
}
