/**
 * What goes into the consensus machine and what comes out of it. Line numbers (L22 ...) are those of Algorithm 1 in
 * "The latest gossip on BFT consensus" (arXiv 1807.04938). The machine sees block hashes only: header, bodies, keys,
 * clock, disk and sockets belong to the interpreter of its effects.
 */
import type { Certificate } from '../ledger/certificate.js'
import type { ProposalBody, VoteBody } from '../ledger/vote.js'
import type { TimeoutKind, TimeoutSettings } from './timeouts.js'

/** A partner whose votes count at a height. Votes of another incarnation of it are ignored. */
export interface Voter {
  readonly id: string
  readonly incarnation: number
}

/** What a voter signs; `block` is a hash in hex, or null for nil. */
export type Vote = VoteBody

/** What a proposer signs; `validRound` is -1 for a fresh proposal. */
export type Proposal = ProposalBody

export interface SignedVote extends Vote {
  readonly signature: string
}

export interface SignedProposal extends Proposal {
  readonly signature: string
}

/**
 * Begins a height, whatever the machine did before. Everything in it follows from committed chain data, except `self`,
 * `round` and `timeouts`, so a restart finds it again without a log.
 */
export interface StartHeight {
  readonly type: 'start-height'
  readonly height: number
  /**
   * First round that this voter takes part in, which every start of this height repeats: 0, unless its memory of the rounds
   * before is lost. What it signed in those comes back from others, and counts like anybody's.
   */
  readonly round: number
  readonly epoch: number
  readonly voters: readonly Voter[]
  /** Own partner id; null, or the id of somebody who does not vote, makes an observer: it follows, and never signs. */
  readonly self: string | null
  /** The proposer of round r is `order[r % order.length]`; a permutation of the voters' ids, see ledger/proposer-order.ts. */
  readonly order: readonly string[]
  /** How many votes decide (Q), and how many voters may be missing (f = n - Q); see quorum.ts. */
  readonly quorum: number
  readonly faults: number
  readonly timeouts: TimeoutSettings
}

/**
 * What the interpreter found about a block:
 * - `valid`: header and every body are here, durable, executed, and the result is the header's
 * - `invalid`: the content breaks the rules of the chain, whichever round proposes it
 * - `unfit`: the content is valid, but it must not be the fresh proposal of the round asked about: its time is not
 *   timely, or its origin round or proposer is another's. Prevoted nil at L22, yet a quorum for it counts (L28, L36, L49)
 * - `unavailable`: header or bodies are missing. Nothing is signed for it; the interpreter keeps pulling and answers
 *   again once it knows more
 */
export type CheckResult =
  | { readonly type: 'valid' }
  | { readonly type: 'invalid'; readonly reason: string }
  | { readonly type: 'unfit'; readonly reason: string }
  | { readonly type: 'unavailable' }

/** There is something to put into a block: an idle height becomes active, a proposer that had nothing asks again. */
export interface WorkAvailable {
  readonly type: 'work-available'
  readonly height: number
}

/** Answer to `build-block`. The block is durable, and `check-block` will find it valid. */
export interface BlockBuilt {
  readonly type: 'block-built'
  readonly height: number
  readonly round: number
  readonly block: string
}

/** Answer to `build-block` when there is nothing to put into a block. */
export interface NothingToPropose {
  readonly type: 'nothing-to-propose'
  readonly height: number
  readonly round: number
}

/**
 * A proposal whose signature, and those of the prevotes that travel with it, the interpreter has verified. A
 * re-proposal (validRound >= 0) carries the quorum of prevotes of its validRound. Own proposals come back this way.
 */
export interface ProposalReceived {
  readonly type: 'proposal'
  readonly proposal: SignedProposal
  readonly prevotes: readonly SignedVote[]
}

/** Answer to `check-block` and `fetch-block`, with the round they named. May come again after `unavailable`. */
export interface BlockChecked {
  readonly type: 'block-checked'
  readonly height: number
  readonly round: number
  readonly block: string
  readonly result: CheckResult
}

/** A vote whose signature the interpreter has verified. Own votes come back this way. */
export interface VoteReceived {
  readonly type: 'vote'
  readonly vote: SignedVote
}

/** A certificate whose signatures the interpreter has verified. Decides for any round (L49), votes seen or not. */
export interface CertificateReceived {
  readonly type: 'certificate'
  readonly certificate: Certificate
}

/** A timer of `schedule-timeout` ran out. */
export interface TimeoutFired {
  readonly type: 'timeout'
  readonly kind: TimeoutKind
  readonly height: number
  readonly round: number
}

/** There was no progress for a while: send the own messages again, ask again for what is missing. Changes nothing. */
export interface Resend {
  readonly type: 'resend'
}

