import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import type { AmendmentState } from '../ledger/amendment-state.js'
import type { DifferenceKind } from '../ledger/difference-class.js'
import type { ChangeKind, KeptChange, ProposedChange } from '../ledger/governance-change.js'
import type { NetworkDefinition, ObjectDefinition } from '../ledger/network-definition.js'
import type { Amends } from '../ledger/record.js'
import type { EvidenceSummary } from '../ledger/verify-evidence.js'
import type { Amendments, AmendmentWords } from './amendment-types.js'
import type { Attachments } from './attachment-types.js'
import type { RehearsalOptions, RehearsalReport, RehearsalRequest, RehearsalView } from './rehearsal-types.js'
import type { SupportView } from './version-support.js'

/** A record as people and programs see it (contract: "A record on output"). `height` and `time` are absent while pending. */
export interface RecordView extends Partial<AmendmentWords> {
  readonly id: string
  readonly object: string
  readonly key: readonly Json[]
  readonly author: string
  readonly height?: number
  /** RFC 3339 UTC, the time of the block. */
  readonly time?: string
  readonly status: 'accepted' | 'refused' | 'pending'
  readonly data: JsonObject
  readonly unique?: string | number
  readonly refusal?: Refusal
  /** Of an amendment: which record it amends, and why. */
  readonly amends?: Amends
  /** Of an amendment that needs another's word: what became of it. */
  readonly amendment?: AmendmentState
  /** Id of the record that amends this one. */
  readonly amendedBy?: string
}

export type ListedRecord = RecordView & { readonly cursor: string }

/** What became of one line of input. */
export type AppendOutcome =
  | { readonly line: number; readonly status: 'accepted'; readonly id: string; readonly height: number }
  | ({ readonly line: number; readonly status: 'refused'; readonly id?: string; readonly height?: number } & Refusal)
  | { readonly line: number; readonly status: 'pending'; readonly id: string; readonly code: 'NO_QUORUM' }

export interface AppendOptions {
  /** Milliseconds without progress after which undecided records are reported as pending. @default 60000 */
  readonly timeoutMs?: number
  /** Name of the field whose value makes the record unique per author and object on the chain. */
  readonly keyField?: string
  /** The record that each line amends. */
  readonly amends?: Amends
  readonly signal?: AbortSignal
}

export type PartnerState = 'joining' | 'pending' | 'active' | 'suspended' | 'removed'

export interface NodeStatus {
  readonly network: string
  readonly genesis: string
  /** 0, and one more with each recovery: that of the next block. */
  readonly epoch: number
  /** What began each epoch but the first; `height` is that of the last block before. */
  readonly recoveries: readonly {
    readonly epoch: number
    readonly height: number
    readonly lost: readonly string[]
    readonly signers: readonly string[]
    /** Of the document. */
    readonly hash: string
  }[]
  readonly partner: { readonly id: string; readonly state: PartnerState; readonly role: string }
  readonly height: number
  /** Hash of the newest block; the genesis hash at height 0. */
  readonly head: string
  readonly stateHash: string
  readonly partners: readonly {
    readonly id: string
    readonly state: PartnerState
    readonly connected: boolean
    readonly height: number | null
  }[]
  readonly quorum: { readonly rule: string; readonly needed: number; readonly online: number }
  readonly mempool: { readonly batches: number; readonly records: number }
  /** How many amendments wait for somebody's word. */
  readonly amendments?: { readonly open: number }
  /** What those who are no partners did, all together; `refused` counts connections and streams that they were refused. */
  readonly strangers: MisconductView & { readonly refused: number }
  /** Name and version of this node's software, where it has one. */
  readonly software?: string
  /** Versions of the network: in force for the next block, decided, and the newest that this node knows. */
  readonly version?: { readonly inForce: number; readonly decided: number; readonly known: number }
  readonly syncing: boolean
  /** `why` is the text of all `causes`: each has a code of docs/partners.md, what is the matter, and what to do. */
  readonly stalled: null | {
    readonly since: string
    /** The block that is not decided, and the round of it that is under way; absent where the node decides nothing. */
    readonly height?: number
    readonly round?: number
    readonly why: string
    readonly causes?: readonly { readonly code: string; readonly why: string; readonly todo: string }[]
  }
}

export interface PartnerView {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly key: string
  readonly state: PartnerState
  readonly voter: boolean
  readonly connected: boolean
  /** Newest height it has told of; null while unknown. */
  readonly height: number | null
  /** Multiaddrs it is known at. */
  readonly addresses: readonly string[]
  /** How many times it was seen to sign two messages that contradict each other. */
  readonly evidence: number
  /** What this node saw it do that no honest node does. */
  readonly misconduct: MisconductView
  /** Name and version of its software, as it said on the chain; null when it has not said. */
  readonly software?: string | null
  /** Newest version of a network that it can judge; null when it has not said. */
  readonly supports?: number | null
}

