import { verifySignature } from '../base/crypto.js'
import type { Scope } from '../base/tagged.js'
import { authorOf } from '../consensus/progress.js'
import { type ConsensusState, isKeptRound, proposerOf, roundOf, tallyOf } from '../consensus/state.js'
import type { Input, SignedProposal, SignedVote } from '../consensus/types.js'
import { partnerOf } from '../ledger/partner-set.js'
import { proposalBytes, voteBytes } from '../ledger/vote.js'
import type { ProposedBlock } from './block-content.js'
import type { Chain } from './chain.js'
import type { PeerMessage, ProposalMessage, VoteMessage } from './peers.js'

/** Messages of the next height kept for each partner while this one is still being decided here. */
const EARLY_MAX = 64

/** Proposals among them: each may be large. */
const EARLY_PROPOSALS_MAX = 4

type ConsensusMessage = ProposalMessage | VoteMessage

export interface InboundDependencies {
  readonly chain: Chain
  readonly driver: {
    feed(input: Input): void
    learn(hash: string, block: ProposedBlock): void
    readonly state: ConsensusState
  }
  /** A genuine vote that was not here, or a genuine proposal, of the height under way; and who brought it. */
  readonly onGenuine: (from: string, message: ConsensusMessage) => void
  /** A voter tells itself why its prevote at the height under way is nil. */
  readonly onObjection: (voter: string, round: number, reason: string) => void
  /** A partner sent a signature that does not hold; nobody passes on what he has not verified. */
  readonly onForged: (partner: string) => void
  /** A partner takes part in a height that is not reached here: it must have committed those before. */
  readonly onAhead: (partner: string, committed: number) => void
  /** A partner sent what is genuine in the next epoch. */
  readonly onForeignEpoch: (partner: string) => void
}

