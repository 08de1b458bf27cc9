import { evidenceData } from '../../src/ledger/evidence.js'
import { partnerOf } from '../../src/ledger/partner-set.js'
import type { Evidence } from '../../src/ledger/system-record.js'
import { type VoteBody, voteBytes } from '../../src/ledger/vote.js'
import { systemRecord } from '../../src/node/duties.js'
import type { PeerMessage, PullResponse } from '../../src/node/peers.js'
import type { Lying } from './liar.js'

type SignedVote = VoteBody & { readonly signature: string }

/** How often it accuses somebody when it tells of itself, and how often in all: evidence costs everybody work. */
const SHARE = 0.1
const ACCUSATIONS_MAX = 20

/** Votes of others that it remembers. */
const VOTES_MAX = 50

/** What proves nothing; each is right but for what it is named after. */
const FALSE = [
  'the second is signed by the liar',
  'the first is signed by the liar',
  'both are signed by the liar',
  'one vote twice',
  'two rounds',
  'a batch that nobody signed'
] as const

/** Evidence against honest partners, made from what they did sign. */
export function createFalseEvidence({ id, ways, random, scope, sign, replica }: Lying) {
  const votes: SignedVote[] = []
  let accusations = 0

  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]

  function forged({ signature: _, ...vote }: SignedVote, block: string | null): SignedVote {
    const body = { ...vote, block }
    return { ...body, signature: sign(voteBytes(scope, body)) }
  }

  function falseEvidence(vote: SignedVote): Evidence | null {
    // Both must differ, or what is wrong with it is something else.
    const other = forged(vote, vote.block === null ? scope.genesis : null)
    switch (pick(FALSE)) {
      case 'the second is signed by the liar':
        return { kind: 'vote', first: vote, second: other }
      case 'the first is signed by the liar':
        return { kind: 'vote', first: other, second: vote }
      case 'both are signed by the liar':
        return { kind: 'vote', first: forged(vote, vote.block), second: other }
      case 'one vote twice':
        return { kind: 'vote', first: vote, second: vote }
      case 'two rounds': {
        const later = votes.find(({ voter, height, round }) => {
          return voter === vote.voter && height === vote.height && round !== vote.round
        })
        return later === undefined ? null : { kind: 'vote', first: vote, second: later }
      }
      default: {
        const { voter: author, incarnation, signature } = vote
        const header = { author, bytes: 2, count: 1, incarnation, root: scope.genesis, sequence: 0, signature }
        return { kind: 'batch', first: header, second: { ...header, root: 'ab'.repeat(32) } }
      }
    }
  }

  return {
    heard(message: PeerMessage | PullResponse): void {
      if (!ways.has('false evidence') || message.type !== 'vote' || message.vote.voter === id) return
      if (votes.length < VOTES_MAX) votes.push(message.vote)
      else votes[Math.floor(random() * VOTES_MAX)] = message.vote
    },
    accuse(): void {
      const running = replica()
      if (!ways.has('false evidence') || running === null || accusations >= ACCUSATIONS_MAX || random() >= SHARE) return
      const { chain, own, rejoining } = running
      const vote = pick(votes)
      const evidence = vote === undefined ? null : falseEvidence(vote)
      const mayWrite = !rejoining && partnerOf(chain.rulebook.partners, id)?.state === 'active' && own.hasRoom()
      if (evidence === null || !mayWrite) return
      accusations++
      running.appendSystem(systemRecord(chain, '_evidence', evidenceData(evidence))).catch(() => {})
    }
  }
}