/** Misconduct that this node has seen since its start, such as messages that are malformed or not signed by whom they name. */
export interface MisconductView {
  /** How many times. */
  readonly seen: number
  /** How many times who did it was hung up on, and kept away for a while. */
  readonly hungUp: number
  /** The last of it. */
  readonly last: null | { readonly time: string; readonly why: string }
}

export interface InviteOptions {
  readonly partner: string
  readonly role: string
  readonly name?: string
  /** Milliseconds from now on. */
  readonly expiresMs: number
}

/**
 * `waiting`: a ballot on the admission is under way. `declined`: it is over, and nobody was admitted. `void`: the chain
 * would not take it any more, although nobody has used it.
 */
export type InvitationState = 'open' | 'waiting' | 'used' | 'declined' | 'revoked' | 'expired' | 'void'

export const INVITATION_STATES: readonly InvitationState[] = [
  'open',
  'waiting',
  'used',
  'declined',
  'revoked',
  'expired',
  'void'
]

/** An invitation that this node made, and what became of it. */
export interface InvitationView {
  /** Its key: what `revoke` takes. */
  readonly id: string
  readonly partner: string
  readonly role: string
  readonly name: string
  /** RFC 3339 UTC. */
  readonly made: string
  readonly expires: string
  readonly state: InvitationState
  /** The partner that came with it; null while nobody has. */
  readonly by: string | null
  /** Of the block that decided so; of the one that opened the ballot while it waits; null where none did. */
  readonly height: number | null
  /** The proposal on the admission; null where none was needed. */
  readonly proposal: string | null
  /** Why it is void or declined. */
  readonly why: string | null
}

export interface ListOptions {
  readonly where?: Readonly<Record<string, string>>
  /** @default 50, at most 100,000 */
  readonly limit?: number
  readonly after?: string
  /** Every accepted record instead of the newest of each key. */
  readonly history?: boolean
}

export interface EvidenceOptions {
  /** @default 50, at most 100,000 */
  readonly limit?: number
  /** Cursor of the last item of the answer before. */
  readonly after?: string
  /** Each with the receipt of its record. @default false */
  readonly proof?: boolean
}

/** A proven lie: who signed what twice, and the record that says so. */
export type ListedEvidence = EvidenceSummary & {
  readonly cursor: string
  /** With it the item can be verified offline. */
  readonly receipt?: JsonObject
}

export interface ListPage {
  /** @default 50, at most 100,000 */
  readonly limit?: number
  /** Cursor of the last item of the answer before. */
  readonly after?: string
}

/** `enacted`: passed, and in force for the next block. */
export type ShownProposalState = 'open' | 'passed' | 'enacted' | 'rejected' | 'withdrawn' | 'expired' | 'stale'

export const PROPOSAL_STATES: readonly ShownProposalState[] = [
  'open',
  'passed',
  'enacted',
  'rejected',
  'withdrawn',
  'expired',
  'stale'
]

/** A proposed change of the network, and how it stands. */
export interface ProposalView {
  /** Id of the record that made it. */
  readonly id: string
  readonly kind: ChangeKind
  readonly state: ShownProposalState
  readonly by: string
  /** Of a network file the hash. */
  readonly change: KeptChange
  /** What it changes of the partner, or of the network file; null where it is not there. */
  readonly difference: readonly {
    readonly member: string
    readonly before: string | null
    readonly after: string | null
    /** Of a network file: what it means for whoever writes and reads records. */
    readonly kind?: DifferenceKind
    readonly why?: string
  }[]
  /** How many more members it changes than are listed. */
  readonly differenceLeftOut: number
  /** One of each partner, sorted by partner. */
  readonly votes: readonly {
    readonly partner: string
    readonly vote: 'yes' | 'no'
    readonly reason: string
    readonly height: number
  }[]
  /** How many of those who count have said so. */
  readonly yes: number
  readonly no: number
  /** How many yes it needs in all. */
  readonly needed: number
  /** Who may vote and has not; nobody once it is decided. */
  readonly waiting: readonly string[]
  /** First height at which it is in force; null unless it passed. */
  readonly effectiveHeight: number | null
  readonly opened: number
  readonly closed: number | null
  /** RFC 3339 UTC. */
  readonly expires: string
  readonly reason: string
  /** Of a change of the version: what the node of each active partner supports. */
  readonly support?: readonly SupportView[]
  /** Of a network file that touches what records are judged by: what it would have said of those on the chain. */
  readonly rehearsal?: RehearsalView
}

export interface ProposalOptions {
  /** A network definition may leave out defaults. */
  readonly change: ProposedChange
  readonly reason?: string
  /** Milliseconds from now on. */
  readonly expiresMs: number
  /** Also when too few voters would be connected to go on. @default false */
  readonly force?: boolean
}

export interface VoteOptions {
  readonly yes: boolean
  readonly reason?: string
  readonly force?: boolean
}

