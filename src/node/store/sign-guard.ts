import { LedgerError } from '../../base/errors.js'
import { type CompactFile, type CompactFileOptions, createCompactFile, openCompactFile } from './compact-file.js'
import type { LogStretch } from './write-ahead-log.js'

/** What is signed within a round, in the only order in which it may be. */
export const STEPS = ['proposal', 'prevote', 'precommit'] as const

export type SignStep = (typeof STEPS)[number]

/** A place at which a voter may sign one thing only. */
export interface VotePosition {
  readonly epoch: number
  readonly incarnation: number
  readonly height: number
  readonly round: number
  readonly step: SignStep
}

/** A place at which an author may sign one batch only. */
export interface BatchPosition {
  readonly epoch: number
  readonly incarnation: number
  readonly sequence: number
}

export interface SignedVote {
  readonly position: VotePosition
  /** The tagged bytes, as text. */
  readonly message: string
  /** 128 hex digits. */
  readonly signature: string
  /** What of the write-ahead log explains it; none for marks, nor where an earlier version has signed. */
  readonly log?: LogStretch
}

export interface SignedBatch {
  readonly position: BatchPosition
  readonly message: string
  readonly signature: string
}

/** Places up to which a guard signs nothing, see guard-marks.ts. */
export interface GuardMarks {
  readonly vote?: SignedVote
  readonly batch?: SignedBatch
}

/** Signs a text (its UTF-8): 128 hex digits. */
export type Sign = (message: string) => string

/**
 * What keeps this node from ever contradicting its own signature, also after a crash (consensus.md, 11): the newest
 * position signed for is on disk, apart from everything else, before its signature leaves.
 */
export interface SignGuard {
  /** False when the guard was lost or damaged: then it signs nothing, and the node has to rejoin. */
  readonly whole: boolean
  /** Why it is not whole. */
  readonly fault: LedgerError | null
  readonly lastVote: SignedVote | null
  readonly lastBatch: SignedBatch | null
  /**
   * The signature of `message` at a position. A position behind the newest one is refused, except that exactly what was
   * signed there before, within the same height, is answered with the signature of then. The signature must not leave
   * before {@link sync} has resolved; several may be signed before one sync.
   * @param log what of the write-ahead log explains the vote, durable already
   * @throws LedgerError SIGN_REFUSED, DISK_FULL
   */
  guardVote(position: VotePosition, message: string, sign: Sign, log?: LogStretch): string
  /** The same for batches; only the newest is kept for repeats. */
  guardBatch(position: BatchPosition, message: string, sign: Sign): string
  /** Makes all that was signed before the call durable. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Whose guard it is: a guard never serves another network or key. */
export interface GuardOwner {
  readonly genesis: string
  /** Key text. */
  readonly key: string
}

/** Votes of one height kept for exact repeats; a height takes a few per round. */
const REPEATS_MAX = 512

/**
 * Creates a guard: of a key that has never signed anything in this network, or one that begins with marks behind all that
 * a lost one knew. It is there with its marks or not at all.
 * @throws LedgerError LOG_DAMAGED when there is a guard already, DISK_FULL
 */
export async function createGuard(path: string, owner: GuardOwner, marks: GuardMarks = {}): Promise<SignGuard> {
  const existing = await openGuard(path, owner)
  await existing.close()
  if (existing.whole || existing.fault?.details.missing !== true) {
    throw new LedgerError('LOG_DAMAGED', `there is a sign guard already: ${path}`, { path })
  }
  const memory: GuardMemory = { votes: marks.vote === undefined ? [] : [marks.vote], batch: marks.batch ?? null }
  return signGuard(await createCompactFile(fileOptions(path, owner, memory)), memory)
}

/** Opens the guard. Never throws for a lost or damaged one: it answers with a guard that is not whole. */
export async function openGuard(path: string, owner: GuardOwner): Promise<SignGuard> {
  const memory = emptyMemory()
  try {
    const file = await openCompactFile(fileOptions(path, owner, memory), (text) => recall(memory, path, text))
    return signGuard(file, memory)
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'LOG_DAMAGED') return lostGuard(error)
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      const message = `the sign guard is missing: ${path}`
      return lostGuard(new LedgerError('LOG_DAMAGED', message, { path, missing: true }, error))
    }
    throw error
  }
}

/**
 * A whole guard over a file that is open, on whatever kind of disk.
 * @param records of the file without its head, oldest first
 * @throws LedgerError LOG_DAMAGED when they are out of order
 */
export function guardOver(file: CompactFile, records: readonly string[]): SignGuard {
  const memory = emptyMemory()
  for (const record of records) recall(memory, file.path, record)
  return signGuard(file, memory)
}

interface GuardMemory {
  /** Newest last; all of one height. */
  votes: SignedVote[]
  batch: SignedBatch | null
}

function emptyMemory(): GuardMemory {
  return { votes: [], batch: null }
}

function fileOptions(path: string, owner: GuardOwner, memory: GuardMemory): CompactFileOptions {
  const { genesis, key } = owner
  return {
    path,
    head: JSON.stringify({ format: 1, genesis, key, kind: 'sign guard' }),
    survivors: () =>
      [...memory.votes, ...(memory.batch === null ? [] : [memory.batch])].map((item) => JSON.stringify(item))
  }
}

