import { LedgerError } from '../../base/errors.js'
import type { Logger } from '../log.js'
import { startDeadline } from './deadline.js'
import { addressOf } from './dial-address.js'
import { asError } from './exchange.js'
import { type Host, startHost } from './host.js'
import type { JoinAnswer, JoinRequest, PeerAddress } from './join-messages.js'
import { askToJoin } from './join-protocol.js'

export interface AskAtAddressesOptions {
  readonly genesis: string
  /** Whom to ask, in turn. */
  readonly bootstrap: readonly PeerAddress[]
  readonly request: JoinRequest
  /** The joiner's private key. */
  readonly seed: Uint8Array
  readonly log: Logger
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

const DIAL_MS_MAX = 10_000

/** Reasons of one partner that another may not have. */
const PASSING = ['BUSY', 'NO_QUORUM', 'CLOSED', 'NODE_UNREACHABLE', 'INTERNAL', 'MALFORMED', 'TOO_LARGE']

/**
 * Asks partners to be let in, one after another, from a host that only dials them and lives as long as this call.
 * @throws LedgerError of the last one when none gave an answer; whatever `signal` aborts with
 */
export async function askAtAddresses(options: AskAtAddressesOptions): Promise<JoinAnswer> {
  const { bootstrap, seed, log, signal } = options
  const keys = new Set(bootstrap.map((peer) => peer.key))
  const host = await startHost({
    seed,
    listen: [],
    announce: [],
    isPartner: (key) => keys.has(key),
    log,
    ...(signal === undefined ? {} : { signal })
  })
  try {
    let last = new LedgerError('NODE_UNREACHABLE', 'the invitation names nobody who can be asked')
    for (const peer of bootstrap) {
      try {
        const answer = await askPeer(host, peer, options)
        if (answer.type !== 'refused' || !PASSING.includes(answer.code)) return answer
        last = new LedgerError(answer.code, `${peer.partner}: ${answer.message}`)
      } catch (error) {
        if (signal?.aborted || !(error instanceof LedgerError)) throw error
        last = error
      }
      log.info('asked to join', { partner: peer.partner, answer: last.message })
    }
    throw last
  } finally {
    await host.close()
  }
}

async function askPeer(host: Host, peer: PeerAddress, options: AskAtAddressesOptions): Promise<JoinAnswer> {
  const { genesis, request, timeoutMs, signal } = options
  const addresses = peer.addresses.flatMap((address) => addressOf(address, peer.key) ?? [])
  if (addresses.length === 0) throw unreachable(peer, 'it has no address')
  const deadline = startDeadline(DIAL_MS_MAX, () => new Error('no connection in time'), signal)
  try {
    const connection = await host.libp2p.dial(addresses, { signal: deadline.signal })
    return await askToJoin(connection, genesis, request, signal === undefined ? { timeoutMs } : { timeoutMs, signal })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw error instanceof LedgerError ? error : unreachable(peer, asError(error).message, error)
  } finally {
    deadline.done()
  }
}

function unreachable({ partner, addresses }: PeerAddress, why: string, cause?: unknown): LedgerError {
  return new LedgerError('NODE_UNREACHABLE', `${partner} cannot be reached: ${why}`, { partner, addresses }, cause)
}