/** The data model in force for the next block. */
export interface ModelView {
  readonly hash: string
  readonly network: NetworkDefinition
  /** First height at which it is in force; 0 for that of the genesis. */
  readonly from: number
  /** What is decided and comes into force; null when no change is under way. */
  readonly next: null | { readonly hash: string; readonly from: number }
  /** Objects that were removed, as they were last: their records can still be read. Absent when there are none. */
  readonly removed?: Readonly<Record<string, ObjectDefinition>>
}

export interface ChangeOptions {
  /** 0 is the beginning; else an event id (`HEIGHT.BATCH.INDEX`) or a height: what came after it. Absent: from now on. */
  readonly since?: string
  readonly object?: string
  readonly signal: AbortSignal
}

export interface VerifyReport {
  readonly ok: boolean
  readonly height: number
  readonly records: number
  readonly head: string
  /** The first block and reason that fails. */
  readonly failure?: { readonly height: number | null; readonly reason: string }
}

/**
 * What a running node offers to its API. Everything that waits takes an AbortSignal. Unknown things are LedgerErrors with
 * code NOT_FOUND or UNKNOWN_OBJECT; bad input is USAGE; refusals of records are values.
 */
export interface LedgerNode extends Amendments {
  readonly partner: string
  readonly attachments: Attachments
  status(): NodeStatus
  partners(): readonly PartnerView[]
  /** The genesis document; its canonical text hashes to the genesis hash. */
  genesis(): JsonObject
  model(): ModelView
  /** Yields one outcome per non-blank line, in input order, as each is decided. Chunks are raw bytes of NDJSON. */
  append(object: string, chunks: AsyncIterable<Uint8Array>, options: AppendOptions): AsyncIterable<AppendOutcome>
  /** What append would say now, without appending; null when it would be accepted. */
  check(object: string, text: string): Refusal | null
  /** The newest accepted record under a key; null when there is none. */
  get(object: string, key: readonly Json[]): RecordView | null
  /** Oldest first, at most `limit` at once; go on with the cursor of the last. */
  history(
    object: string,
    key: readonly Json[],
    options: { readonly all?: boolean; readonly limit?: number; readonly after?: string }
  ): Promise<readonly ListedRecord[]>
  list(object: string, options: ListOptions): Promise<readonly ListedRecord[]>
  show(recordId: string): RecordView | null
  /** Header, certificate, batches and refusals of a block, for people and programs. */
  block(height: number): JsonObject | null
  /** Committed accepted records as they come, never ending until aborted. */
  changes(options: ChangeOptions): AsyncIterable<{ readonly id: string; readonly record: RecordView }>
  /** The canonical text of the receipt. */
  receipt(recordId: string): string | null
  /** Contradictions of partners that stand on the chain, in its order. */
  evidence(options: EvidenceOptions): Promise<readonly ListedEvidence[]>
  /** The newest block with the partner set that signed it, as `verify-receipt --checkpoint` takes it. */
  checkpoint(): JsonObject
  /**
   * Makes an invitation for one new partner.
   * @throws LedgerError NOT_PERMITTED, DUPLICATE when the id is taken, USAGE
   */
  invite(options: InviteOptions): Promise<{ readonly token: string; readonly addresses: readonly string[] }>
  /** The invitations that this node made, oldest first. */
  invitations(
    options: ListPage & { readonly state?: InvitationState }
  ): Promise<readonly (InvitationView & { readonly cursor: string })[]>
  /** Takes an invitation back, by its key; resolves when that is on the chain. */
  revoke(invitationKey: string): Promise<void>
  /**
   * Proposes a change; resolves when a block has it.
   * @throws LedgerError NOT_PERMITTED, TOO_FEW_ALIVE, TOO_FEW_SUPPORT, VERSION_TOO_LOW, VERSION_UNKNOWN, NO_QUORUM; for a
   * network file also NETWORK_FILE, TOO_LARGE
   */
  propose(options: ProposalOptions): Promise<ProposalView>
  /** @throws LedgerError NOT_FOUND, NOT_PERMITTED, TOO_FEW_ALIVE, TOO_FEW_SUPPORT, VERSION_UNKNOWN, NO_QUORUM */
  vote(id: string, options: VoteOptions): Promise<ProposalView>
  /** @throws LedgerError NOT_FOUND, NOT_PERMITTED, NO_QUORUM */
  withdraw(id: string): Promise<ProposalView>
  /** Oldest first. */
  proposals(
    options: ListPage & { readonly state?: ShownProposalState }
  ): Promise<readonly (ProposalView & { readonly cursor: string })[]>
  /** @throws LedgerError NOT_FOUND */
  proposal(id: string): ProposalView
  /**
   * Judges every record of this copy as if another network file had been in force from the first block on.
   * @throws LedgerError NETWORK_FILE, NOT_FOUND when there is no such proposal, USAGE when it is of another kind
   */
  rehearse(request: RehearsalRequest, options: RehearsalOptions): Promise<RehearsalReport>
  /** Checks the whole copy and runs every rule again. `onProgress` is called with heights done and to do. */
  verify(options: {
    readonly signal?: AbortSignal
    readonly onProgress?: (done: number, total: number) => void
  }): Promise<VerifyReport>
}
