import { LedgerError } from '../base/errors.js'
import type { Logger } from './log.js'
import { ALONE } from './store/disk-errors.js'
import { putAside } from './store/put-aside.js'
import { type GuardOwner, openGuard, type SignGuard } from './store/sign-guard.js'
import { createWriteAheadLog, type LogEntry, openWriteAheadLog, type WriteAheadLog } from './store/write-ahead-log.js'

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
  const { guardPath, logPath, owner, fromHeight, canRejoin, log } = options
  const logOptions = { path: logPath, genesis: owner.genesis }
  try {
    const { log: wal, entries } = await openWriteAheadLog(logOptions, fromHeight)
    return { guard: await openGuard(guardPath, owner), wal, entries }
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'LOG_DAMAGED') throw error
    if (!canRejoin) throw new LedgerError(error.code, `${error.message}; ${ALONE}`, error.details, error)
    log.warn('the write-ahead log is lost: this node rejoins with a new incarnation', { error })
    for (const path of [guardPath, logPath]) await putAside(path)
    const wal = await createWriteAheadLog(logOptions)
    return { guard: await openGuard(guardPath, owner), wal, entries: [] }
  }
}
