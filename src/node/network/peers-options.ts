import type { MembershipStep, RecoveryStep } from '../../ledger/membership-proof.js'
import type { PartnerSet } from '../../ledger/partner-set.js'
import type { Recovery } from '../../ledger/recovery.js'
import type { Logger } from '../log.js'
import type { PeerHandlers, Peers } from '../peers.js'
import type { ArrivingAttachment, ServeAttachment, WantedAttachment } from './attachment-protocol.js'
import type { GossipOptions } from './gossip.js'
import type { JoinAnswer, JoinRequest, PeerAddress } from './join-messages.js'
import type { MisconductSeen } from './misconduct-record.js'

/** Who is who, as the node knows it now. Asked often: answers must be quick. */
export interface PeerDirectory {
  /**
   * Partner id of a connected key: partners in force or decided, and bootstrap partners while joining; null: a stranger.
   */
  partnerOf(key: string): string | null
  /** Whom to keep connected, with the multiaddrs known of each. The own entry may be among them. */
  wanted(): readonly PeerAddress[]
  /** Whether a stranger's key was a partner's once: then it is shown why it is none any more. @default false */
  wasPartner?(key: string): boolean
  /** Whether the others know where this node is: if not, it never waits for them to dial. @default true */
  isReachable?(): boolean
}

/** What a node that was away needs to learn of the partners that came meanwhile (design: consensus, point 16). */
export interface MembershipKnowledge {
  /** Newest committed height, and the set in force at the height after it. */
  current(): { readonly height: number; readonly set: PartnerSet }
  /** Epoch of the next block. @default 0 */
  epoch?(): number
  /**
   * Changes of the set decided after this height, oldest first; a beginning of them when there are many. To whoever is in
   * an epoch that ended at or below its height only the recovery that ended it.
   */
  stepsAfter(height: number, epoch: number): Promise<readonly (MembershipStep | RecoveryStep)[]>
  /** These are partners at a later height, as a quorum of those known here signed: pull from them. */
  learned(set: PartnerSet, height: number): void
  /**
   * Somebody tells of recoveries.
   * @param isProven whether they were followed from the set known here, to heights that are not
   */
  recovered?(recoveries: readonly Recovery[], isProven: boolean): void
}

export interface PeersOptions {
  /** The partner's private key: 32 bytes. */
  readonly seed: Uint8Array
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  /** Genesis hash: part of every protocol's name and of the topic, so networks never mix. */
  readonly genesis: string
  /** Own partner id. */
  readonly self: string
  readonly directory: PeerDirectory
  readonly handlers: PeerHandlers
  /** Decides on a request to join. The key that it names is proven to be the caller's. */
  readonly join: (request: JoinRequest, from: string) => Promise<JoinAnswer>
  /** Without it the membership protocol is not offered. */
  readonly membership?: MembershipKnowledge
  /** Gives files to partners. Without it their protocol is not offered. */
  readonly serveAttachment?: ServeAttachment
  readonly log: Logger
  /** Stops the start. */
  readonly signal?: AbortSignal
  /** Whether batch bodies travel by gossip. @default true */
  readonly gossip?: boolean
  /** Settings of gossip other than the usual, for measurements. */
  readonly mesh?: NonNullable<GossipOptions['mesh']>
  /** Keys never to be connected with, as if a firewall stood between; for tests. */
  readonly forbidden?: (key: string) => boolean
}

/** Counts since the start, for status and tests. */
export interface PeersCounts {
  /** Messages that were not sent because a queue was full. */
  readonly dropped: number
  /** Messages, requests and gossip that were not of the right shape. */
  readonly malformed: number
  /** Streams and connections that strangers were refused. */
  readonly refused: number
  /** Times that a partner had to wait because it had sent or asked for more than it may. */
  readonly held: number
}

export interface RunningPeers extends Peers {
  /** Key text. */
  readonly peerId: string
  /** Where partners reach this node; each ends in `/p2p/ID`. */
  addresses(): string[]
  /** What it listens on, with the ports really taken; each ends in `/p2p/ID`. */
  listening(): string[]
  counts(): PeersCounts
  /** @param partner its id; null for all strangers together */
  misconduct(partner: string | null): MisconductSeen
  /**
   * Asks a connected partner, by its key, to be let in; for a node that is joining.
   * @throws LedgerError NODE_UNREACHABLE, BUSY, MALFORMED, or any code of the other side
   */
  askToJoin(
    key: string,
    request: JoinRequest,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal }
  ): Promise<JoinAnswer>
  /**
   * Asks a connected partner for a file and hands it to `take` as it comes, unchecked.
   * @throws LedgerError NODE_UNREACHABLE, MALFORMED, TOO_LARGE, NOT_FOUND, BUSY; whatever `take` throws
   */
  fetchAttachment<T>(
    partner: string,
    want: WantedAttachment,
    take: (file: ArrivingAttachment) => Promise<T>,
    signal: AbortSignal
  ): Promise<T>
  /** Partners or their addresses may have changed: hangs up on those no longer partners, dials new ones. */
  refresh(): void
  /** Hangs up, stops listening, and gives back every handle. May be called twice. */
  close(): Promise<void>
}
