import { mkdir } from 'node:fs/promises'
import { LedgerError } from '../base/errors.js'
import type { Token } from './invitation.js'
import { prepareHome, requestJoin } from './join.js'
import type { NodeStatus } from './ledger-node.js'
import type { Logger } from './log.js'
import { pause } from './network/deadline.js'
import { isRetryable, startJoinHost } from './network/join-client.js'
import type { JoinAnswer } from './network/join-messages.js'
import { ownKeyOf } from './own-key.js'
import { timeText } from './record-view.js'
import { lockHome } from './store/home-lock.js'

/** Pauses between two rounds of asking, in milliseconds. */
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000

export interface JoiningOptions {
  readonly home: string
  readonly token: Token
  /** Multiaddrs to listen on, each with its port. */
  readonly listen: readonly string[]
  /** Multiaddrs to be told to others instead of those listened on. @default none */
  readonly announce?: readonly string[]
  readonly log: Logger
  /** Ends the asking. */
  readonly signal: AbortSignal
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** What a node is until a partner has admitted it: a key, a listener, and a question asked again and again. */
export interface Joining {
  /** Own partner id, as the invitation has it. */
  readonly partner: string
  /** Multiaddrs it listens on; each ends in `/p2p/ID`. */
  addresses(): readonly string[]
  /** What the invitation tells, and why it does not move on. */
  status(): NodeStatus
  /** The error for whatever needs the network's data. */
  refusal(): LedgerError
  /**
   * Asks until a partner has admitted this node, makes the home one of the network, and stops listening, so that the
   * node of the home can. To be called once.
   * @throws LedgerError NOT_PERMITTED when the invitation is used, expired, revoked or of another network; those of
   * prepareHome; whatever the signal aborts with
   */
  admitted(): Promise<void>
  /** Stops listening and unlocks the home. May be called twice. */
  close(): Promise<void>
}

/**
 * Begins to join: locks the empty home, makes its key where there is none, and listens. The key is kept, so that whoever
 * was interrupted, at whatever moment, is the same joiner when it begins again.
 * @throws LedgerError HOME_LOCKED, KEY_FILE, DISK_FULL, ADDRESS_IN_USE, CONFIG
 */
export async function openJoining(options: JoiningOptions): Promise<Joining> {
  const { home, token, listen, announce = [], log, signal, now = Date.now } = options
  const { invitation, bootstrap } = token
  await mkdir(home, { recursive: true, mode: 0o700 })
  const lock = await lockHome(home)
  const { seed, host } = await ownKeyOf(home)
    .then(async ({ seed }) => ({ seed, host: await startJoinHost({ seed, bootstrap, listen, announce, log, signal }) }))
    .catch(async (error) => {
      await lock.release()
      throw error
    })
  const since = now()
  let why: string | null = null
  let closed: Promise<void> | null = null

  /** @returns null when nobody gave an answer for good; `why` is known then */
  async function ask(): Promise<JoinAnswer | null> {
    // Its own, and not what the line says: an address of all interfaces names none of them.
    const addresses = host.addresses()
    const answer = await requestJoin({ token, seed, addresses, log, signal, host }).catch((error: unknown) => {
      if (signal.aborted || !(error instanceof LedgerError)) throw error
      return error
    })
    if (answer instanceof LedgerError) {
      if (!isRetryable(answer.code)) throw refused(answer.message)
      why = answer.message
      return null
    }
    if (answer.type === 'refused') throw refused(answer.message)
    if (answer.type === 'admitted') return answer
    why = 'a partner took the invitation, and no block has the admission yet: the network may lack its quorum'
    return null
  }

  async function untilAdmitted(): Promise<JoinAnswer> {
    for (let wait = RETRY_MS_MIN; ; wait = Math.min(2 * wait, RETRY_MS_MAX)) {
      signal.throwIfAborted()
      const answer = await ask()
      if (answer !== null) return answer
      log.warn('not admitted yet; asking again', { network: token.title, why, inMs: wait })
      await pause(wait, signal)
    }
  }

  function close(): Promise<void> {
    closed ??= host.close().finally(() => lock.release())
    return closed
  }

  return {
    partner: invitation.partner,
    addresses: host.listening,
    status: () => statusOf(token, why === null ? null : { since: timeText(since), why: why + expiry(token, now()) }),
    refusal() {
      const message = `this node is not admitted to '${token.title}' yet${why === null ? '' : `: ${why}`}`
      return new LedgerError('JOINING', message, { partner: invitation.partner, genesis: token.genesis })
    },
    async admitted() {
      const answer = await untilAdmitted()
      why = null
      await close()
      await prepareHome({ home, token, answer })
      log.info('joined', { network: token.title, partner: invitation.partner })
    },
    close
  }
}

/** At height 0 head and state are those of the genesis, whose hash the invitation has; its content comes later. */
function statusOf({ epoch, genesis, title, invitation }: Token, stalled: NodeStatus['stalled']): NodeStatus {
  return {
    network: title,
    genesis,
    epoch,
    recoveries: [],
    partner: { id: invitation.partner, state: 'joining', role: invitation.role },
    height: 0,
    head: genesis,
    stateHash: genesis,
    partners: [],
    quorum: { rule: '', needed: 0, online: 0 },
    mempool: { batches: 0, records: 0 },
    strangers: { seen: 0, hungUp: 0, last: null, refused: 0 },
    syncing: true,
    stalled
  }
}

/** Only a partner decides whether an invitation holds: this machine's clock may be wrong, or it was used in time. */
function expiry({ invitation }: Token, now: number): string {
  if (now < invitation.expires) return ''
  return `; the invitation expired at ${timeText(invitation.expires)} by the clock of this machine`
}

function refused(message: string): LedgerError {
  return new LedgerError('NOT_PERMITTED', message, { remedy: 'ask the partner who invited you for a new invitation' })
}
