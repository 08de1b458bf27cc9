import type { SignedProposal, SignedVote } from '../../src/consensus/types.js'
import type { PeerMessage, PullResponse } from '../../src/node/peers.js'
import type { VirtualPartner } from './virtual-partner.js'

/** Milliseconds that a node has, after the second message, until the height may be over: its disk may be slow. */
const NOTICE_MS = 1_500

/** Two messages of a liar that one honest node was given, which no honest partner signs both. */
interface Seen {
  readonly by: VirtualPartner
  readonly life: number
  readonly height: number
  /** As evidence names it. */
  readonly place: string
  readonly atMs: number
}

/** Remembers which lies honest nodes were shown while they could tell: each has to be written down in the end. */
export function createContradictionWatch(liars: ReadonlySet<string>, nowMs: () => number) {
  const first = new Map<string, string>()
  let seen: Seen[] = []

  function show(
    to: VirtualPartner,
    { height, round }: { height: number; round: number },
    place: string,
    said: string
  ): void {
    const { replica } = to
    if (replica === null || replica.syncing || replica.rejoining || to.content.blocks.length + 1 !== height) return
    // Of rounds far ahead nothing is kept.
    if (round > replica.round + 8) return
    const name = `${to.id} ${to.life} ${place}`
    const before = first.get(name)
    if (before === undefined) first.set(name, said)
    else if (before !== said) seen.push({ by: to, life: to.life, height, place, atMs: nowMs() })
  }

  function showVote(to: VirtualPartner, vote: SignedVote): void {
    const { voter, incarnation, height, round, kind, block } = vote
    if (liars.has(voter)) show(to, vote, `${voter}/${incarnation}/${height}/${round}/${kind}`, `${block}`)
  }

  function showProposal(to: VirtualPartner, proposal: SignedProposal): void {
    const { proposer, incarnation, height, round, block, validRound } = proposal
    if (liars.has(proposer))
      show(to, proposal, `${proposer}/${incarnation}/${height}/${round}/proposal`, `${block} ${validRound}`)
  }

  function arrived(to: VirtualPartner, message: PeerMessage | PullResponse): void {
    if (liars.size === 0 || liars.has(to.id)) return
    if (message.type === 'vote') showVote(to, message.vote)
    else if (message.type === 'proposal' && 'proposal' in message) showProposal(to, message.proposal)
    else if (message.type === 'messages') for (const each of message.messages) arrived(to, each)
  }

  return {
    arrived,
    /** What was shown just before a height is over may have come too late. */
    committed(by: VirtualPartner, height: number): void {
      seen = seen.filter((each) => each.by !== by || each.height !== height || each.atMs < nowMs() - NOTICE_MS)
    },
    /** Places of lies that somebody has seen who has been there ever since. */
    places: (): ReadonlySet<string> =>
      new Set(
        seen
          .filter(({ by, life, height }) => by.life === life && by.content.blocks.length >= height)
          .map(({ place }) => place)
      )
  }
}
