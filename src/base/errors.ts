import type { Translations } from './languages.js'

/**
 * One registry of every code this software refuses or fails with. Codes are stable and never reused; messages are free.
 * `exit` is the exit code of the command line, `http` the status of the API, `meaning` the sentence in docs/errors.md.
 */
export const ERROR_CODES = {
  // Refusals of a record
  MALFORMED: { exit: 3, http: 422, meaning: 'The input is not well-formed JSON of the kind that can be kept.' },
  TOO_LARGE: { exit: 3, http: 413, meaning: 'The record, line, batch or message is over its limit.' },
  SCHEMA: { exit: 3, http: 422, meaning: "A field does not match the object's schema." },
  NOT_PERMITTED: { exit: 4, http: 403, meaning: "The partner's role has no right to do this." },
  UNKNOWN_OBJECT: { exit: 7, http: 404, meaning: 'The network file declares no object of this name.' },
  REFERENCE_MISSING: { exit: 3, http: 422, meaning: 'The record refers to a record that does not exist.' },
  RULE_BROKEN: { exit: 3, http: 422, meaning: 'A rule of the object answered no, or a limit of it is reached.' },
  RULE_ERROR: { exit: 3, http: 422, meaning: 'A rule could not be evaluated for this record.' },
  DUPLICATE: {
    exit: 3,
    http: 409,
    meaning:
      'This partner wrote a record with this unique value before, or another thing has values that no two may share.'
  },
  NO_QUORUM: {
    exit: 5,
    http: 503,
    meaning: 'No quorum committed the record in time; it is stored and may still commit.'
  },
  // Everything else
  TOO_FEW_ALIVE: {
    exit: 1,
    http: 409,
    meaning: 'After this change too few voters would be connected to commit anything; it can be forced.'
  },
  TOO_FEW_SUPPORT: {
    exit: 1,
    http: 409,
    meaning: 'Too few voters run software that supports this version to commit anything under it; it can be forced.'
  },
  VERSION_TOO_LOW: {
    exit: 1,
    http: 409,
    meaning: 'The network is at a version that does not have this yet; its partners can raise it.'
  },
  VERSION_UNKNOWN: {
    exit: 1,
    http: 503,
    meaning: 'The network is of a version or engine that this software does not know: install a newer build.'
  },
  USAGE: { exit: 2, http: 400, meaning: 'The command or request was not understood.' },
  NETWORK_FILE: { exit: 2, http: 422, meaning: 'The network file has mistakes.' },
  NOT_FOUND: { exit: 7, http: 404, meaning: 'Nothing of this name, key, id or height exists.' },
  NOT_FOUNDED: { exit: 1, http: 409, meaning: 'The home holds no network yet.' },
  ALREADY_FOUNDED: { exit: 1, http: 409, meaning: 'The home already belongs to another network.' },
  JOINING: { exit: 1, http: 503, meaning: 'The node is not admitted to its network yet and has nothing of it.' },
  NODE_UNREACHABLE: { exit: 1, http: 503, meaning: 'No node answers on the control socket of this home.' },
  HOME_LOCKED: { exit: 1, http: 409, meaning: 'Another process uses this home.' },
  HOME_PATH_TOO_LONG: { exit: 2, http: 400, meaning: 'The path of the home is too long for a Unix socket.' },
  KEY_CHANGED: { exit: 1, http: 503, meaning: 'The next key of this node is in force: it starts again with it.' },
  EPOCH_CHANGED: { exit: 1, http: 503, meaning: 'A recovery has begun a new epoch: the node starts again in it.' },
  KEY_FILE: { exit: 1, http: 500, meaning: 'The key file is missing, damaged or readable by others.' },
  PASSPHRASE_NEEDED: {
    exit: 1,
    http: 500,
    meaning: 'The key is locked with a passphrase, or shall be, and there is none that can be used.'
  },
  PASSPHRASE_WRONG: { exit: 4, http: 500, meaning: 'The passphrase does not open the key.' },
  BACKUP: { exit: 1, http: 500, meaning: 'A backup cannot be made so, is damaged, or does not fit this home.' },
  ADDRESS_IN_USE: { exit: 1, http: 500, meaning: 'A listening address or port is taken.' },
  CONFIG: { exit: 2, http: 400, meaning: 'The node configuration has a mistake.' },
  STORE_FORMAT: {
    exit: 1,
    http: 500,
    meaning: 'The store was written by another version of this software, and this one cannot read it.'
  },
  STORE_DAMAGED: { exit: 1, http: 500, meaning: 'The store holds a value that is not what was written.' },
  LOG_DAMAGED: { exit: 1, http: 500, meaning: 'The write-ahead log or the sign guard is damaged before its end.' },
  DISK_FULL: { exit: 1, http: 507, meaning: 'The disk is full or refuses to write.' },
  SIGN_REFUSED: { exit: 1, http: 500, meaning: 'Signing this would contradict something signed before.' },
  VERIFICATION_FAILED: {
    exit: 6,
    http: 500,
    meaning: 'A block, record, signature or receipt is not what it claims to be.'
  },
  LIMIT_EXCEEDED: { exit: 1, http: 413, meaning: 'A limit of this software was exceeded.' },
  INVARIANT: { exit: 1, http: 500, meaning: 'The software found itself in a state that must not exist, and stopped.' },
  CLOSED: { exit: 1, http: 503, meaning: 'The node is stopping or has stopped.' },
  BUSY: { exit: 1, http: 503, meaning: 'Too much is waiting; try again later.' },
  INTERNAL: { exit: 1, http: 500, meaning: 'Something unforeseen failed; the log has more.' }
} as const satisfies Record<string, { exit: number; http: number; meaning: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/** An error with a stable code. `details` are typed by the thrower and safe to print as JSON. */
export class LedgerError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  /** Of a refusal. */
  readonly blame: Blame

  constructor(
    code: ErrorCode,
    message: string,
    details: Record<string, unknown> = {},
    cause?: unknown,
    blame: Blame = {}
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LedgerError'
    this.code = code
    this.details = details
    this.blame = blame
  }
}

/** Which field or rule a refusal is about, and what would have been right. */
export type Blame = Pick<Refusal, 'path' | 'rule' | 'expected'>

/** That part of a refusal. */
export function blameOf({ path, rule, expected }: Blame): Blame {
  return {
    ...(path === undefined ? {} : { path }),
    ...(rule === undefined ? {} : { rule }),
    ...(expected === undefined ? {} : { expected })
  }
}

/** Why an input from outside was not taken: a value, never an exception. */
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
  /** The message in each language that it has, where it has several; {@link message} is one of them. */
  readonly messages?: Translations
  /** JSON Pointer (RFC 6901) into the record's data, when one field is to blame. */
  readonly path?: string
  /** Id of the rule that said no. */
  readonly rule?: string
  /** What would have kept the rule, such as `record.odometer >= 46427`; for people. */
  readonly expected?: string
  readonly details?: Readonly<Record<string, unknown>>
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

export function accept<T>(value: T): Outcome<T> {
  return { ok: true, value }
}

export function refuse(code: ErrorCode, message: string, more: Omit<Refusal, 'code' | 'message'> = {}): Outcome<never> {
  return { ok: false, refusal: { code, message, ...more } }
}

/** Stops on a broken invariant: a fault of this software, never of its input. */
export function assertInvariant(holds: boolean, message: string): asserts holds {
  if (!holds) throw new LedgerError('INVARIANT', message)
}
