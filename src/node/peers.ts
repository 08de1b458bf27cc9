import type { SignedProposal, SignedVote } from '../consensus/types.js'
import type { BatchHeader } from '../ledger/batch.js'

/**
 * What partners' nodes say to each other, and the face of whatever carries it: libp2p in a node, a virtual network in
 * the simulator. Nothing here is trusted: messages arrive in the right shape, and everything in them is still to be checked.
 */

/** A proposal with the block it is for: header text and batch hashes; the bodies travel ahead, or are pulled. */
export interface ProposalMessage {
  readonly type: 'proposal'
  readonly proposal: SignedProposal
  readonly header: string
  readonly batches: readonly string[]
  /** The quorum of prevotes of validRound, for a re-proposal. */
  readonly prevotes: readonly SignedVote[]
}

export interface VoteMessage {
  readonly type: 'vote'
  readonly vote: SignedVote
  /** Why the vote is nil; unsigned. */
  readonly reason: string | null
}

/** A batch that the sender holds durably. Small ones come along by gossip; others are pulled from whoever announced. */
export interface BatchMessage {
  readonly type: 'batch'
  readonly hash: string
  readonly author: string
  readonly incarnation: number
  readonly sequence: number
}

/** Where the sender is: sent on connecting, after each commit, and now and then while nothing moves. */
export interface StatusMessage {
  readonly type: 'status'
  /** Height of the newest committed block. */
  readonly height: number
  /** Round of the height being decided. */
  readonly round: number
  /** For each round with votes: voters whose prevotes and precommits the sender has. */
  readonly votes: readonly {
    readonly round: number
    readonly prevotes: readonly string[]
    readonly precommits: readonly string[]
  }[]
  /** Batches durably held that no block has: author, incarnation, sequence, hash. At most 64. */
  readonly batches: readonly Omit<BatchMessage, 'type'>[]
  /** Partners that the sender can send to. A build that does not know of this neither tells nor takes it. */
  readonly connected?: readonly string[]
}

/** Sent by whoever; lost without a word; small. */
export type PeerMessage = ProposalMessage | VoteMessage | BatchMessage | StatusMessage

/** Asked of one partner; answered or failed. */
export type PullRequest =
  | { readonly type: 'blocks'; readonly from: number; readonly bytesMax: number }
  | { readonly type: 'batches'; readonly hashes: readonly string[] }
  /** Signed messages of the height being decided that the asker lacks: rounds and voters it has are named. */
  | { readonly type: 'messages'; readonly height: number; readonly have: StatusMessage['votes'] }
  /** The proposal's content for a block hash at the height being decided. */
  | { readonly type: 'proposal'; readonly height: number; readonly block: string }
  | KnownRequest
  /** Recoveries that begin later epochs than this one. */
  | { readonly type: 'recoveries'; readonly after: number }
  /** Wrap this rejoin in a batch of yours. */
  | {
      readonly type: 'rejoin'
      readonly partner: string
      readonly incarnation: number
      readonly nonce: string
      readonly signature: string
    }

/** A committed block as it travels: exact texts, bodies of its batches in order. */
export interface BlockBundle {
  readonly header: string
  readonly certificate: string
  readonly batches: readonly string[]
}

export type PullResponse =
  | { readonly type: 'blocks'; readonly blocks: readonly BlockBundle[] }
  /** Batches in stored form; those the partner lacks are left out. */
  | { readonly type: 'batches'; readonly batches: readonly string[] }
  | { readonly type: 'messages'; readonly messages: readonly (ProposalMessage | VoteMessage)[] }
  | {
      readonly type: 'proposal'
      readonly block: { readonly header: string; readonly batches: readonly string[] } | null
    }
  | KnownAnswer
  /** Texts of recoveries, oldest first; the first few when there are many. */
  | { readonly type: 'recoveries'; readonly recoveries: readonly string[] }
  | { readonly type: 'rejoin'; readonly accepted: boolean; readonly why: string }

/**
 * What do you know of me that no block tells? Asked at every start, before anything is signed. A partner that the asker is
 * not connected with is asked through another.
 */
export interface KnownRequest {
  readonly type: 'known'
  /** Who wants to know. */
  readonly asker: string
  /** Whose answer is wanted. */
  readonly of: string
  /** 64 hex digits of this one question. */
  readonly nonce: string
}

/** What a partner knows of the asker, and where it stands itself. */
export interface KnownAnswer {
  readonly type: 'known'
  /** By whom it was asked of, over question and answer. */
  readonly signature: string
  /** Height of the newest committed block. */
  readonly height: number
  /** Round of the height being decided, the latest that it has signed in at least. */
  readonly round: number
  /**
   * First round of the height being decided from which on it knows all that it signed there: 0 for everything, another one
   * when it began anew. Null: it cannot tell.
   */
  readonly since: number | null
  /** The asker's signed messages of later heights than `height`, the newest ones at least. */
  readonly messages: readonly KnownMessage[]
  /** The asker's newest batch that no block has. */
  readonly batch: (BatchHeader & { readonly signature: string }) | null
}

/** A signed message without what travels with it. */
export type KnownMessage =
  | { readonly type: 'vote'; readonly vote: SignedVote }
  | { readonly type: 'proposal'; readonly proposal: SignedProposal }

/**
 * What becomes of a batch body that somebody sent. `accept`: it is what it says and is wanted here. `ignore`: it is not
 * wanted here, or nobody can tell yet whose it is. `reject`: no honest node, which looks at it as this one does, sends it.
 */
export type GossipVerdict = 'accept' | 'ignore' | 'reject'

/** What a node does with what comes in. */
export interface PeerHandlers {
  /** From a connected partner; its id is proven, everything in the message is not. */
  onMessage(from: string, message: PeerMessage): void
  /** A batch body that came by gossip, in stored form. What is not accepted is not passed on. */
  onBatchText(text: string): GossipVerdict
  onRequest(from: string, request: PullRequest): Promise<PullResponse>
  /** A partner is connected now, or no longer. */
  onPeer(partner: string, connected: boolean): void
}

/** The way to the other partners' nodes. */
export interface Peers {
  /** Ids of the partners connected now, own excluded. */
  connected(): readonly string[]
  /** To one partner, if connected; queued within bounds, the oldest dropped. */
  send(partner: string, message: PeerMessage): void
  /** To all connected partners. */
  broadcast(message: PeerMessage): void
  /** It did what no honest partner does, such as passing on a forged signature; repeated, it is hung up on for a while. */
  blame?(partner: string, why: string): void
  /** Spreads a batch body of at most GOSSIP_BYTES_MAX to everybody, directly or through others. */
  gossipBatch(text: string): void
  /**
   * Asks one partner. Rejects with LedgerError: NODE_UNREACHABLE when not connected or without an answer in time,
   * TOO_LARGE or MALFORMED for a bad answer, the partner's own code when it refuses.
   */
  request<R extends PullRequest>(
    partner: string,
    request: R,
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number }
  ): Promise<Extract<PullResponse, { type: R['type'] }>>
}

/** Bodies up to here travel by gossip; larger ones are announced and pulled. */
export const GOSSIP_BYTES_MAX = 64 * 1024

/** Recoveries in one answer. */
export const RECOVERIES_ANSWERED_MAX = 8

/** Own messages that one {@link KnownAnswer} shows at most. */
export const KNOWN_MESSAGES_MAX = 64

/** Largest answer to a request. */
export const RESPONSE_BYTES_MAX = 8 * 1024 * 1024
