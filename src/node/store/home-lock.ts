import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { LedgerError } from '../../base/errors.js'
import { writeError } from './disk-errors.js'

export interface HomeLock {
  release(): Promise<void>
}

/**
 * Takes the lock of a home, so that one process uses it. The lock is one of the operating system, which ends with the
 * process however it ends: no file can be left behind that locks a home for ever. Node has no call for such locks, but
 * LevelDB has: an empty database, `HOME/lock`, serves as the lock.
 * @throws LedgerError HOME_LOCKED when another process, or this one, holds it; DISK_FULL
 */
export async function lockHome(home: string): Promise<HomeLock> {
  const path = join(home, 'lock')
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw writeError(path, error)
  }
  try {
    return await openLock(path)
  } catch (error) {
    if (openFailureCode(error) === 'LEVEL_LOCKED') throw homeLocked(home, error)
    // Damaged, perhaps: there is nothing in it to lose, and nobody else has it, for the lock comes before all reading.
    return renewLock(home, path)
  }
}

async function openLock(path: string): Promise<HomeLock> {
  const database = new ClassicLevel(path, { writeBufferSize: 64 * 1024, cacheSize: 0 })
  await database.open()
  return { release: () => database.close() }
}

async function renewLock(home: string, path: string): Promise<HomeLock> {
  try {
    await ClassicLevel.destroy(path)
    return await openLock(path)
  } catch (error) {
    if (openFailureCode(error) === 'LEVEL_LOCKED') throw homeLocked(home, error)
    throw writeError(path, error)
  }
}

function homeLocked(home: string, cause: unknown): LedgerError {
  const message = `another process uses ${home}: stop its ledger-node first, or ask that one through its socket`
  return new LedgerError('HOME_LOCKED', message, { home }, cause)
}

/** abstract-level puts the reason why a database did not open into the cause. */
function openFailureCode(error: unknown): unknown {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return reason instanceof Error && 'code' in reason ? reason.code : undefined
}
