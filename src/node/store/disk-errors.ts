import { LedgerError } from '../../base/errors.js'

/** What the operating system says when there is no room or it refuses to write, as errno names and as LevelDB's words. */
const REFUSED_CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS']
const REFUSED_WORDS = /No space left|quota exceeded|File too large|Read-only file system/i

/** Said of a database, iterator or snapshot that was used after closing. */
const CLOSED_CODE = /^LEVEL_\w+_NOT_OPEN$/

/**
 * The error to throw when writing failed. Whatever the reason, what is on the disk now is unknown: the caller must not
 * write again before it has opened the file anew.
 * @param what the file or store that was written to
 */
export function writeError(what: string, cause: unknown): LedgerError {
  if (cause instanceof LedgerError) return cause
  const { code, message } = described(cause)
  const full = REFUSED_CODES.includes(code) || REFUSED_WORDS.test(message)
  const advice = full ? 'make room, then start the node again' : 'check the disk, then start the node again'
  return new LedgerError('DISK_FULL', `cannot write to ${what}: ${message}; ${advice}`, { what, code }, cause)
}

/**
 * The error to throw when the database could not be opened or read.
 * @param what what was to be read, such as `block 12 header`
 */
export function readError(what: string, cause: unknown): LedgerError {
  if (cause instanceof LedgerError) return cause
  const { code, message } = described(cause)
  if (typeof code === 'string' && CLOSED_CODE.test(code))
    return new LedgerError('CLOSED', 'the store is closed', {}, cause)
  if (code === 'LEVEL_LOCKED') {
    return new LedgerError('HOME_LOCKED', `another process uses ${what}; stop it first`, { what }, cause)
  }
  // LevelDB writes while it opens, so a full disk shows here too.
  if (REFUSED_CODES.includes(code) || REFUSED_WORDS.test(message)) return writeError(what, cause)
  return damaged(what, message, cause)
}

/** What is left to a partner whose log or guard is lost, when there is nobody to rejoin. */
export const ALONE =
  'nobody else has this chain, so put the file back as it was when this node stopped last; an older one does not do'

/** STORE_DAMAGED with the words that every reader of it needs. */
export function damaged(what: string, why: string, cause?: unknown): LedgerError {
  const message = `${what} is damaged (${why}); restore a backup or fetch the copy again: ledger-node start --resync`
  return new LedgerError('STORE_DAMAGED', message, { what, why }, cause)
}

function described(cause: unknown): { code: unknown; message: string } {
  // abstract-level wraps what failed while opening; the reason is in the cause.
  const inner = cause instanceof Error && isOpenFailure(cause) && cause.cause instanceof Error ? cause.cause : cause
  if (!(inner instanceof Error)) return { code: undefined, message: String(inner) }
  return { code: 'code' in inner ? inner.code : undefined, message: inner.message }
}

function isOpenFailure(error: Error): boolean {
  return 'code' in error && error.code === 'LEVEL_DATABASE_NOT_OPEN'
}
