import type { HistoryEntry } from '../../ledger/record-run.js'
import type { StateEntry, StateReader, StateWrite } from '../../ledger/state.js'

/** A batch as a block lists it. The position of a batch in a block is its index in that list. */
export interface BatchRef {
  readonly author: string
  readonly incarnation: number
  readonly sequence: number
  /** Batch hash, 64 hex digits. */
  readonly hash: string
  /** How many records it holds. */
  readonly count: number
}

export interface HistoryEntryWithHeight extends HistoryEntry {
  readonly height: number
}

/** Where to go on after: the place of the last entry seen. A {@link HistoryEntryWithHeight} serves as its own cursor. */
export interface HistoryCursor {
  readonly key: string
  readonly height: number
  readonly batch: number
  readonly index: number
}

export interface HistoryOptions {
  /** Go on behind this entry, in the direction asked for. */
  readonly after?: HistoryCursor
  /** Newest first. @default false */
  readonly reverse?: boolean
  readonly limit: number
  /** Also records that execution refused. @default false */
  readonly includeRefused?: boolean
}

/** A node of the Merkle tree over all block hashes: `level` 0 are the leaves. */
export interface TreeNode {
  readonly level: number
  readonly index: number
  /** 64 hex digits. */
  readonly hash: string
}

export interface ChainHead {
  readonly height: number
  readonly hash: string
}

/** Everything that one committed block changes, written at once. */
export interface BlockCommit {
  readonly height: number
  /** Block hash, 64 hex digits. */
  readonly hash: string
  /** Canonical text. */
  readonly header: string
  /** Canonical text. */
  readonly certificate: string
  readonly batches: readonly BatchRef[]
  /** Canonical text: what the verdicts of refused records were, with their messages. */
  readonly refusals: string
  /** One for each key. */
  readonly writes: readonly StateWrite[]
  readonly entries: readonly HistoryEntry[]
  readonly treeNodes: readonly TreeNode[]
}

export interface StoredBlock {
  readonly height: number
  readonly hash: string
  readonly header: string
  readonly certificate: string
  readonly batches: readonly BatchRef[]
  readonly refusals: string
}

export interface BatchLocation {
  readonly height: number
  /** Position in the block, from 0. */
  readonly position: number
  readonly hash: string
}

/** A batch in stored and wire form (docs/formats.md, Batch). */
export interface BatchBody {
  readonly hash: string
  readonly text: string | Uint8Array
  /** Sequence of an own batch: it is listed in the outbox until it commits. */
  readonly own?: number
}

export interface OutboxEntry {
  readonly sequence: number
  readonly hash: string
}

export interface StateItem {
  readonly key: string
  readonly entry: StateEntry
}

export interface StatesOptions {
  /** Go on behind this whole state key. */
  readonly after?: string
  /** @default no limit */
  readonly limit?: number
}

/** How much the committed chain takes: `batches` and `records` in all blocks, the others as values of the store. */
export interface StoreCounts {
  readonly blocks: number
  readonly batches: number
  readonly records: number
  readonly states: number
  /** History entries. */
  readonly entries: number
  readonly treeNodes: number
}

/** State as it was at one head, for readers that take their time while blocks go on being committed. */
export interface StoreSnapshot {
  readonly head: ChainHead | null
  /** All state entries whose key starts with `prefix`, in the order of their keys' UTF-8 bytes. */
  states(prefix: string, options?: StatesOptions): AsyncIterable<StateItem>
  close(): Promise<void>
}

/**
 * A partner's copy of the chain on disk.
 *
 * Every value carries a checksum over itself and its key, checked at each read; what fails it is a LedgerError
 * STORE_DAMAGED that names the value. After a failed write every further write throws until the store is opened again.
 * All methods throw CLOSED after close().
 */
export interface Store {
  readonly head: ChainHead | null
  readonly counts: StoreCounts
  /** Current state, always that of `head`: synchronous, from a bounded cache over the disk. */
  readonly state: StateReader
  /**
   * Stores batch bodies, durable when the promise resolves. A body stored before is not written again.
   * @throws LedgerError DISK_FULL
   */
  putBatches(batches: readonly BatchBody[]): Promise<void>
  /** The body as text; undefined when it is not here. */
  readBatch(hash: string): string | undefined
  /** The same as UTF-8, for sending. */
  readBatchBytes(hash: string): Uint8Array | undefined
  hasBatch(hash: string): boolean
  /** Hashes of bodies stored durably and not committed yet, own and others', in the order they were stored. */
  uncommitted(): string[]
  /** Forgets bodies that can never commit (their sequence went to another batch), also in the outbox. */
  dropBatches(hashes: readonly string[]): Promise<void>
  /** Own batches not committed yet, by sequence. */
  outbox(): OutboxEntry[]
  /**
   * Writes a block with everything it changes in one atomic synced batch. A block committed before changes nothing.
   * @throws LedgerError INVARIANT when a height is left out, a body is missing, or another block has that height
   * @throws LedgerError DISK_FULL
   */
  commit(block: BlockCommit): Promise<void>
  /**
   * Adds to the state what an earlier version left out, atomically and durably: values that no result hash covers.
   * @throws LedgerError DISK_FULL
   */
  putStates(writes: readonly StateWrite[]): Promise<void>
  block(height: number): StoredBlock | undefined
  /** Header and certificate alone. */
  header(height: number): { hash: string; header: string; certificate: string } | undefined
  locate(author: string, sequence: number): BatchLocation | undefined
  /**
   * Entries of one key, oldest first; with `key` null those of the whole object, key after key in the order of the keys'
   * UTF-8 bytes. Without key fields every record has the key `[]`, so that order is the chain's.
   */
  history(object: string, key: string | null, options: HistoryOptions): Promise<HistoryEntryWithHeight[]>
  /** As {@link StoreSnapshot.states}, at the present head. */
  states(prefix: string, options?: StatesOptions): AsyncIterable<StateItem>
  snapshot(): StoreSnapshot
  /** @throws LedgerError STORE_DAMAGED when it is missing */
  treeNode(level: number, index: number): string
  /** Reads every value and reports each that is damaged or missing, by name. Does not compare state with the chain. */
  checkWhole(onProblem: (what: string) => void, signal?: AbortSignal): Promise<StoreCounts>
  close(): Promise<void>
}

export interface StoreOptions {
  /** Directory of the store; made when missing. */
  readonly path: string
  /** Genesis hash: a store of another network is refused. */
  readonly genesis: string
  /** Bytes, roughly, that the cache of state may take. @default STATE_CACHE_BYTES_MAX */
  readonly cacheBytesMax?: number
  readonly signal?: AbortSignal
}
