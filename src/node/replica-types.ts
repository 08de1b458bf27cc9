import type { Blame, ErrorCode } from '../base/errors.js'
import type { TimeoutSettings } from '../consensus/timeouts.js'
import type { ReadGenesis } from '../ledger/genesis.js'
import type { Model } from '../ledger/model.js'
import type { CheckedRecord } from '../ledger/record.js'
import type { Recovery } from '../ledger/recovery.js'
import type { Chain, CommittedBlock } from './chain.js'
import type { Logger } from './log.js'
import type { Mempool } from './mempool.js'
import type { OwnBatches } from './own-batches.js'
import type { PeerHandlers, Peers } from './peers.js'
import type { PendingKeys } from './pending-keys.js'
import type { Barred } from './recovery-standing.js'
import type { GuardRenewal } from './rejoin.js'
import type { Stall } from './stall-watch.js'
import type { SignGuard } from './store/sign-guard.js'
import type { Store } from './store/store-types.js'
import type { LogEntry, WriteAheadLog } from './store/write-ahead-log.js'
import type { Timers } from './timers.js'
import type { VersionWish } from './version-wish.js'

/** Who a replica is and what it runs on. */
export interface ReplicaOptions {
  readonly genesis: ReadGenesis
  readonly model: Model
  /** Own partner id; it need not be a partner yet. */
  readonly self: string
  /** Key text of the key that it signs with. The chain may name another one for it: then it signs nothing. */
  readonly key: string
  /** Whether others have a copy of the chain: then a store behind the sign guard mends itself. @default false */
  readonly mayBeBehind?: boolean
  /** Name and version of this software, told to the partners. @default nothing is told */
  readonly software?: string
  /** Newest version of the network that this software is to know; for tests. @default VERSION_MAX */
  readonly versionMax?: number
  /** Complete recoveries of the home, see {@link Chain}. @default none */
  readonly recoveries?: readonly Recovery[]
  /** Why it takes no part in the epoch of its chain. @default null */
  readonly barred?: Barred | null
  /** @default TIMEOUTS_DEFAULT */
  readonly timeouts?: TimeoutSettings
  /** Milliseconds for which the execution of a block keeps the event loop at once. @default SLICE_MS */
  readonly sliceMs?: number
}

/** Everything of a node but files, sockets and the system's clock: those are given to it. */
export interface ReplicaDependencies {
  readonly store: Store
  readonly wal: WriteAheadLog
  /** Entries of the log from the height after the store's head on. */
  readonly entries: readonly LogEntry[]
  readonly guard: SignGuard
  /** For a rejoin. */
  readonly renewGuard: GuardRenewal
  readonly sign: (bytes: string) => string
  readonly peers: Peers
  /** Multiaddrs to be known at; empty while unknown. */
  readonly addresses: () => readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds since whenever, on a clock that nobody sets. */
  readonly monotonic: () => number
  readonly timers: Timers
  readonly log: Logger
  /** Called after each commit. */
  readonly onCommitted: (block: CommittedBlock) => void
  /** Called once when the replica must stop. */
  readonly fail: (error: unknown) => void
  /**
   * Partners know of recoveries that begin later epochs than this one; nothing of it is proven yet.
   * @returns whether one of them is now the next, and the replica must stop. @default none is learned
   */
  readonly onRecoveries?: (recoveries: readonly Recovery[]) => Promise<boolean>
}

/** What a system record that this node appends needs: the outcome, once a block has it. */
export type SystemOutcome =
  | { readonly ok: true; readonly height: number; readonly id: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly blame?: Blame }

/** How much a replica holds of what others send it: each is bounded, whatever they send. */
export interface ReplicaSizes {
  /** Batches that no block has, being stored, and waited for. */
  readonly batches: number
  readonly storing: number
  readonly announced: number
  /** Messages of the next height. */
  readonly early: number
  /** Rounds and blocks of the height being decided that something is known of. */
  readonly rounds: number
  readonly blocks: number
}

/** One partner's part in the network, over whatever carries messages, bytes and time. */
export interface Replica extends PeerHandlers {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly own: OwnBatches
  readonly pending: PendingKeys
  readonly wish: VersionWish
  /** Whether it is behind the others and fetching blocks. */
  readonly syncing: boolean
  /** Whether its copy is as new as it can know: only then is a refusal by it alone final. */
  readonly inStep: boolean
  /** Whether its sign guard was lost: until the rejoin is in force it signs and appends nothing. */
  readonly rejoining: boolean
  /** Why it takes no part in the epoch of its chain; null when it may. */
  readonly barred: Barred | null
  /** Why it signs nothing yet, for its operator; null when it does, or rejoins with the help of others. */
  readonly notSigning: string | null
  readonly round: number
  /** Why nothing moves although there is work; null when something does. */
  stalled(): Stall | null
  /** Newest height each partner has told of. */
  heightOf(partner: string): number | null
  /** Partners that are connected, or of which a connected one says that it is connected with them. */
  reached(): ReadonlySet<string>
  sizes(): ReplicaSizes
  /** Appends a record of the network about itself; resolves when a block has decided it. */
  appendSystem(record: CheckedRecord): Promise<SystemOutcome>
  start(): void
  stop(): Promise<void>
}
