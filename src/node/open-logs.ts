import { LedgerError } from '../base/errors.js'
import type { Logger } from './log.js'
import { ALONE } from './store/disk-errors.js'
import { putAside } from './store/put-aside.js'
import { type GuardOwner, openGuard, type SignGuard } from './store/sign-guard.js'
import {
  createWriteAheadLog,
  type LogEntry,
  type LogStretch,
  openWriteAheadLog,
  type WriteAheadLog
} from './store/write-ahead-log.js'

export interface OpenLogsOptions {
  readonly guardPath: string
  readonly logPath: string
  readonly owner: GuardOwner
  /** Entries of the log below this height are left out. */
  readonly fromHeight: number
  /** Whether others have a copy of the chain, so that this node can rejoin. */
  readonly canRejoin: boolean
  readonly log: Logger
}

export interface OpenedLogs {
  readonly guard: SignGuard
  readonly wal: WriteAheadLog
  readonly entries: readonly LogEntry[]
}

/**
 * Opens the sign guard and the write-ahead log. Without a whole log a node does not know what it has locked, whatever the
 * guard says: where others have the chain it begins a new log, puts the guard aside and rejoins.
 * @throws LedgerError LOG_DAMAGED when the log is lost or damaged and nobody else has the chain
 */
export async function openLogs(options: OpenLogsOptions): Promise<OpenedLogs> {
  const { guardPath, logPath, owner, canRejoin, log } = options
  try {
    return await openBoth(options)
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'LOG_DAMAGED') throw error
    if (!canRejoin) throw new LedgerError(error.code, `${error.message}; ${ALONE}`, error.details, error)
    log.warn('the write-ahead log is lost: this node rejoins with a new incarnation', { error })
    for (const path of [guardPath, logPath]) await putAside(path)
    const wal = await createWriteAheadLog({ path: logPath, genesis: owner.genesis })
    return { guard: await openGuard(guardPath, owner), wal, entries: [] }
  }
}

async function openBoth({ guardPath, logPath, owner, fromHeight }: OpenLogsOptions): Promise<OpenedLogs> {
  const { log: wal, entries } = await openWriteAheadLog({ path: logPath, genesis: owner.genesis }, fromHeight)
  const guard = await openGuard(guardPath, owner)
  if (!isCutOff(wal.stretch, guard, fromHeight)) return { guard, wal, entries }
  await wal.close()
  await guard.close()
  const message = `${logPath} lacks its end or its beginning: the sign guard knows of more`
  throw new LedgerError('LOG_DAMAGED', message, { path: logPath, found: wal.stretch, expected: guard.lastVote?.log })
}

/**
 * Whether a log that is whole in itself lacks what led to the newest vote: cut at the end of an entry it looks like one of
 * which nothing more was ever written. The guard hears of a vote only once the log of it is durable, so no crash explains
 * that. What led to votes for blocks that are committed here counts for nothing any more.
 * @param fromHeight the height after the tip
 */
export function isCutOff({ from, to }: LogStretch, { lastVote }: SignGuard, fromHeight: number): boolean {
  if (lastVote?.log === undefined || lastVote.position.height < fromHeight) return false
  return lastVote.log.from < from || lastVote.log.to > to
}