/** Everything that can change the state within a height. An entry of the log is such an input, see log.ts. */
export type LogEntry =
  | WorkAvailable
  | BlockBuilt
  | NothingToPropose
  | ProposalReceived
  | BlockChecked
  | VoteReceived
  | CertificateReceived
  | TimeoutFired

export type Input = StartHeight | LogEntry | Resend

/** Two messages of one voter that no honest voter signs both. Each pair is reported once. */
export type Evidence =
  | { readonly type: 'votes'; readonly voter: string; readonly first: SignedVote; readonly second: SignedVote }
  | {
      readonly type: 'proposals'
      readonly voter: string
      readonly first: SignedProposal
      readonly second: SignedProposal
    }

/** Any signed message of a height, as it is sent, sent again and served to partners who lack it. */
export type Message =
  | { readonly type: 'vote'; readonly vote: SignedVote }
  | { readonly type: 'proposal'; readonly proposal: SignedProposal; readonly prevotes: readonly SignedVote[] }

/**
 * Why the machine signs nothing more at this height:
 * - `diverged`: a quorum committed a block that is invalid by this node's own computation
 * - `own-key-elsewhere`: a message with the own signature turned up that this node does not know of
 */
export type StopCause =
  | { readonly type: 'diverged'; readonly certificate: Certificate; readonly reason: string }
  | { readonly type: 'own-key-elsewhere'; readonly message: Message }

/** Append the entry to the log. Comes first among the effects of an input, as it covers all others of them. */
export interface PersistEffect {
  readonly type: 'persist'
  readonly entry: LogEntry
}

/**
 * Sync the log, pass the sign guard (which syncs the signature), sign, and feed the result back as `vote` input. Only
 * one signature is asked for at a time: the next `sign-...` comes after the former has been fed back. So after a crash
 * nothing unsigned is older than what the guard signed last. `reason` says why the vote is nil, and stays unsigned.
 */
export interface SignVoteEffect {
  readonly type: 'sign-vote'
  readonly vote: Vote
  readonly reason: string | null
}

/** As `sign-vote`; fed back as `proposal` input (its prevotes may be left empty there, the machine has them). */
export interface SignProposalEffect {
  readonly type: 'sign-proposal'
  readonly proposal: Proposal
}

/** Send an own vote to all. What led to it, and its signature, were synced before it was signed. */
export interface PublishVoteEffect {
  readonly type: 'publish-vote'
  readonly vote: SignedVote
  readonly reason: string | null
}

/** Send an own proposal, together with the prevotes that a re-proposal needs, to all. */
export interface PublishProposalEffect {
  readonly type: 'publish-proposal'
  readonly proposal: SignedProposal
  readonly prevotes: readonly SignedVote[]
}

/** Build a block for this round (its origin round); answer `block-built` or `nothing-to-propose`. */
export interface BuildBlockEffect {
  readonly type: 'build-block'
  readonly height: number
  readonly round: number
}

/** Check a proposed block; answer `block-checked`. When parts are missing, say `unavailable` and pull them. */
export interface CheckBlockEffect {
  readonly type: 'check-block'
  readonly height: number
  readonly round: number
  readonly block: string
  readonly proposer: string
  /** -1: a fresh proposal, whose time must be timely and whose origin round must be `round`. */
  readonly validRound: number
}

/** A quorum stands behind this block: pull it, above all from `holders` (who voted for it), check, `block-checked`. */
export interface FetchBlockEffect {
  readonly type: 'fetch-block'
  readonly height: number
  readonly round: number
  readonly block: string
  readonly holders: readonly string[]
}

/** Start a monotonic timer; when it runs out, give `timeout` with the same kind, height and round. Never cancelled. */
export interface ScheduleTimeoutEffect {
  readonly type: 'schedule-timeout'
  readonly kind: TimeoutKind
  readonly height: number
  readonly round: number
  readonly ms: number
}

/** The height is decided: commit the block, after which its log can go. The machine waits for `start-height`. */
export interface DecideEffect {
  readonly type: 'decide'
  readonly certificate: Certificate
}

export interface EvidenceEffect {
  readonly type: 'evidence'
  readonly evidence: Evidence
}

/** Send these own messages once more. */
export interface ResendEffect {
  readonly type: 'resend'
  readonly messages: readonly Message[]
}

/** Sign and serve nothing more, tell the operator. */
export interface StopEffect {
  readonly type: 'stop'
  readonly cause: StopCause
}

/** To be carried out in order. */
export type Effect =
  | PersistEffect
  | SignVoteEffect
  | SignProposalEffect
  | PublishVoteEffect
  | PublishProposalEffect
  | BuildBlockEffect
  | CheckBlockEffect
  | FetchBlockEffect
  | ScheduleTimeoutEffect
  | DecideEffect
  | EvidenceEffect
  | ResendEffect
  | StopEffect