/** Votes and proposals of others: signatures are checked here, once, before the consensus machine hears of them. */
export function createInbound(dependencies: InboundDependencies) {
  const { chain, driver, onGenuine, onObjection, onForged, onAhead, onForeignEpoch } = dependencies
  const early = new Map<string, ConsensusMessage[]>()

  const heightOf = (message: ConsensusMessage): number =>
    message.type === 'vote' ? message.vote.height : message.proposal.height

  function isVote(vote: SignedVote): boolean {
    const { scope, partners } = chain.rulebook
    const voter = partnerOf(partners, vote.voter)
    if (voter === undefined || voter.incarnation !== vote.incarnation) return false
    return verifySignature(voter.key, voteBytes(scope, vote), vote.signature)
  }

  function isProposal(proposal: SignedProposal): boolean {
    const { scope, partners } = chain.rulebook
    const proposer = partnerOf(partners, proposal.proposer)
    if (proposer === undefined || proposer.incarnation !== proposal.incarnation) return false
    return verifySignature(proposer.key, proposalBytes(scope, proposal), proposal.signature)
  }

  /** Whether it bears the signature of its author, with the key that is in force or the next one. */
  function isByAuthor(message: ConsensusMessage): boolean {
    const { scope, partners, nextPartners } = chain.rulebook
    const { type } = message
    const bytes = type === 'vote' ? voteBytes(scope, message.vote) : proposalBytes(scope, message.proposal)
    const { signature } = type === 'vote' ? message.vote : message.proposal
    const keys = new Set([partners, nextPartners].map((set) => partnerOf(set, authorOf(message))?.key))
    return [...keys].some((key) => key !== undefined && verifySignature(key, bytes, signature))
  }

  /** Whether a vote is counted already, so that its signature need not be verified again. */
  function isKnown({ height, round, kind, voter, block, signature }: SignedVote): boolean {
    if (driver.state.start.height !== height) return false
    const known = tallyOf(driver.state, round, kind).votes.get(voter)
    return known !== undefined && known.block === block && known.signature === signature
  }

  /** Of whose turn it is, and at most two of a round: only these can matter, so only these are kept with their blocks. */
  function isInTurn({ height, round, proposer, block }: SignedProposal): boolean {
    const { state } = driver
    // Between two heights the machine does not know yet whose turn it is; a proposal is sent again.
    if (state.start.height !== height || !isKeptRound(state, round)) return false
    const { proposals } = roundOf(state, round)
    const known = proposals.length < 2 || proposals.some(({ proposal }) => proposal.block === block)
    return known && proposerOf(state, round) === proposer
  }

  /** The prevotes that can count for a re-proposal, one of each voter. */
  function prevotesOf({ proposal, prevotes }: ProposalMessage): SignedVote[] {
    const found = new Map<string, SignedVote>()
    for (const vote of prevotes) {
      const { height, kind, round, voter, block } = vote
      const fits = height === proposal.height && kind === 'prevote' && round === proposal.validRound
      if (!fits || block !== proposal.block || found.has(voter)) continue
      if (isKnown(vote) || isVote(vote)) found.set(voter, vote)
    }
    return [...found.values()]
  }

  /**
   * Of rounds too far ahead to be kept only the voter's highest is noted, and in leaps: otherwise a liar could make the
   * log longer with each of two thousand million rounds.
   */
  function isLeap({ height, round, voter }: SignedVote): boolean {
    const { state } = driver
    if (state.start.height !== height || isKeptRound(state, round)) return true
    return round >= 2 * (state.highest.get(voter) ?? 0)
  }

  /** Whether it is known here which key must have signed. */
  function isOfNow(id: string, incarnation: number): boolean {
    return partnerOf(chain.rulebook.partners, id)?.incarnation === incarnation
  }

  /** A signature of the epoch before, or the one after, is no forgery: recoveries reach partners one after the other. */
  function wrongly(from: string, id: string, signature: string, bytesIn: (scope: Scope) => string): void {
    const { scope, partners } = chain.rulebook
    const key = partnerOf(partners, id)?.key ?? ''
    const isOf = (epoch: number): boolean => verifySignature(key, bytesIn({ ...scope, epoch }), signature)
    if (isOf(scope.epoch + 1)) onForeignEpoch(from)
    else if (scope.epoch === 0 || !isOf(scope.epoch - 1)) onForged(from)
  }

  function takeVote(from: string, { vote, reason }: VoteMessage): void {
    const known = isKnown(vote)
    if (!known && !isLeap(vote)) return
    if (!known && !isVote(vote)) {
      if (isOfNow(vote.voter, vote.incarnation)) {
        wrongly(from, vote.voter, vote.signature, (scope) => voteBytes(scope, vote))
      }
      return
    }
    if (!known) {
      driver.feed({ type: 'vote', vote })
      onGenuine(from, { type: 'vote', vote, reason: null })
    }
    // A reason is not signed: only a voter's own connection proves it.
    if (reason !== null && from === vote.voter && vote.kind === 'prevote' && vote.block === null) {
      onObjection(vote.voter, vote.round, reason)
    }
  }

  function take(from: string, message: ConsensusMessage): void {
    if (message.type === 'vote') {
      takeVote(from, message)
      return
    }
    const { proposal, header, batches } = message
    if (!isInTurn(proposal)) return
    if (!isProposal(proposal)) {
      if (isOfNow(proposal.proposer, proposal.incarnation)) {
        wrongly(from, proposal.proposer, proposal.signature, (scope) => proposalBytes(scope, proposal))
      }
      return
    }
    const prevotes = prevotesOf(message)
    driver.learn(proposal.block, { header, batches })
    driver.feed({ type: 'proposal', proposal, prevotes })
    onGenuine(from, { ...message, prevotes })
  }

  return {
    /** From a connected partner; whose message it is, its signature says. */
    take(from: string, message: Extract<PeerMessage, ConsensusMessage>): void {
      const height = chain.tip.height + 1
      const at = heightOf(message)
      if (at < height) return
      if (at === height) {
        take(from, message)
        return
      }
      onAhead(from, at - 1)
      if (at > height + 1) return
      const kept = early.get(from) ?? []
      early.set(from, kept)
      const proposals = kept.filter(({ type }) => type === 'proposal').length
      const fits = message.type === 'vote' || proposals < EARLY_PROPOSALS_MAX
      if (kept.length < EARLY_MAX && fits) kept.push(message)
    },
    /** The height has been committed: what came early is due. */
    committed(): void {
      const due = [...early]
      early.clear()
      const height = chain.tip.height + 1
      for (const [from, messages] of due) {
        for (const message of messages) if (heightOf(message) === height) take(from, message)
      }
    },
    /** How much of it is kept. */
    early: (): number => [...early.values()].reduce((sum, kept) => sum + kept.length, 0),
    /** What came early of an author, as its signature says: anybody may have brought it. */
    earlyOf: (author: string): ConsensusMessage[] =>
      [...early.values()].flat().filter((message) => authorOf(message) === author && isByAuthor(message)),
    gone(partner: string): void {
      early.delete(partner)
    }
  }
}
