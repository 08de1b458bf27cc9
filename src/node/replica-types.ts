import type { ErrorCode } from '../base/errors.js'
import type { TimeoutSettings } from '../consensus/timeouts.js'
import type { ReadGenesis } from '../ledger/genesis.js'
import type { Model } from '../ledger/model.js'
import type { CheckedRecord } from '../ledger/record.js'
import type { Chain, CommittedBlock } from './chain.js'
import type { Logger } from './log.js'
import type { Mempool } from './mempool.js'
import type { OwnBatches } from './own-batches.js'
import type { PeerHandlers, Peers } from './peers.js'
import type { PendingKeys } from './pending-keys.js'
import type { SignGuard } from './store/sign-guard.js'
import type { Store } from './store/store-types.js'
import type { LogEntry, WriteAheadLog } from './store/write-ahead-log.js'
import type { Timers } from './timers.js'

/** Who a replica is and what it runs on. */
export interface ReplicaOptions {
  readonly genesis: ReadGenesis
  readonly model: Model
  /** Own partner id; it need not be a partner yet. */
  readonly self: string
  /** Whether others have a copy of the chain: then a store behind the sign guard mends itself. @default false */
  readonly mayBeBehind?: boolean
  /** @default TIMEOUTS_DEFAULT */
  readonly timeouts?: TimeoutSettings
}

/** Everything of a node but files, sockets and the system's clock: those are given to it. */
export interface ReplicaDependencies {
  readonly store: Store
  readonly wal: WriteAheadLog
  /** Entries of the log from the height after the store's head on. */
  readonly entries: readonly LogEntry[]
  readonly guard: SignGuard
  /** For a rejoin: a new guard in the place of a lost one, and a nonce of 64 hex digits that nobody could know before. */
  readonly renewGuard: { guard(): Promise<SignGuard>; nonce(): string }
  readonly sign: (bytes: string) => string
  readonly peers: Peers
  /** Multiaddrs to be known at; empty while unknown. */
  readonly addresses: () => readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly timers: Timers
  readonly log: Logger
  /** Called after each commit. */
  readonly onCommitted: (block: CommittedBlock) => void
  /** Called once when the replica must stop. */
  readonly fail: (error: unknown) => void
}

/** What a system record that this node appends needs: the outcome, once a block has it. */
export type SystemOutcome =
  | { readonly ok: true; readonly height: number }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string }

/** One partner's part in the network, over whatever carries messages, bytes and time. */
export interface Replica extends PeerHandlers {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly own: OwnBatches
  readonly pending: PendingKeys
  /** Whether it is behind the others and fetching blocks. */
  readonly syncing: boolean
  /** Whether its sign guard was lost: until the rejoin is in force it signs and appends nothing. */
  readonly rejoining: boolean
  readonly round: number
  /** Newest height each partner has told of. */
  heightOf(partner: string): number | null
  /** Appends a record of the network about itself; resolves when a block has decided it. */
  appendSystem(record: CheckedRecord): Promise<SystemOutcome>
  start(): void
  stop(): Promise<void>
}
