import { mkdir } from 'node:fs/promises'
import { LedgerError } from '../base/errors.js'
import type { Token } from './invitation.js'
import { prepareHome, requestJoin } from './join.js'
import type { NodeStatus } from './ledger-node.js'
import type { Logger } from './log.js'
import { pause } from './network/deadline.js'
import { isRetryable, startJoinHost } from './network/join-client.js'
import type { BallotProgress, JoinAnswer } from './network/join-messages.js'
import { type KeyAccess, ownKeyOf } from './own-key.js'
import { timeText } from './record-view.js'
import { lockHome } from './store/home-lock.js'

/** Pauses between two rounds of asking, in milliseconds. */
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000

/** Pause while the partners vote: somebody may wait at the screen for the last of them. */
const BALLOT_MS = 5_000

export interface JoiningOptions extends KeyAccess {
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
 * @throws LedgerError HOME_LOCKED, KEY_FILE, PASSPHRASE_NEEDED, PASSPHRASE_WRONG, DISK_FULL, ADDRESS_IN_USE, CONFIG
 */
export async function openJoining(options: JoiningOptions): Promise<Joining> {
  const { home, token, listen, announce = [], log, signal, now = Date.now } = options
  const { invitation, bootstrap } = token
  await mkdir(home, { recursive: true, mode: 0o700 })
  const lock = await lockHome(home)
  const { seed, host } = await ownKeyOf(home, options)
    .then(async ({ seed }) => ({ seed, host: await startJoinHost({ seed, bootstrap, listen, announce, log, signal }) }))
    .catch(async (error) => {
      await lock.release()
      throw error
    })
  const since = now()
  let why: string | null = null
  let ballot: BallotProgress | null = null
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
      ballot = null
      return null
    }
    if (answer.type === 'refused') throw refused(answer.message)
    if (answer.type === 'admitted') return answer
    ballot = answer.type === 'waiting' ? answer : null
    if (ballot !== null) {
      why = ballotText(ballot)
      return null
    }
    why = 'a partner took the invitation, and no block has the admission yet: the network may lack its quorum'
    return null
  }

  async function untilAdmitted(): Promise<JoinAnswer> {
    for (let wait = RETRY_MS_MIN; ; wait = Math.min(2 * wait, RETRY_MS_MAX)) {
      signal.throwIfAborted()
      const before = why
      const answer = await ask()
      if (answer !== null) return answer
      if (ballot !== null) wait = BALLOT_MS
      // A ballot takes days: only what is new of it is told.
      if (ballot === null || why !== before) {
        log.warn('not admitted yet; asking again', { network: token.title, why, inMs: wait })
      }
      await pause(wait, signal)
    }
  }

  function stalled(): NodeStatus['stalled'] {
    if (why === null) return null
    const told = { since: timeText(since), why: ballot === null ? why + expiry(token, now()) : why }
    if (ballot === null) return told
    const todo = 'ask those who have not voted to do so: ledger vote; this node goes on by itself'
    return { ...told, causes: [{ code: 'ballot', why, todo }] }
  }

  function close(): Promise<void> {
    closed ??= host.close().finally(() => lock.release())
    return closed
  }

  return {
    partner: invitation.partner,
    addresses: host.listening,
    status: () => statusOf(token, stalled()),
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

function ballotText({ proposal, yes, no, needed, waiting, expires }: BallotProgress): string {
  const against = no === 0 ? '' : `, ${no} no`
  const missing = waiting.length === 0 ? '' : `; not yet: ${waiting.join(', ')}`
  return `admission is proposal ${proposal}: ${yes} of ${needed} yes${against}${missing}; open until ${timeText(expires)}`
}

function refused(message: string): LedgerError {
  return new LedgerError('NOT_PERMITTED', message, { remedy: 'ask the partner who invited you for a new invitation' })
}
