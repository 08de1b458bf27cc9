import { ERROR_CODES, type ErrorCode, LedgerError } from '../base/errors.js'
import { blameText, plain } from './text.js'

/** Exit codes of the programs. Where several apply to one run, the first of this list that does: 2, 1, 4, 5, 3. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  notPermitted: 4,
  noQuorum: 5,
  verificationFailed: 6,
  notFound: 7
} as const

const PRECEDENCE: readonly number[] = [
  EXIT.usage,
  EXIT.failed,
  EXIT.notPermitted,
  EXIT.noQuorum,
  EXIT.refused,
  EXIT.verificationFailed,
  EXIT.notFound
]

/** The exit code of a run to which all of these apply; 0 when none does. */
export function exitCodeOfAll(codes: Iterable<number>): number {
  const all = new Set(codes)
  return PRECEDENCE.find((code) => all.has(code)) ?? EXIT.done
}

/** What to do about it, where the message does not say it already. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  JOINING: 'ledger status tells what it waits for; run the command again once it is admitted',
  NODE_UNREACHABLE: 'start the node with: ledger-node start; or name its home with --home',
  NOT_FOUNDED:
    'found a network with: ledger-node init --network FILE --partner ID --role ROLE; or join one with: ledger-node start --invite TOKEN',
  ALREADY_FOUNDED: 'leave --network, --partner and --role out to start what is there, or choose another --home',
  HOME_PATH_TOO_LONG: 'choose a home with a shorter path with --home',
  KEY_FILE: 'it must be the key this partner was admitted with, in a file of mode 0600',
  PASSPHRASE_NEEDED:
    'run it in a terminal, or name a file of mode 0600 that has it: --passphrase-file FILE, or passphraseFile in config.yaml',
  PASSPHRASE_WRONG: 'nothing was opened; a passphrase that is lost cannot be found out: restore a backup of the key',
  STORE_FORMAT: 'install the version of this software that wrote it, or a newer one',
  STORE_DAMAGED: 'nothing was signed with it; keep a copy of the home and look at the disk before anything else',
  LOG_DAMAGED: 'nothing was signed with it; keep a copy of the home and look at the disk before anything else',
  SIGN_REFUSED: 'another copy of this home may be running; nothing was signed',
  CLOSED: 'run the command again once the node is up',
  BUSY: 'run the command again in a moment',
  INVARIANT: 'this is a fault of the software: please report it, with the log at --log-level debug',
  INTERNAL: 'run it again with --log-level debug to see where it happened'
}

/** What a failure looks like: one or two lines, code first, then what to do; at debug also where it came from. */
export function describeFailure(thrown: unknown, debug: boolean): string {
  const error = asLedgerError(thrown)
  const remedy = typeof error.details.remedy === 'string' ? error.details.remedy : REMEDIES[error.code]
  // A network file may have many mistakes; each is told, with what to do about it.
  const message = error.code === 'NETWORK_FILE' ? error.message.split('\n').map(plain).join('\n') : plain(error.message)
  const blame = blameText(error.message, error.blame)
  const lines = [`${error.code}: ${message}${blame}`, ...(remedy === undefined ? [] : [remedy])]
  return `${[...lines, ...(debug ? stacksOf(thrown) : [])].join('\n')}\n`
}

export function exitCodeOf(thrown: unknown): number {
  return ERROR_CODES[asLedgerError(thrown).code].exit
}

/** A mistake of the command line. */
export function usage(message: string, remedy?: string): LedgerError {
  return new LedgerError('USAGE', message, remedy === undefined ? {} : { remedy })
}

function asLedgerError(thrown: unknown): LedgerError {
  if (thrown instanceof LedgerError) return thrown
  return new LedgerError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown))
}

function stacksOf(thrown: unknown): string[] {
  if (!(thrown instanceof Error)) return []
  const own = thrown.stack ?? thrown.message
  return thrown.cause === undefined ? [own] : [own, ...stacksOf(thrown.cause).map((text) => `caused by ${text}`)]
}
