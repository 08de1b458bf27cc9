import type { TimeoutSettings } from '../consensus/timeouts.js'
import type { Evidence, Message } from '../consensus/types.js'
import type { ProposedBlock } from './block-content.js'
import type { Wanted } from './block-contents.js'
import type { Chain, CommittedBlock } from './chain.js'
import type { Disputes } from './disputes.js'
import type { Mempool } from './mempool.js'
import type { WriteAheadLog } from './store/write-ahead-log.js'
import type { Timers } from './timers.js'
import type { VoteSigner } from './vote-signer.js'

export interface ConsensusDriverOptions {
  /** Own partner id. */
  readonly self: string
  /** @default TIMEOUTS_DEFAULT */
  readonly timeouts?: TimeoutSettings
  /** Milliseconds for which the execution of a block keeps the event loop at once. @default SLICE_MS */
  readonly sliceMs?: number
}

export interface ConsensusDriverDependencies {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly wal: WriteAheadLog
  readonly signer: VoteSigner
  readonly disputes: Pick<Disputes, 'offers' | 'admits'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds until a block may be proposed after one of this time; 0 or less: now. */
  readonly proposeIn: (time: number) => number
  readonly timers: Timers
  /** Milliseconds since whenever, on a clock that nobody sets. */
  readonly monotonic: () => number
  /** Whether neither this node nor anybody it is connected to reaches a partner. */
  readonly isGone: (partner: string) => boolean
  /** Sends an own message to the partners, with the block a proposal is for; what it rests on is durable. */
  readonly publish: (message: Message, reason: string | null, block: ProposedBlock | null) => void
  /** A block that matters here is not here whole: get the rest. */
  readonly fetch: (wanted: Wanted) => void
  /** A fresh proposal was judged for the first time: its time was so many milliseconds ahead when it came. */
  readonly onTimed: (proposer: string, aheadMs: number) => void
  readonly onEvidence: (evidence: Evidence) => void
  /** Called after each commit, before the next height starts. */
  readonly onCommitted: (block: CommittedBlock) => void
  /** Called once when the node must stop. */
  readonly fail: (error: unknown) => void
}