/** Takes a record of the file into memory. */
function recall(memory: GuardMemory, path: string, text: string): void {
  const item = readSigned(text)
  if (item === null) throw new LedgerError('LOG_DAMAGED', `${path} holds a record that is no signature`, { path })
  const inOrder =
    'sequence' in item.position ? keepBatch(memory, item as SignedBatch) : keepVote(memory, item as SignedVote)
  if (!inOrder) throw new LedgerError('LOG_DAMAGED', `${path} holds signatures out of order`, { path })
}

/** Null for what this software never writes: its checksum held all the same, as when another software wrote it. */
function readSigned(text: string): SignedVote | SignedBatch | null {
  try {
    const { position, message, signature, log } = JSON.parse(text) as SignedVote
    const { step, ...numbers } = position
    const names = 'sequence' in numbers ? BATCH_PLACE : VOTE_PLACE
    const places = numbers as Readonly<Record<string, unknown>>
    const isWhole =
      names.every((name) => isPlace(places[name])) &&
      (names === BATCH_PLACE || STEPS.includes(step)) &&
      (log === undefined || (isPlace(log.from) && isPlace(log.to))) &&
      typeof message === 'string' &&
      typeof signature === 'string'
    return isWhole ? (JSON.parse(text) as SignedVote | SignedBatch) : null
  } catch {
    return null
  }
}

const VOTE_PLACE = ['epoch', 'incarnation', 'height', 'round']
const BATCH_PLACE = ['epoch', 'incarnation', 'sequence']

/** Marks may stand before the first place: at -1. */
function isPlace(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= -1
}

/** False when the vote does not come after all votes before it. */
function keepVote(memory: GuardMemory, vote: SignedVote): boolean {
  const last = memory.votes.at(-1)
  if (last !== undefined && compareVotes(vote.position, last.position) <= 0) return false
  if (last !== undefined && !sameHeight(vote.position, last.position)) memory.votes = []
  memory.votes.push(vote)
  if (memory.votes.length > REPEATS_MAX) memory.votes.shift()
  return true
}

/** False when the batch does not come after the one before it. */
function keepBatch(memory: GuardMemory, batch: SignedBatch): boolean {
  if (memory.batch !== null && compareBatches(batch.position, memory.batch.position) <= 0) return false
  memory.batch = batch
  return true
}

function signGuard(file: CompactFile, memory: GuardMemory): SignGuard {
  return {
    whole: true,
    fault: null,
    get lastVote() {
      return memory.votes.at(-1) ?? null
    },
    get lastBatch() {
      return memory.batch
    },
    guardVote(position, message, sign, log) {
      const before = memory.votes.find((vote) => compareVotes(vote.position, position) === 0)
      if (before !== undefined && before.message === message) return before.signature
      const last = memory.votes.at(-1)
      if (last !== undefined && compareVotes(position, last.position) <= 0) throw refused(position, last.position)
      const { epoch, incarnation, height, round, step } = position
      const signed = { position: { epoch, incarnation, height, round, step }, message, signature: sign(message) }
      const vote: SignedVote = log === undefined ? signed : { ...signed, log }
      // First to memory: should the file be written anew just now, this vote must be among the survivors.
      keepVote(memory, vote)
      file.append(JSON.stringify(vote))
      return vote.signature
    },
    guardBatch(position, message, sign) {
      const last = memory.batch
      if (last !== null) {
        const order = compareBatches(position, last.position)
        if (order === 0 && last.message === message) return last.signature
        if (order <= 0) throw refused(position, last.position)
      }
      const { epoch, incarnation, sequence } = position
      const batch = { position: { epoch, incarnation, sequence }, message, signature: sign(message) }
      memory.batch = batch
      file.append(JSON.stringify(batch))
      return batch.signature
    },
    sync: () => file.sync(),
    close: () => file.close()
  }
}

/** What stands in the place of a guard that is lost: it is not whole, and signs nothing. */
export function lostGuard(fault: LedgerError): SignGuard {
  const refuse = (): never => {
    throw new LedgerError(
      'SIGN_REFUSED',
      `nothing is signed without a whole sign guard; rejoin first. ${fault.message}`,
      {},
      fault
    )
  }
  return {
    whole: false,
    fault,
    lastVote: null,
    lastBatch: null,
    guardVote: refuse,
    guardBatch: refuse,
    sync: async () => refuse(),
    close: async () => {}
  }
}

function refused(wanted: VotePosition | BatchPosition, last: VotePosition | BatchPosition): LedgerError {
  const message = `refused to sign at ${positionText(wanted)}: something else was signed at ${positionText(last)}`
  return new LedgerError('SIGN_REFUSED', message, { wanted, last })
}

function positionText(position: VotePosition | BatchPosition): string {
  return Object.entries(position)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function sameHeight(a: VotePosition, b: VotePosition): boolean {
  return a.epoch === b.epoch && a.incarnation === b.incarnation && a.height === b.height
}

/** Negative, 0 or positive, as for sorting. */
export function compareVotes(a: VotePosition, b: VotePosition): number {
  return (
    a.epoch - b.epoch ||
    a.incarnation - b.incarnation ||
    a.height - b.height ||
    a.round - b.round ||
    STEPS.indexOf(a.step) - STEPS.indexOf(b.step)
  )
}

/** Negative, 0 or positive, as for sorting. */
export function compareBatches(a: BatchPosition, b: BatchPosition): number {
  return a.epoch - b.epoch || a.incarnation - b.incarnation || a.sequence - b.sequence
}
