import { type ErrorCode, LedgerError } from '../../base/errors.js'
import type { Logger } from '../log.js'
import { startDeadline } from './deadline.js'
import { addressOf } from './dial-address.js'
import { asError } from './exchange.js'
import type { Connection } from './frames.js'
import { type Host, startHost } from './host.js'
import type { JoinAnswer, JoinRequest, PeerAddress } from './join-messages.js'
import { askToJoin } from './join-protocol.js'

export interface JoinHostOptions {
  /** The joiner's private key. */
  readonly seed: Uint8Array
  /** Whom to ask, in turn; nobody else is connected with. */
  readonly bootstrap: readonly PeerAddress[]
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  /** Multiaddrs told to others instead of those listened on. */
  readonly announce: readonly string[]
  readonly log: Logger
  readonly signal?: AbortSignal
}

export interface AskAtAddressesOptions {
  readonly genesis: string
  /** Whom to ask, in turn. */
  readonly bootstrap: readonly PeerAddress[]
  readonly request: JoinRequest
  readonly log: Logger
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

const DIAL_MS_MAX = 10_000
const HANG_UP_MS_MAX = 1_000

/** Reasons of one partner that another may not have. */
const PASSING = ['BUSY', 'NO_QUORUM', 'CLOSED', 'NODE_UNREACHABLE', 'INTERNAL', 'MALFORMED', 'TOO_LARGE', 'DISK_FULL']

/** Reasons that the same partner may not have in a while. */
const RETRYABLE: readonly ErrorCode[] = ['NODE_UNREACHABLE', 'BUSY', 'CLOSED', 'NO_QUORUM', 'INTERNAL', 'DISK_FULL']

/** Whether it makes sense to ask again after this error of {@link askAtAddresses}. */
export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE.includes(code)
}

/**
 * Starts the libp2p node of one who is joining: it knows the partners of the invitation and offers no protocol.
 * @throws LedgerError ADDRESS_IN_USE, CONFIG
 */
export function startJoinHost({ bootstrap, ...options }: JoinHostOptions): Promise<Host> {
  const keys = new Set(bootstrap.map((peer) => peer.key))
  return startHost({ ...options, isPartner: (key) => keys.has(key) })
}

/**
 * Asks partners to be let in, one after another, and hangs up on each.
 * @returns the first answer of a partner; one of them being busy is none
 * @throws LedgerError naming all of them when none gave an answer: NOT_PERMITTED when each of them speaks of another
 * network, else the code of one, a passing one if there is; whatever `signal` aborts with
 */
export async function askAtAddresses(host: Host, options: AskAtAddressesOptions): Promise<JoinAnswer> {
  const { bootstrap, log, signal } = options
  const failures: LedgerError[] = []
  for (const peer of bootstrap) {
    try {
      const answer = await askPeer(host, peer, options)
      if (answer.type !== 'refused' || !PASSING.includes(answer.code)) return answer
      failures.push(new LedgerError(answer.code, `${peer.partner}: ${answer.message}`))
    } catch (error) {
      if (signal?.aborted || !(error instanceof LedgerError)) throw error
      failures.push(error)
    }
    log.info('asked to join', { partner: peer.partner, answer: failures.at(-1)?.message })
  }
  throw failureOf(failures, bootstrap)
}

function failureOf(failures: readonly LedgerError[], bootstrap: readonly PeerAddress[]): LedgerError {
  const all = failures.map(({ message }) => message).join('; ')
  const answered = failures.filter(({ code }) => code !== 'NODE_UNREACHABLE')
  if (answered.length === 0) {
    const asked = bootstrap.map(({ partner }) => partner).join(', ')
    const message =
      failures.length === 0 ? 'the invitation names nobody who can be asked' : `nobody of ${asked} answered: ${all}`
    return new LedgerError('NODE_UNREACHABLE', message)
  }
  const failure = [...answered, ...failures].find(({ code }) => isRetryable(code)) ?? answered[0]
  return new LedgerError(failure!.code, all, {}, failure)
}

async function askPeer(host: Host, peer: PeerAddress, options: AskAtAddressesOptions): Promise<JoinAnswer> {
  const { genesis, request, timeoutMs, signal } = options
  const addresses = peer.addresses.flatMap((address) => addressOf(address, peer.key) ?? [])
  if (addresses.length === 0) throw unreachable(peer, 'it has no address')
  const deadline = startDeadline(DIAL_MS_MAX, () => new Error('no connection in time'), signal)
  let connection: Connection | undefined
  try {
    connection = await host.libp2p.dial(addresses, { signal: deadline.signal })
    return await askToJoin(connection, genesis, request, signal === undefined ? { timeoutMs } : { timeoutMs, signal })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (isForeign(error)) throw foreign(peer, error)
    if (!(error instanceof LedgerError)) throw unreachable(peer, reasonOf(error), error)
    throw new LedgerError(error.code, `${peer.partner}: ${error.message}`, error.details, error)
  } finally {
    deadline.done()
    if (connection !== undefined) await hangUp(connection)
  }
}

/** A stranger's connection left open takes a place at the partner. */
async function hangUp(connection: Connection): Promise<void> {
  const deadline = startDeadline(HANG_UP_MS_MAX, () => new Error('not closed in time'))
  await connection.close({ signal: deadline.signal }).catch((error: unknown) => connection.abort(asError(error)))
  deadline.done()
}

/** Protocols are named after the network: whoever proves its key and does not speak this one is in another. */
function isForeign(error: unknown): boolean {
  return error instanceof LedgerError && asError(error.cause).name === 'UnsupportedProtocolError'
}

function foreign({ partner }: PeerAddress, cause: unknown): LedgerError {
  const message = `${partner} answered, and is not of the network that the invitation is for`
  return new LedgerError('NOT_PERMITTED', message, { partner }, cause)
}

function unreachable({ partner, addresses }: PeerAddress, why: string, cause?: unknown): LedgerError {
  return new LedgerError('NODE_UNREACHABLE', `${partner} cannot be reached: ${why}`, { partner, addresses }, cause)
}

/** Dialling several addresses fails with one error for each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((one) => asError(one).message).join(', ')
  return asError(error).message
}
